import { averageRanks } from "../../../../foundation/base/ranks.js";
import type { Target } from "../../../../foundation/contracts/target.js";
import type { Cells } from "./cells.js";

/** The target of sampled rows, ready to be explained by many columns. */
export interface PreparedTarget {
  /** What each row shows, row-major `rows * width`: class indicators, or the rank of a number. */
  readonly outcomes: Float64Array;
  readonly width: number;
  readonly means: Float64Array;
  /** Positions in the sample of the rows with a target. */
  readonly positions: Int32Array;
  readonly folds: Uint8Array;
  /** Sum of squared differences from the mean. */
  readonly variation: number;
}

const FOLDS = 5;
const CLASS_LIMIT = 20;
/** With fewer rows a near-perfect column may be chance. */
const MINIMUM_ROWS = 30;
/** Rows of the overall mean that each cell's mean is mixed with. */
const PRIOR_ROWS = 1;

/** Undefined when fewer than 30 rows have a target, or all have the same. */
export function prepareTarget(target: Target, sample: Int32Array): PreparedTarget | undefined {
  const known = (row: number): boolean =>
    target.task === "regression" ? Number.isFinite(target.values[row]) : target.codes[row]! >= 0;
  const positions = Int32Array.from(sample.keys()).filter((position) => known(sample[position]!));
  if (positions.length < MINIMUM_ROWS) return undefined;
  const { outcomes, width } =
    target.task === "regression"
      ? { outcomes: averageRanks(Float64Array.from(positions, (p) => target.values[sample[p]!]!)), width: 1 }
      : classIndicators(Int32Array.from(positions, (p) => target.codes[sample[p]!]!));
  const means = meansOf(outcomes, width);
  let variation = 0;
  for (let i = 0; i < outcomes.length; i++) variation += (outcomes[i]! - means[i % width]!) ** 2;
  if (!(variation > 0)) return undefined;
  return { outcomes, width, means, positions, folds: foldsOf(positions), variation };
}

/** One column for each of the twenty commonest classes and one for the rest. */
function classIndicators(codes: Int32Array): { outcomes: Float64Array; width: number } {
  const counts = new Map<number, number>();
  for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1);
  const common = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, CLASS_LIMIT);
  const column = new Map(common.map(([code], index) => [code, index]));
  const width = common.length + (counts.size > common.length ? 1 : 0);
  const outcomes = new Float64Array(codes.length * width);
  for (const [i, code] of codes.entries()) outcomes[i * width + (column.get(code) ?? width - 1)] = 1;
  return { outcomes, width };
}

function meansOf(outcomes: Float64Array, width: number): Float64Array {
  const means = new Float64Array(width);
  for (let i = 0; i < outcomes.length; i++) means[i % width]! += outcomes[i]!;
  return means.map((sum) => sum / (outcomes.length / width));
}

/** Folds from a hash of the position, so that no periodic order of the rows lines up with them. */
function foldsOf(positions: Int32Array): Uint8Array {
  return Uint8Array.from(positions, (position) => {
    let mixed = Math.imul(position ^ (position >>> 15), 0x2c1b3c6d);
    mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
    return ((mixed ^ (mixed >>> 15)) >>> 0) % FOLDS;
  });
}

/**
 * How much one column alone tells about the target, on rows it was not fitted on: a cell predicts the mean
 * outcome of its rows in the other folds, and the result is the share of the target's variance this explains,
 * 0..1. For classes this is Goodman and Kruskal's tau, cross-validated; for numbers it uses ranks, so any
 * monotone transform of the target counts as much as the target itself. Being cross-validated it does not
 * grow with the number of cells: a column of unique values gives 0.
 */
export function explainedShare(cells: Cells, target: PreparedTarget): number {
  const { outcomes, width, means, positions, folds } = target;
  const stride = FOLDS * width;
  const sums = new Float64Array(cells.count * stride);
  const rows = new Float64Array(cells.count * FOLDS);
  for (let i = 0; i < positions.length; i++) {
    const cell = cells.codes[positions[i]!]!;
    rows[cell * FOLDS + folds[i]!]!++;
    for (let k = 0; k < width; k++) {
      sums[cell * stride + folds[i]! * width + k]! += outcomes[i * width + k]!;
    }
  }
  const predictions = heldOutMeans(sums, rows, means, cells.count);
  let error = 0;
  for (let i = 0; i < positions.length; i++) {
    const base = cells.codes[positions[i]!]! * stride + folds[i]! * width;
    for (let k = 0; k < width; k++) error += (outcomes[i * width + k]! - predictions[base + k]!) ** 2;
  }
  return Math.max(0, 1 - error / target.variation);
}

/** For each cell and fold, the mean of the other folds; same layout as `sums`. */
function heldOutMeans(
  sums: Float64Array,
  rows: Float64Array,
  means: Float64Array,
  cells: number,
): Float64Array {
  const width = means.length;
  const stride = FOLDS * width;
  const result = new Float64Array(sums.length);
  for (let cell = 0; cell < cells; cell++) {
    let cellRows = 0;
    for (let fold = 0; fold < FOLDS; fold++) cellRows += rows[cell * FOLDS + fold]!;
    for (let k = 0; k < width; k++) {
      let cellSum = 0;
      for (let fold = 0; fold < FOLDS; fold++) cellSum += sums[cell * stride + fold * width + k]!;
      for (let fold = 0; fold < FOLDS; fold++) {
        const index = cell * stride + fold * width + k;
        const others = cellRows - rows[cell * FOLDS + fold]!;
        result[index] = (cellSum - sums[index]! + PRIOR_ROWS * means[k]!) / (others + PRIOR_ROWS);
      }
    }
  }
  return result;
}
