/**
 * What Quern remembers: datasets, runs, cached steps, models and the links between them (metadata), and the
 * bytes they are made of (blobs, named by their SHA-256). Engine-neutral: SQLite and files implement it for one
 * host, PostgreSQL and S3 for many. An acknowledged write survives a crash of the process and of the machine.
 */
import { z } from "zod";
import type { SerializedError } from "../base/errors.js";
import type { Sha256 } from "../base/hash.js";
import type { Deployment, DeploymentChange } from "./deployment.js";
import type { Document } from "./document.js";
import type { ProgressEvent } from "./extension.js";
import type { LabelQueue } from "./label-queue.js";
import type { MonitoringStore } from "./monitoring-store.js";
import type { AliasChange, Approval, ChangeEvidence, Gates } from "./registry.js";

/** Newest first. `after` is the `next` of the page before. */
export interface PageRequest {
  /** 1..1000, default 50. */
  readonly limit?: number;
  readonly after?: string;
}
export interface Page<T> {
  readonly items: readonly T[];
  /** Absent on the last page. */
  readonly next?: string;
}

// ---- blobs ---------------------------------------------------------------------------------------------------

export interface BlobStore {
  /** Stores bytes durably; storing the same bytes twice costs nothing. @throws QuernError DISK_FULL */
  put(bytes: Uint8Array): Promise<Sha256>;
  /** Copies a file of any size in, without holding it in memory; the source stays untouched. */
  putFile(path: string): Promise<{ readonly hash: Sha256; readonly bytes: number }>;
  /** @throws QuernError STORE_DAMAGED when the blob is missing or its bytes do not have this hash. */
  get(hash: Sha256): Promise<Uint8Array>;
  /** A verified local file with these bytes, for engines that read files themselves. Never write to it. */
  localFile(hash: Sha256): Promise<string>;
  verify(hash: Sha256): Promise<"ok" | "missing" | "damaged">;
}

// ---- datasets ------------------------------------------------------------------------------------------------

export const datasetSummarySchema = z.strictObject({
  /** SHA-256 of schema and content: the version. */
  id: z.string(),
  name: z.string(),
  rows: z.number().int(),
  columns: z.number().int(),
  createdAt: z.number().describe("epoch milliseconds"),
});
export type DatasetSummary = z.infer<typeof datasetSummarySchema>;

export interface Dataset extends DatasetSummary {
  /** The dataset document: schema, source, profile; whoever writes it owns its form. */
  readonly document: Document;
  /** The blobs it is made of, by role ("table", "profile", …). */
  readonly blobs: Readonly<Record<string, Sha256>>;
}

export interface StoredSplit {
  /** SHA-256 of dataset, config and assignment. */
  readonly id: Sha256;
  readonly dataset: Sha256;
  readonly config: Document;
  /** The packed assignment of rows. */
  readonly blob: Sha256;
  readonly createdAt: number;
}

/** Who opened the test rows of a split, when and what for. Opened twice is a fact worth showing. */
export interface TestOpening {
  readonly split: Sha256;
  readonly run: string;
  readonly purpose: string;
  readonly openedAt: number;
}

export interface DatasetStore {
  /** Adding the same id again returns the first record: versions are immutable. */
  add(dataset: Omit<Dataset, "createdAt">): Promise<Dataset>;
  /** By id, a unique prefix of it (at least 6 digits) or the newest of that name. @throws DATASET_NOT_FOUND */
  get(reference: string): Promise<Dataset>;
  list(page?: PageRequest & { readonly name?: string }): Promise<Page<DatasetSummary>>;
  addSplit(split: Omit<StoredSplit, "createdAt">): Promise<StoredSplit>;
  /** Oldest first. */
  splits(dataset: Sha256): Promise<readonly StoredSplit[]>;
  /** Records the opening of the test rows; returns all openings of that split, the new one last. */
  openTest(opening: Omit<TestOpening, "openedAt">): Promise<readonly TestOpening[]>;
}

// ---- runs ----------------------------------------------------------------------------------------------------

export const RUN_STATES = ["running", "done", "failed", "interrupted"] as const;
export type RunState = (typeof RUN_STATES)[number];

export const runSummarySchema = z.strictObject({
  id: z.string(),
  /** The verb: "train", "evaluate". */
  kind: z.string(),
  name: z.string(),
  state: z.enum(RUN_STATES),
  seed: z.number().int(),
  dataset: z.string().nullable(),
  stage: z.string().nullable(),
  stageDone: z.number().nullable(),
  stageTotal: z.number().nullable(),
  metric: z.string().nullable(),
  value: z.number().nullable(),
  startedAt: z.number().describe("epoch milliseconds"),
  finishedAt: z.number().nullable(),
});
export type RunSummary = z.infer<typeof runSummarySchema>;

