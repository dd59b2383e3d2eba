import { z } from "zod";

/** Grows by issue. */
export const TASK_TYPES = ["binary", "multiclass", "regression"] as const;
export type TaskType = (typeof TASK_TYPES)[number];
export const taskTypeSchema = z.enum(TASK_TYPES);

/** Binary: classes[0] is negative, classes[1] positive. */
export interface ClassTarget {
  readonly task: "binary" | "multiclass";
  /** Index in `classes`, never missing. */
  readonly codes: Int32Array;
  readonly classes: readonly string[];
}
/** In the target's own unit. */
export interface RegressionTarget {
  readonly task: "regression";
  /** Finite. */
  readonly values: Float64Array;
}
export type Target = ClassTarget | RegressionTarget;

/** Class probabilities, row-major `rows * classes`, each row summing to 1; or one number a row. */
export type Predictions =
  | { readonly kind: "probabilities"; readonly values: Float64Array; readonly classes: number }
  | { readonly kind: "values"; readonly values: Float64Array };

/** Number of rows. */
export function targetRows(target: Target): number {
  return target.task === "regression" ? target.values.length : target.codes.length;
}

/** The weights of the given rows, in the given order, to be spread into what takes weights; nothing without weights. */
export function takeWeights(
  weights: Float64Array | undefined,
  rows: ArrayLike<number>,
): { readonly weights?: Float64Array } {
  return weights ? { weights: Float64Array.from({ length: rows.length }, (_, i) => weights[rows[i]!]!) } : {};
}

/** Copies the given rows, in the given order; an index may repeat. Classes stay, also those that no row has. */
export function takeTarget(target: Target, rows: ArrayLike<number>): Target {
  if (target.task === "regression") {
    return {
      ...target,
      values: Float64Array.from({ length: rows.length }, (_, i) => target.values[rows[i]!]!),
    };
  }
  return { ...target, codes: Int32Array.from({ length: rows.length }, (_, i) => target.codes[rows[i]!]!) };
}
