import type { Frame } from "../../foundation/contracts/frame.js";

/** A model on raw columns: float64 [rows][outputs] (probabilities of the classes, or one value). Pure. */
export interface PredictFrame {
  readonly outputs: number;
  readonly predict: (rows: Frame) => Promise<Float64Array>;
}

/** Rows given to a model in one call at most; bounds memory, and is enough for its speed. */
export const BATCH_ROWS = 4096;