export interface Run extends RunSummary {
  /** The resolved config. */
  readonly config: Document;
  readonly result: Document | null;
  readonly error: SerializedError | null;
  readonly owner: string;
}

/** `waiting` for a process, `running` in one, or ended: with a value, without one because it was hopeless, or by a failure. */
export const TRIAL_STATES = ["waiting", "running", "done", "pruned", "failed"] as const;
export type TrialState = (typeof TRIAL_STATES)[number];

/** What a curve of a study needs: small, so that ten thousand are read at once. */
export interface TrialPoint {
  /** 0-based, unique in its run. */
  readonly number: number;
  readonly trainer: string;
  readonly state: TrialState;
  /** Of the metric that ranks the leaderboard; null when there is none (yet). */
  readonly value: number | null;
  /** Of work, 0 before it began. */
  readonly seconds: number;
}

/** One configuration of a study, that is of the run that searches. */
export interface Trial extends TrialPoint {
  /** The value after each step (fold, rung), by which hopeless trials are ended early. Absent: none. */
  readonly intermediate?: readonly (readonly [step: number, value: number])[];
  /** Config, further metrics, why it failed. */
  readonly document: Document;
}

/**
 * The right of one process to work on one trial, kept alive by a heartbeat. When the process dies the trial waits
 * again; when the trial was taken away in the meantime every write here throws LEASE_LOST.
 */
export interface TrialLease {
  readonly trial: Trial;
  /** The value after a step; a step reported again is replaced. */
  report(step: number, value: number): Promise<void>;
  finish(outcome: {
    readonly state: "done" | "pruned" | "failed";
    readonly value: number | null;
    readonly seconds: number;
    readonly document: Document;
  }): Promise<void>;
  /** Gives the trial back: it waits for another process. */
  release(): Promise<void>;
}

/**
 * The right to write to a run. It is a lease kept alive by a heartbeat: when the process dies the run is shown
 * as interrupted; when another process takes the run over, every write here throws LEASE_LOST.
 */
export interface RunLease {
  readonly id: string;
  /** Cheap; writes at most a few times a second. */
  report(event: ProgressEvent): Promise<void>;
  /**
   * Writes trials of any state at once, as they are proposed, started and finished. A number that exists already is
   * replaced, also one that another process works on. Those still running when this process ends or dies wait again.
   */
  addTrials(trials: readonly Trial[]): Promise<void>;
  finish(result: Document, headline?: { readonly metric: string; readonly value: number }): Promise<void>;
  fail(error: SerializedError): Promise<void>;
  interrupt(): Promise<void>;
}

export interface NewRun {
  readonly kind: string;
  readonly name: string;
  readonly config: Document;
  readonly seed: number;
  readonly dataset?: Sha256;
}

export interface RunStore {
  start(run: NewRun): Promise<RunLease>;
  /** Takes over an interrupted or failed run. @throws STORE_BUSY while its process lives, RUN_NOT_FOUND */
  resume(id: string): Promise<RunLease>;
  /** @throws QuernError RUN_NOT_FOUND */
  get(id: string): Promise<Run>;
  list(
    page?: PageRequest & { readonly kind?: string; readonly name?: string; readonly state?: RunState },
  ): Promise<Page<RunSummary>>;
  /** By number, beginning at `from` (default 0), at most `limit` (default all). */
  trials(id: string, range?: { readonly from?: number; readonly limit?: number }): Promise<readonly Trial[]>;
  /** All trials by number, without what they hold. */
  trialCurve(id: string): Promise<readonly TrialPoint[]>;
  /**
   * Takes up to `limit` waiting trials of a running run, lowest numbers first, for this process; also those whose
   * process died. No trial is given to two processes. @throws RUN_NOT_FOUND
   */
  claimTrials(id: string, limit: number): Promise<readonly TrialLease[]>;
}

// ---- steps ---------------------------------------------------------------------------------------------------

export interface StoredStep {
  readonly key: Sha256;
  readonly step: string;
  /** The packed output, and every further blob that output names. */
  readonly output: Sha256;
  readonly references: readonly Sha256[];
  /** How long the work took when it was done. */
  readonly seconds: number;
}

/** Finished steps only: failures are never recorded. */
export interface StepStore {
  /** A hit only if the output and all it references exist and verify. */
  find(key: Sha256): Promise<StoredStep | undefined>;
  /** The first to record a key wins; returns the record that holds. */
  record(step: StoredStep): Promise<StoredStep>;
}

// ---- models --------------------------------------------------------------------------------------------------

export const modelSummarySchema = z.strictObject({
  name: z.string(),
  /** 1, 2, 3, …; never used twice. */
  version: z.number().int().positive(),
  task: z.string(),
  metric: z.string().nullable(),
  value: z.number().nullable(),
  run: z.string().nullable(),
  createdAt: z.number().describe("epoch milliseconds"),
  aliases: z.array(z.string()),
});
export type ModelSummary = z.infer<typeof modelSummarySchema>;

