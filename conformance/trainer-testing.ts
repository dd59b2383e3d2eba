/** Small data and measures for the tests of one trainer. */
import { createFrame, type Frame } from "../src/foundation/contracts/frame.js";
import type { ClassTarget, Predictions, RegressionTarget } from "../src/foundation/contracts/target.js";
import type { Fitted } from "../src/foundation/contracts/trainer.js";
import { predictInGraph } from "./trainer-graph.js";

/** One number column for each position of the rows. */
export function frameOf(rows: readonly (readonly number[])[], names?: readonly string[]): Frame {
  const width = rows[0]?.length ?? 0;
  const columns = Array.from({ length: width }, (_, j) => {
    const values = Float32Array.from(rows, (row) => row[j]!);
    return [names?.[j] ?? `x${j}`, { kind: "number", values }] as const;
  });
  return createFrame(columns, rows.length);
}

export function classTarget(codes: readonly number[], classes: number): ClassTarget {
  return {
    task: classes === 2 ? "binary" : "multiclass",
    codes: Int32Array.from(codes),
    classes: Array.from({ length: classes }, (_, k) => `class${k}`),
  };
}

export function regressionTargetOf(values: ArrayLike<number>): RegressionTarget {
  return { task: "regression", values: Float64Array.from(values) };
}

/** Greatest difference between prediction and graph; relative to the magnitude above 1. */
export async function parityGap(fitted: Fitted, features: Frame): Promise<number> {
  const predicted = fitted.predict(features).values;
  return greatestDifference(predicted, await predictInGraph(fitted, features));
}

/** NaN where the lengths differ or a value is not a number. */
export function greatestDifference(expected: ArrayLike<number>, actual: ArrayLike<number>): number {
  if (expected.length !== actual.length) return Number.NaN;
  let greatest = 0;
  for (let i = 0; i < expected.length; i++) {
    const gap = Math.abs(expected[i]! - actual[i]!) / Math.max(1, Math.abs(expected[i]!));
    if (!(gap <= greatest)) greatest = gap;
  }
  return greatest;
}

/** The greatest distance of a row's sum from 1. */
export function rowSumGap(predictions: Predictions): number {
  if (predictions.kind === "values") return Number.NaN;
  let greatest = 0;
  for (let base = 0; base < predictions.values.length; base += predictions.classes) {
    let sum = 0;
    for (let k = 0; k < predictions.classes; k++) sum += predictions.values[base + k]!;
    greatest = Math.max(greatest, Math.abs(sum - 1));
  }
  return greatest;
}
