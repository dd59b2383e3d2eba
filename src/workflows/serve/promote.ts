import { QuernError } from "../../foundation/base/errors.js";
import {
  type AliasChange,
  type Approval,
  type Gates,
  gatesSchema,
  type Promotion,
} from "../../foundation/contracts/registry.js";
import type { Store } from "../../foundation/contracts/store.js";
import { type WorkflowOptions, workflowContext } from "../context.js";
import { storeFolder, withStore } from "../locate-store.js";
import { judgeGates } from "./gates.js";

export interface PromoteRequest {
  /** `name@3` or `name@challenger`; a bare name is its newest version. */
  readonly model: string;
  /** Default `champion`. */
  readonly alias?: string;
  readonly reason: string;
  readonly actor?: string;
  /** Replaces the gates of the alias, for this and later promotions. */
  readonly gates?: Gates;
  /** Promotes although a gate is not met; the record says so. */
  readonly force?: boolean;
}

export interface RollbackRequest {
  readonly name: string;
  /** Default `champion`. */
  readonly alias?: string;
  readonly reason: string;
  readonly actor?: string;
}

export interface ApproveRequest {
  /** `name@3`. */
  readonly model: string;
  /** Default `champion`. */
  readonly alias?: string;
  readonly approver: string;
  readonly note?: string;
}

const CHAMPION = "champion";

/**
 * Lets an alias point to a version that passes the gates of the alias.
 * @throws QuernError GOAL_NOT_MET with every gate in its details, MODEL_NOT_FOUND
 */
export function promote(request: PromoteRequest, options: WorkflowOptions = {}): Promise<Promotion> {
  return withStore(storeFolder(options), workflowContext(options), (store) => promoteIn(store, request));
}

/** The same in a store that is open. */
export async function promoteIn(store: Store, request: PromoteRequest): Promise<Promotion> {
  const { alias = CHAMPION, reason, actor = "", force = false } = request;
  const model = await store.models.get(await versionReference(store, request.model));
  const { name, version } = model;
  const from = await versionBehind(store, name, alias);
  if (request.gates) await store.registry.setGates(name, alias, request.gates);
  const gates = request.gates ?? (await store.registry.gates(name, alias)) ?? gatesSchema.parse({});
  const results = await judgeGates(store, model, alias, gates);
  const missed = results.filter(({ met }) => !met);
  if (missed.length > 0 && !force) {
    const list = missed.map(
      ({ gate, subject, wanted, found }) =>
        `${[gate, subject].filter(Boolean).join(" ")}: wanted ${wanted}, found ${found}`,
    );
    throw new QuernError(
      "GOAL_NOT_MET",
      `${name}@${version} does not pass the gates of ${alias}: ${list.join("; ")}.`,
      {
        details: { name, version, alias, gates: results },
        hint: "Promote another version, change the gates, or force it with a reason.",
      },
    );
  }
  const forced = missed.length > 0;
  await store.models.setAlias(name, alias, version, reason, {
    kind: "promotion",
    actor,
    gates: [...results],
    forced,
  });
  return { name, alias, version, from, reason, gates: [...results], forced };
}

/**
 * Lets an alias point to the version it pointed to before the last promotion; several go back one by one.
 * @throws QuernError MODEL_NOT_FOUND when there is nothing to go back to
 */
export function rollback(request: RollbackRequest, options: WorkflowOptions = {}): Promise<Promotion> {
  return withStore(storeFolder(options), workflowContext(options), (store) => rollbackIn(store, request));
}

export async function rollbackIn(store: Store, request: RollbackRequest): Promise<Promotion> {
  const { name, alias = CHAMPION, reason, actor = "" } = request;
  const versions = versionsInOrder(await store.models.aliasHistory(name), alias);
  const [from, to] = [versions.at(-1), versions.at(-2)];
  if (from === undefined || to === undefined) {
    throw new QuernError("MODEL_NOT_FOUND", `The alias ${alias} of ${name} has no version to go back to.`, {
      details: { name, alias },
      hint: `\`quern models ${name} --history\` shows its changes.`,
    });
  }
  await store.models.setAlias(name, alias, to, reason, { kind: "rollback", actor, gates: [], forced: false });
  return { name, alias, version: to, from, reason, gates: [], forced: false };
}

/** The versions that an alias went through and that no rollback or removal has taken away; the current one last. */
function versionsInOrder(history: readonly AliasChange[], alias: string): number[] {
  const stack: number[] = [];
  for (const { alias: changed, to, evidence } of history) {
    if (changed !== alias) continue;
    if (to === null) stack.length = 0;
    else if (evidence?.kind === "rollback" && stack.includes(to)) stack.length = stack.lastIndexOf(to) + 1;
    else if (stack.at(-1) !== to) stack.push(to);
  }
  return stack;
}

export function approve(
  request: ApproveRequest,
  options: WorkflowOptions = {},
): Promise<readonly Approval[]> {
  return withStore(storeFolder(options), workflowContext(options), (store) => approveIn(store, request));
}

/** @returns all approvals of the version under the alias, oldest first */
export async function approveIn(store: Store, request: ApproveRequest): Promise<readonly Approval[]> {
  const { alias = CHAMPION, approver, note = "" } = request;
  const { name, version } = await store.models.get(request.model);
  await store.registry.approve(name, { version, alias, approver, note });
  return store.registry.approvals(name, version, alias);
}

/** Oldest first. */
export function aliasHistory(name: string, options: WorkflowOptions = {}): Promise<readonly AliasChange[]> {
  return withStore(storeFolder(options), workflowContext(options), (store) =>
    store.models.aliasHistory(name),
  );
}

/** A bare name means its newest version here: its champion is what is to be replaced. */
async function versionReference(store: Store, reference: string): Promise<string> {
  if (reference.includes("@")) return reference;
  const newest = (await store.models.list({ name: reference, limit: 1 })).items[0];
  return newest ? `${newest.name}@${newest.version}` : reference;
}

async function versionBehind(store: Store, name: string, alias: string): Promise<number | null> {
  try {
    return (await store.models.get(`${name}@${alias}`)).version;
  } catch (failure) {
    if (QuernError.is(failure) && failure.code === "MODEL_NOT_FOUND") return null;
    throw failure;
  }
}