export interface Model extends ModelSummary {
  readonly dataset: Sha256 | null;
  /** The bundle: relative file name to blob. */
  readonly files: Readonly<Record<string, Sha256>>;
  /** SHA-256 over names and hashes of the files. */
  readonly bundle: Sha256;
  readonly document: Document;
}

export interface NewModel {
  readonly name: string;
  /** From `reserveVersion`. */
  readonly version: number;
  readonly task: string;
  readonly metric?: string;
  readonly value?: number;
  readonly run?: string;
  readonly dataset?: Sha256;
  readonly document: Document;
  /** Folder of the bundle; its files are copied into the store. */
  readonly folder: string;
}

export interface ModelStore {
  /** The next version of a name, to be written into the bundle. Given out once: a failed run leaves a gap. */
  reserveVersion(name: string): Promise<number>;
  register(model: NewModel): Promise<Model>;
  /**
   * `name@3`, `name@champion`, or `name`: its champion if it has one, otherwise its newest version.
   * @throws QuernError MODEL_NOT_FOUND
   */
  get(reference: string): Promise<Model>;
  list(page?: PageRequest & { readonly name?: string }): Promise<Page<ModelSummary>>;
  /** A folder with the bundle's files, verified, made again from the blobs where needed. Never write to it. */
  folder(reference: string): Promise<string>;
  /** `version` null removes the alias. `evidence` is kept with the change. */
  setAlias(
    name: string,
    alias: string,
    version: number | null,
    reason: string,
    evidence?: ChangeEvidence,
  ): Promise<void>;
  /** Oldest first: what a rollback goes back through. */
  aliasHistory(name: string): Promise<readonly AliasChange[]>;
}

// ---- registry ------------------------------------------------------------------------------------------------

/** What decides which versions answer: gates and approvals of aliases, deployments of names. */
export interface RegistryStore {
  /** Nothing where none were set. */
  gates(name: string, alias: string): Promise<Gates | undefined>;
  /** @throws QuernError MODEL_NOT_FOUND */
  setGates(name: string, alias: string, gates: Gates): Promise<void>;
  /** Once for each approver; a second time changes nothing. @throws QuernError MODEL_NOT_FOUND */
  approve(name: string, approval: Omit<Approval, "approvedAt">): Promise<void>;
  /** Oldest first. */
  approvals(name: string, version: number, alias: string): Promise<readonly Approval[]>;
  /** The newest change; nothing where the name was never deployed. */
  deployment(name: string): Promise<DeploymentChange | undefined>;
  /** Oldest first. */
  deploymentHistory(name: string): Promise<readonly DeploymentChange[]>;
  /**
   * Null takes the deployment away. `expected` is the number of the change that the caller has seen.
   * @throws QuernError MODEL_NOT_FOUND, LEASE_LOST when another change came first
   */
  deploy(
    name: string,
    deployment: Deployment | null,
    reason: string,
    expected?: number,
  ): Promise<DeploymentChange>;
}

// ---- lineage -------------------------------------------------------------------------------------------------

/** `kind` is "dataset", "split", "run", "step", "model", "prediction", …; `id` names it within its kind. */
export interface LineageNode {
  readonly kind: string;
  readonly id: string;
}
/** `from` was made out of `to`: a model from a run, a run from a dataset. */
export interface LineageEdge {
  readonly from: LineageNode;
  readonly relation: string;
  readonly to: LineageNode;
}
export interface LineageStore {
  /** Adding an edge twice changes nothing. */
  add(edges: readonly LineageEdge[]): Promise<void>;
  /** Every edge reachable: towards the sources, or towards what came of them. */
  trace(node: LineageNode, direction: "sources" | "results"): Promise<readonly LineageEdge[]>;
}

// ---- the whole -----------------------------------------------------------------------------------------------

export const storeCheckSchema = z.strictObject({
  id: z.string(),
  ok: z.boolean(),
  message: z.string(),
  /** What a repair would do, or did. Absent: nothing to do, or not safe to do by machine. */
  repair: z.string().optional(),
  repaired: z.boolean().optional(),
});
export type StoreCheck = z.infer<typeof storeCheckSchema>;

export interface Store {
  /** Where it lives, for messages. */
  readonly location: string;
  readonly blobs: BlobStore;
  readonly datasets: DatasetStore;
  readonly runs: RunStore;
  readonly steps: StepStore;
  readonly models: ModelStore;
  readonly registry: RegistryStore;
  readonly lineage: LineageStore;
  readonly monitoring: MonitoringStore;
  readonly labels: LabelQueue;
  /** Verifies everything; with `repair`, mends what loses nothing. */
  doctor(options?: { readonly repair?: boolean }): Promise<readonly StoreCheck[]>;
  close(): Promise<void>;
}
