import type { TaskType } from "../../../foundation/contracts/target.js";

export interface PlanLimits {
  /** Training rows. */
  readonly rows: number;
  readonly task: TaskType;
  /** Classes of the target; 1 for regression. */
  readonly classes: number;
  /** Memory for feature vectors of the training rows; default 256 MiB. */
  readonly bytes?: number;
  /** Whether a Chinese word segmenter is at hand (see `createTransforms`). */
  readonly segmenter?: boolean;
  /** The text of a `tokenizer.json` for networks that read; absent: one is trained for each text. */
  readonly tokenizer?: string;
  /** Text columns that networks read as one text, in this order. */
  readonly joined?: readonly string[];
}

const DEFAULT_BYTES = 256 * 2 ** 20;

/** How many float32 columns of the training rows fit in the memory for vectors. */
export function affordableWidth({ rows, bytes = DEFAULT_BYTES }: PlanLimits): number {
  return Math.floor(bytes / (4 * Math.max(1, rows)));
}
