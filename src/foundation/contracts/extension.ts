import { z } from "zod";
import type { Clock } from "../base/clock.js";
import type { Logger } from "../base/logger.js";
import type { Random } from "../base/random.js";
import type { ActiveWhen, ChoiceValue } from "./search-space.js";

/**
 * What a config field tells its faces (CLI help, YAML editors, forms, the search space), registered beside
 * the field with `.register(fields, {...})`. Defaults and ranges come from the Zod type itself.
 */
export interface FieldMetadata {
  title: string;
  help?: string;
  /** SI or plain words: "rows", "iterations", "ms". */
  unit?: string;
  /** The range worth searching. Absent: not tuned. */
  tune?: (
    | { low: number; high: number; scale?: "linear" | "log"; integer?: boolean }
    | { choices: readonly ChoiceValue[] }
  ) & {
    /** Searched only where each named field of the same config has one of these values. */
    when?: ActiveWhen;
    /** The value that makes a fit cheap, where a local search begins; by default the field's own default. */
    lowCost?: ChoiceValue;
  };
  [key: string]: unknown;
}
export const fields = z.registry<FieldMetadata>();

/** Common to every extension kind. */
export interface Extension<Config extends z.ZodObject = z.ZodObject> {
  /** Kebab-case, unique within its kind. */
  readonly id: string;
  /** Raised whenever the same config and data would give other results; part of every cache key. */
  readonly version: number;
  /** One line for lists and help. */
  readonly summary: string;
  /** Strict; every field has a default, so that `{}` is a valid config. */
  readonly config: Config;
}

/** Everything ambient, passed in. */
export interface WorkContext {
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly logger: Logger;
  /** At most this many threads, at least 1; never changes a result. */
  readonly threads: number;
  /** Progress of long work; cheap, may be called often. */
  report(event: ProgressEvent): void;
}

export interface ProgressEvent {
  /** What is going on: "bin", "boost", "fit". */
  readonly stage: string;
  /** Units of work, 0..total. */
  readonly done: number;
  readonly total: number;
  /** Current values worth showing: { validationLoss: 0.31 }. */
  readonly values?: Readonly<Record<string, number>>;
}
