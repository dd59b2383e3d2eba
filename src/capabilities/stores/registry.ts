import type { Kysely, Selectable, Transaction } from "kysely";
import { QuernError } from "../../foundation/base/errors.js";
import type { Deployment, DeploymentChange } from "../../foundation/contracts/deployment.js";
import type { Approval, Gates } from "../../foundation/contracts/registry.js";
import type { RegistryStore } from "../../foundation/contracts/store.js";
import type { Backend } from "./backend.js";
import { fromJson, toJson } from "./documents.js";
import type { Tables } from "./tables.js";

/** Gates, approvals and deployments of model names: small records, each written in one transaction. */
export function createRegistry(backend: Backend): RegistryStore {
  const { db, clock } = backend;
  return {
    async gates(name, alias) {
      const query = db.selectFrom("gates").select("gatesJson").where("name", "=", name);
      const row = await query.where("alias", "=", alias).executeTakeFirst();
      return row && fromJson<Gates>(row.gatesJson, `gates of ${name}@${alias}`);
    },
    async setGates(name, alias, gates) {
      await checkName(db, name);
      const gatesJson = toJson(gates);
      await db
        .insertInto("gates")
        .values({ name, alias, gatesJson })
        .onConflict((conflict) => conflict.columns(["name", "alias"]).doUpdateSet({ gatesJson }))
        .execute();
    },
    async approve(name, approval) {
      const row = { name, ...approval, approvedAt: clock.now() };
      await checkVersion(db, name, approval.version);
      await db
        .insertInto("approvals")
        .values(row)
        .onConflict((conflict) => conflict.columns(["name", "version", "alias", "approver"]).doNothing())
        .execute();
    },
    approvals: (name, version, alias): Promise<readonly Approval[]> =>
      db
        .selectFrom("approvals")
        .select(["version", "alias", "approver", "note", "approvedAt"])
        .where("name", "=", name)
        .where("version", "=", version)
        .where("alias", "=", alias)
        .orderBy("approvedAt")
        .orderBy("approver")
        .execute(),
    async deployment(name) {
      const row = await newestChange(db, name);
      return row && toChange(name, row);
    },
    async deploymentHistory(name) {
      const rows = await db
        .selectFrom("deploymentChanges")
        .selectAll()
        .where("name", "=", name)
        .orderBy("number")
        .execute();
      return rows.map((row) => toChange(name, row));
    },
    deploy: (name, deployment, reason, expected) => deploy(backend, { name, deployment, reason, expected }),
  };
}

interface DeployRequest {
  readonly name: string;
  readonly deployment: Deployment | null;
  readonly reason: string;
  readonly expected: number | undefined;
}

async function deploy(
  { db, clock }: Backend,
  { name, deployment, reason, expected }: DeployRequest,
): Promise<DeploymentChange> {
  return db.transaction().execute(async (transaction) => {
    await checkName(transaction, name);
    const before = await newestChange(transaction, name);
    if (expected !== undefined && before?.number !== expected) {
      throw new QuernError("LEASE_LOST", `The deployment of ${name} was changed by somebody else.`, {
        details: { name, expected, found: before?.number },
        hint: "Look at the deployment as it is now, then decide again.",
      });
    }
    const row = {
      name,
      number: before ? before.number + 1 : 0,
      documentJson: toJson(deployment),
      reason,
      changedAt: clock.now(),
    };
    await transaction.insertInto("deploymentChanges").values(row).execute();
    return toChange(name, row);
  });
}

function newestChange(db: Kysely<Tables> | Transaction<Tables>, name: string) {
  const changes = db.selectFrom("deploymentChanges").selectAll().where("name", "=", name);
  return changes.orderBy("number", "desc").limit(1).executeTakeFirst();
}

function toChange(
  name: string,
  { number, documentJson, reason, changedAt }: Selectable<Tables["deploymentChanges"]>,
): DeploymentChange {
  const deployment = fromJson<Deployment | null>(documentJson, `deployment of ${name}`);
  return { number, deployment, reason, changedAt };
}

async function checkName(db: Kysely<Tables>, name: string): Promise<void> {
  const row = await db.selectFrom("models").select("name").where("name", "=", name).executeTakeFirst();
  if (!row)
    throw new QuernError("MODEL_NOT_FOUND", `There is no model ${JSON.stringify(name)}.`, {
      details: { name },
    });
}

async function checkVersion(db: Kysely<Tables>, name: string, version: number): Promise<void> {
  const rows = db.selectFrom("models").select("name").where("name", "=", name).where("version", "=", version);
  if (await rows.executeTakeFirst()) return;
  throw new QuernError("MODEL_NOT_FOUND", `Model ${JSON.stringify(name)} has no version ${version}.`, {
    details: { name, version },
  });
}
