/** Normal equations of a design matrix whose columns are centred and scaled on the fly, in blocks. */
import type { ColumnMoments, Design } from "./design.js";
import { accumulateGram, mirrorUpper } from "./gram.js";
import type { Checkpoint } from "./pace.js";

const BLOCK_ROWS = 128;

export interface NormalEquations {
  /** Z' W Z, row-major `width * width`, where Z = (X - mean) / scale. */
  readonly gram: Float64Array;
  /** Z' W (y - mean y). */
  readonly right: Float64Array;
  /** (y - mean y)' W (y - mean y). */
  readonly targetSquares: number;
}

export async function normalEquations(
  design: Design,
  { mean, scale }: ColumnMoments,
  target: { readonly values: Float64Array; readonly mean: number },
  weights: Float64Array | undefined,
  checkpoint: Checkpoint,
): Promise<NormalEquations> {
  const { rows, width, values } = design;
  const gram = new Float64Array(width * width);
  const right = new Float64Array(width);
  let targetSquares = 0;
  for (let start = 0; start < rows; start += BLOCK_ROWS) {
    const length = Math.min(BLOCK_ROWS, rows - start);
    // Columns of the block, contiguous.
    const block = new Float64Array(width * length);
    for (let i = 0; i < length; i++) {
      const row = start + i;
      const root = weights ? Math.sqrt(weights[row]!) : 1;
      const residual = root * (target.values[row]! - target.mean);
      targetSquares += residual * residual;
      for (let k = 0; k < width; k++) {
        const value = (root * (values[row * width + k]! - mean[k]!)) / scale[k]!;
        block[k * length + i] = value;
        right[k]! += value * residual;
      }
    }
    accumulateGram(block, width, length, gram);
    await checkpoint(start + length);
  }
  mirrorUpper(gram, width);
  return { gram, right, targetSquares };
}

/** (X - mean)(X - mean)' between rows, each row times the root of its weight; row-major `rows * rows`. */
export async function rowGram(
  design: Design,
  mean: Float64Array,
  weights: Float64Array | undefined,
  checkpoint: Checkpoint,
): Promise<Float64Array> {
  const { rows, width, values } = design;
  const gram = new Float64Array(rows * rows);
  for (let start = 0; start < width; start += BLOCK_ROWS) {
    const length = Math.min(BLOCK_ROWS, width - start);
    const block = new Float64Array(rows * length);
    for (let row = 0; row < rows; row++) {
      const root = weights ? Math.sqrt(weights[row]!) : 1;
      for (let k = 0; k < length; k++) {
        block[row * length + k] = root * (values[row * width + start + k]! - mean[start + k]!);
      }
    }
    accumulateGram(block, rows, length, gram);
    await checkpoint(start + length);
  }
  mirrorUpper(gram, rows);
  return gram;
}
