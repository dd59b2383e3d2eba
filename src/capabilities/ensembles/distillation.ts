/**
 * Rows from which any trainer that follows sample weights learns what a teacher says (Hinton, Vinyals and Dean,
 * Distilling the knowledge in a neural network, 2015), without a loss of its own for soft targets.
 */
import type {
  ClassTarget,
  Predictions,
  RegressionTarget,
  Target,
} from "../../foundation/contracts/target.js";

export interface DistillationOptions {
  /** Share of the teacher in what is learned, 0..1; the rest is the true target. Default 0.8. */
  readonly teacherShare?: number;
  /** Classes that get less of a row than this are left out, the others take their part. Default 0.01. */
  readonly leastShare?: number;
  /** One a row; absent: all 1. */
  readonly weights?: Float64Array;
}

export interface DistillationRows {
  /** Rows of the original data, ascending, repeated where several classes share a row: take the features by it. */
  readonly rows: Int32Array;
  readonly target: Target;
  /** Those of one original row sum to its weight. */
  readonly weights: Float64Array;
}

/**
 * Classes: each row once for every class that the teacher or the truth gives a share of it, weighted by that share;
 * the weighted log loss over them is the cross-entropy to the soft target. Values: one row each, the teacher's value
 * and the true one mixed. The teacher's predictions should be out-of-fold: on rows it learned from it is too sure.
 */
export function distillationRows(
  target: Target,
  teacher: Predictions,
  options: DistillationOptions = {},
): DistillationRows {
  const teacherShare = options.teacherShare ?? 0.8;
  return target.task === "regression"
    ? mixedValues(target, teacher.values, teacherShare, options.weights)
    : softClasses(target, teacher.values, teacherShare, options);
}

function mixedValues(
  target: RegressionTarget,
  teacher: Float64Array,
  share: number,
  weights: Float64Array | undefined,
): DistillationRows {
  const values = target.values.map((value, row) => share * teacher[row]! + (1 - share) * value);
  return {
    rows: Int32Array.from(values.keys()),
    target: { ...target, values },
    weights: weights ?? new Float64Array(values.length).fill(1),
  };
}

function softClasses(
  target: ClassTarget,
  teacher: Float64Array,
  teacherShare: number,
  { leastShare = 0.01, weights }: DistillationOptions,
): DistillationRows {
  const classes = target.classes.length;
  const rows: number[] = [];
  const codes: number[] = [];
  const parts: number[] = [];
  for (const [row, code] of target.codes.entries()) {
    const shares = Array.from(
      teacher.subarray(row * classes, (row + 1) * classes),
      (probability, k) => teacherShare * probability + (k === code ? 1 - teacherShare : 0),
    );
    // The greatest share is at least 1 / classes: some class always stays.
    const least = Math.min(leastShare, Math.max(...shares));
    const kept = shares.reduce((sum, share) => sum + (share >= least ? share : 0), 0);
    for (const [k, share] of shares.entries()) {
      if (share < least || share === 0) continue;
      rows.push(row);
      codes.push(k);
      parts.push(((weights ? weights[row]! : 1) * share) / kept);
    }
  }
  return {
    rows: Int32Array.from(rows),
    target: { ...target, codes: Int32Array.from(codes) },
    weights: Float64Array.from(parts),
  };
}
