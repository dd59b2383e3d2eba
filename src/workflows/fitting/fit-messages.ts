import type { TransformMap } from "../../capabilities/features/index.js";
import { QuernError, type SerializedError } from "../../foundation/base/errors.js";
import type { Sha256 } from "../../foundation/base/hash.js";
import type { LogLevel } from "../../foundation/base/logger.js";
import type { ProgressEvent, WorkContext } from "../../foundation/contracts/extension.js";
import type { Predictions } from "../../foundation/contracts/target.js";
import type { FitDiagnostics, Trainer, TrainingContext } from "../../foundation/contracts/trainer.js";
import type { ModuleHashes } from "../project/extensions.js";

/** One model to fit. A plain value (base/packing): it crosses to worker processes. */
export interface FitTask {
  /** Id among the registered trainers and the project's own. */
  readonly trainer: string;
  /** Resolved: every default filled in. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Blob with the packed learning material: frame, target, weights, folds. */
  readonly material: Sha256;
  /** The held-out fold, or `all` for a fit on every row. */
  readonly fold: number | "all";
  readonly maxIterations?: number;
  /** Blob with what is learned from beside the material. */
  readonly supplement?: Sha256;
}

/** What a fit leaves behind, as a plain value. Holds nothing that depends on time: its bytes are compared. */
export interface FittedModel {
  readonly state: unknown;
  /** Of the fold's rows, in their order; null for a fit on every row. */
  readonly heldOut: Predictions | null;
  readonly diagnostics: FitDiagnostics;
}

export interface FitOutcome extends FittedModel {
  /** Of the fit when it was done, not of the look-up. */
  readonly seconds: number;
}

/** What became of a fit: the packed `FittedModel` is in the store as blob `output`. */
export interface ComputedFit {
  readonly output: Sha256;
  readonly seconds: number;
  /** Iterations after which it ended for its time limit: it is the fit of a task with that `maxIterations`. */
  readonly endedAfter?: number;
}

/** What all fits of a pool share, as plain data. */
export interface FitWork {
  /** Folder of the store that has the materials. */
  readonly store: string;
  readonly seed: number;
  /** The project's own modules, read from `folder`, by what they hold. */
  readonly extensions: ModuleHashes;
  readonly folder: string;
}

export interface FitContext
  extends Omit<WorkContext, "random">,
    Pick<TrainingContext, "checkpoints" | "cacheFolder" | "timeLimit"> {
  readonly seed: number;
  readonly trainer: Trainer;
  /** All there are, the project's own included. */
  readonly transforms: TransformMap;
}

/** Does the fitting; the pools decide where. Its result depends on the task, the material and the seed alone. */
export interface FitExecutor {
  /** Part of every fit's key: raised whenever the same task would give another result. */
  readonly version: number;
  /**
   * `material` and `supplement` are the unpacked blobs; the same objects for every fit of a process that finds
   * them in memory.
   */
  fit(task: FitTask, material: unknown, context: FitContext, supplement?: unknown): Promise<FittedModel>;
}

/** Parent to worker; one fit at a time. */
export type FitRequest =
  | { readonly kind: "open"; readonly work: FitWork }
  | { readonly kind: "fit"; readonly id: number; readonly task: FitTask; readonly limitSeconds?: number }
  | { readonly kind: "abort"; readonly id: number }
  | { readonly kind: "close" };

/** Worker to parent. Anything it says is a sign of life. */
export type FitReply =
  | { readonly kind: "alive" }
  | { readonly kind: "progress"; readonly event: ProgressEvent }
  | {
      readonly kind: "log";
      readonly level: LogLevel;
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: "fitted"; readonly id: number; readonly fit: ComputedFit }
  | { readonly kind: "failed"; readonly id: number; readonly failure: FitFailure };

/** An error as data: with a code where it has one, otherwise a bug with its stack. */
export type FitFailure =
  | { readonly error: SerializedError }
  | { readonly message: string; readonly stack: string };

export function describeFailure(failure: unknown): FitFailure {
  if (QuernError.is(failure)) {
    const { code, message, hint, details } = failure;
    return { error: { code, message, hint, details: plain(details) } };
  }
  const error = failure instanceof Error ? failure : new Error(String(failure));
  return { message: error.message, stack: error.stack ?? "" };
}

export function restoreFailure(failure: FitFailure): Error {
  if ("error" in failure) return QuernError.fromJSON(failure.error);
  const bug = new Error(failure.message);
  bug.stack = failure.stack;
  return bug;
}

/** What is no JSON (functions, class instances) would break the channel. */
export const plain = (fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  JSON.parse(JSON.stringify(fields));
