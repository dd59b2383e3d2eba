import type { Kysely } from "kysely";
import { QuernError } from "../../foundation/base/errors.js";
import { hashValue } from "../../foundation/base/hash.js";
import type { ChangeEvidence } from "../../foundation/contracts/registry.js";
import type { Model, ModelStore, ModelSummary, NewModel } from "../../foundation/contracts/store.js";
import { type Backend, blobsUsed, useBlobs } from "./backend.js";
import { collectFolder, materialize } from "./bundle-folders.js";
import { fromJson, toJson } from "./documents.js";
import { pageLimit, parsePosition, toPage } from "./paging.js";
import type { Tables } from "./tables.js";

const SUMMARY = ["name", "version", "task", "metric", "value", "run", "createdAt"] as const;
/** Any script, but nothing that a path, a URL or `name@version` would read as its own. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,99}$/u;
const ALIAS = /^[a-z][a-z0-9-]{0,49}$/;
const CHAMPION = "champion";

export function createModels(backend: Backend): ModelStore {
  const { db } = backend;
  const get = async (reference: string): Promise<Model> => readModel(db, await resolveModel(db, reference));
  return {
    get,
    register: (model) => register(backend, model),
    list: (page = {}) => listModels(db, page),
    async folder(reference) {
      const model = await get(reference);
      return materialize(backend, model.bundle, model.files);
    },
    async reserveVersion(name) {
      if (!NAME.test(name)) throw invalidName("model name", name, "letters, digits, `.`, `_` and `-`");
      const row = await db
        .insertInto("modelNames")
        .values({ name, lastVersion: 1 })
        .onConflict((conflict) =>
          conflict.column("name").doUpdateSet((e) => ({ lastVersion: e("modelNames.lastVersion", "+", 1) })),
        )
        .returning("lastVersion")
        .executeTakeFirstOrThrow();
      return row.lastVersion;
    },
    setAlias: (name, alias, version, reason, evidence) =>
      setAlias(backend, { name, alias, version, reason, evidence }),
    async aliasHistory(name) {
      const rows = await db
        .selectFrom("aliasChanges")
        .select(["alias", "fromVersion as from", "toVersion as to", "reason", "changedAt", "evidenceJson"])
        .where("name", "=", name)
        .orderBy("number")
        .execute();
      return rows.map(({ evidenceJson, ...change }) => ({
        ...change,
        evidence: evidenceJson === null ? null : fromJson<ChangeEvidence>(evidenceJson, `aliases of ${name}`),
      }));
    },
  };
}

async function register(backend: Backend, model: NewModel): Promise<Model> {
  const { db, blobs, clock } = backend;
  const { name, version } = model;
  const files = await collectFolder(blobs, model.folder);
  await db.transaction().execute(async (transaction) => {
    const reserved = await transaction
      .selectFrom("modelNames")
      .select("lastVersion")
      .where("name", "=", name)
      .executeTakeFirst();
    if (!reserved || version > reserved.lastVersion || version < 1) {
      throw new Error(`Version ${version} of model ${name} was not reserved.`);
    }
    const row = {
      name,
      version,
      task: model.task,
      metric: model.metric ?? null,
      value: model.value ?? null,
      run: model.run ?? null,
      dataset: model.dataset ?? null,
      bundle: hashValue(files),
      documentJson: toJson(model.document),
      createdAt: clock.now(),
    };
    await transaction.insertInto("models").values(row).execute();
    await useBlobs(transaction, "model", `${name}@${version}`, files);
  });
  return readModel(db, { name, version });
}

interface ModelKey {
  readonly name: string;
  readonly version: number;
}

async function resolveModel(db: Kysely<Tables>, reference: string): Promise<ModelKey> {
  const [name = "", selector] = splitReference(reference);
  if (selector !== undefined && /^[1-9]\d{0,8}$/.test(selector)) return { name, version: Number(selector) };
  const alias = await db
    .selectFrom("aliases")
    .select("version")
    .where("name", "=", name)
    .where("alias", "=", selector ?? CHAMPION)
    .executeTakeFirst();
  if (alias) return { name, version: alias.version };
  const newest = await db
    .selectFrom("models")
    .select((e) => e.fn.max("version").as("version"))
    .where("name", "=", name)
    .executeTakeFirst();
  if (newest?.version == null) throw await unknownModel(db, name);
  if (selector === undefined) return { name, version: newest.version };
  throw new QuernError("MODEL_NOT_FOUND", `Model ${name} has no alias ${JSON.stringify(selector)}.`, {
    details: { name, alias: selector },
  });
}

function splitReference(reference: string): [string, string?] {
  const at = reference.lastIndexOf("@");
  return at < 0 ? [reference] : [reference.slice(0, at), reference.slice(at + 1)];
}

async function unknownModel(db: Kysely<Tables>, name: string): Promise<QuernError> {
  const rows = await db.selectFrom("models").select("name").distinct().orderBy("name").limit(20).execute();
  const known =
    rows.length > 0 ? `known models: ${rows.map((row) => row.name).join(", ")}` : "there are none yet";
  return new QuernError("MODEL_NOT_FOUND", `There is no model ${JSON.stringify(name)}; ${known}.`, {
    details: { name },
  });
}

async function readModel(db: Kysely<Tables>, { name, version }: ModelKey): Promise<Model> {
  const row = await db
    .selectFrom("models")
    .selectAll()
    .where("name", "=", name)
    .where("version", "=", version)
    .executeTakeFirst();
  if (!row) {
    throw new QuernError("MODEL_NOT_FOUND", `Model ${JSON.stringify(name)} has no version ${version}.`, {
      details: { name, version },
    });
  }
  const { documentJson, ...rest } = row;
  const reference = `${name}@${version}`;
  const [summary] = await withAliases(db, [rest]);
  return {
    ...rest,
    ...summary!,
    document: fromJson(documentJson, `model ${reference}`),
    files: await blobsUsed(db, "model", reference),
  };
}

async function listModels(db: Kysely<Tables>, page: Parameters<ModelStore["list"]>[0] & object) {
  const limit = pageLimit(page);
  const after = parsePosition(page);
  let query = db.selectFrom("models").select(SUMMARY);
  if (page.name !== undefined) query = query.where("name", "=", page.name);
  if (after) {
    const { name, version } = parseKey(after.id);
    query = query.where((e) =>
      e.or([
        e("createdAt", "<", after.time),
        e.and([e("createdAt", "=", after.time), e("name", "<", name)]),
        e.and([e("createdAt", "=", after.time), e("name", "=", name), e("version", "<", version)]),
      ]),
    );
  }
  const rows = await query
    .orderBy("createdAt", "desc")
    .orderBy("name", "desc")
    .orderBy("version", "desc")
    .limit(limit + 1)
    .execute();
  const { items, ...next } = toPage(rows, limit, ({ createdAt, name, version }) => ({
    time: createdAt,
    id: `${name}@${version}`,
  }));
  return { ...next, items: await withAliases(db, items) };
}

function parseKey(id: string): ModelKey {
  const [name, version] = splitReference(id);
  return { name, version: Number(version) };
}

async function withAliases<T extends ModelKey>(
  db: Kysely<Tables>,
  models: readonly T[],
): Promise<(T & Pick<ModelSummary, "aliases">)[]> {
  const names = [...new Set(models.map(({ name }) => name))];
  const rows =
    names.length === 0
      ? []
      : await db.selectFrom("aliases").selectAll().where("name", "in", names).orderBy("alias").execute();
  return models.map((model) => ({
    ...model,
    aliases: rows
      .filter(({ name, version }) => name === model.name && version === model.version)
      .map(({ alias }) => alias),
  }));
}

interface AliasRequest {
  readonly name: string;
  readonly alias: string;
  readonly version: number | null;
  readonly reason: string;
  readonly evidence: ChangeEvidence | undefined;
}

async function setAlias(
  { db, clock }: Backend,
  { name, alias, version, reason, evidence }: AliasRequest,
): Promise<void> {
  if (!ALIAS.test(alias)) throw invalidName("alias", alias, "lower-case letters, digits and `-`");
  await db.transaction().execute(async (transaction) => {
    if (version !== null) await readModel(transaction, { name, version });
    const existing = transaction.selectFrom("aliases").select("version").where("name", "=", name);
    const before = await existing.where("alias", "=", alias).executeTakeFirst();
    await transaction.deleteFrom("aliases").where("name", "=", name).where("alias", "=", alias).execute();
    if (version !== null) await transaction.insertInto("aliases").values({ name, alias, version }).execute();
    const { count } = await transaction
      .selectFrom("aliasChanges")
      .select((e) => e.fn.countAll<number>().as("count"))
      .where("name", "=", name)
      .executeTakeFirstOrThrow();
    await transaction
      .insertInto("aliasChanges")
      .values({
        name,
        number: count,
        alias,
        fromVersion: before?.version ?? null,
        toVersion: version,
        reason,
        changedAt: clock.now(),
        evidenceJson: evidence ? toJson(evidence) : null,
      })
      .execute();
  });
}

function invalidName(what: string, value: string, allowed: string): QuernError {
  return new QuernError("CONFIG_INVALID", `${JSON.stringify(value)} cannot be a ${what}.`, {
    details: { value },
    hint: `Use ${allowed}, and start with a letter or digit.`,
  });
}
