import type { ExplainedFeature } from "../../../foundation/contracts/explainer-asset.js";
import type { ExplanationBasis } from "../../../foundation/contracts/explanation.js";
import type { Frame } from "../../../foundation/contracts/frame.js";

/** Shapley values of raw columns for every output of a model. */
export interface Contributions {
  readonly rows: number;
  readonly outputs: number;
  /** float64 [outputs]: the mean score without knowledge of a row. */
  readonly base: Float64Array;
  /** float64 [rows][outputs][columns]. */
  readonly values: Float64Array;
  /** float64 [rows][outputs]: what base and values must add up to, computed apart from them. */
  readonly scores: Float64Array;
}

/** Explains rows of raw columns one after another; what it holds is prepared once. */
export interface RowExplainer {
  readonly basis: ExplanationBasis;
  /**
   * 1 or `classes`: of two classes one output speaks for the second, and its negative for the first.
   */
  readonly outputs: number;
  explain(rows: Frame): Promise<Contributions>;
}

/** Deals contributions of features out to the raw columns they are made of: [lines][features] to [lines][columns]. */
export function columnSums(
  values: Float64Array,
  features: readonly ExplainedFeature[],
  columns: readonly string[],
): Float64Array {
  const place = new Map(columns.map((name, k) => [name, k]));
  const targets = features.map((feature) => feature.columns.map((name) => place.get(name)!));
  const lines = features.length === 0 ? 0 : values.length / features.length;
  const sums = new Float64Array(lines * columns.length);
  for (let line = 0; line < lines; line++) {
    for (const [k, into] of targets.entries()) {
      const share = values[line * features.length + k]! / into.length;
      for (const column of into) sums[line * columns.length + column]! += share;
    }
  }
  return sums;
}

/** Raw columns in the order in which features name them first. */
export function columnsOf(features: readonly ExplainedFeature[]): string[] {
  return [...new Set(features.flatMap((feature) => feature.columns))];
}

/** Largest |base + sum of contributions - score| / max(1, |score|). */
export function largestGap({ rows, outputs, base, values, scores }: Contributions): number {
  const columns = rows === 0 ? 0 : values.length / (rows * outputs);
  let worst = 0;
  for (let line = 0; line < rows * outputs; line++) {
    let sum = base[line % outputs]!;
    for (let k = 0; k < columns; k++) sum += values[line * columns + k]!;
    worst = Math.max(worst, Math.abs(sum - scores[line]!) / Math.max(1, Math.abs(scores[line]!)));
  }
  return worst;
}
