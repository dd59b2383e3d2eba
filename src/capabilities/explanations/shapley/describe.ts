import { indexOfLargest } from "../../../foundation/base/largest.js";
import type {
  ExplanationBasis,
  RowExplanation,
  RowExplanations,
} from "../../../foundation/contracts/explanation.js";
import { type Contributions, largestGap } from "./contributions.js";

/** Contributions of float64 sums must add up to this, relative to the score where that is beyond 1. */
const ADDITIVITY_LIMIT = 1e-6;

export interface DescribedRows {
  readonly contributions: Contributions;
  readonly basis: ExplanationBasis;
  /** Empty for a value. */
  readonly classes: readonly string[];
  /** What the model answers: float64 [rows][classes or 1]. */
  readonly predictions: Float64Array;
  /** Explains this class in every row. Default: the second of two, of more the most probable of each row. */
  readonly explainedClass?: string;
  readonly ids?: readonly string[];
}

/** The rows, the means and the check of a `RowExplanations` document. */
export function describeRows(
  described: DescribedRows,
): Pick<RowExplanations, "rows" | "meanAbsolute" | "additivity"> {
  const { contributions, basis } = described;
  const rows = Array.from({ length: contributions.rows }, (_, row) => describeRow(described, row));
  const meanAbsolute = basis.columns
    .map((column, k) => ({
      column,
      value: rows.reduce((sum, row) => sum + Math.abs(row.contributions[k]!), 0) / Math.max(rows.length, 1),
    }))
    .sort((a, b) => b.value - a.value);
  const gap = largestGap(contributions);
  return {
    rows,
    meanAbsolute,
    additivity: { largestGap: gap, limit: ADDITIVITY_LIMIT, holds: gap <= ADDITIVITY_LIMIT },
  };
}

function describeRow(described: DescribedRows, row: number): RowExplanation {
  const { contributions, basis, classes, predictions, explainedClass, ids } = described;
  const { outputs, base, values } = contributions;
  const width = Math.max(classes.length, 1);
  const answers = predictions.subarray(row * width, (row + 1) * width);
  const chosen = explainedClass === undefined ? defaultClass(answers) : classes.indexOf(explainedClass);
  // One output speaks for both of two classes.
  const mirrored = outputs < width && chosen === 0;
  const output = outputs < width ? 0 : chosen;
  const at = (row * outputs + output) * basis.columns.length;
  const own = Array.from(values.subarray(at, at + basis.columns.length), (value) =>
    mirrored ? -value : value,
  );
  const whole = basis.space === "log-odds" ? 0 : 1;
  const start = mirrored ? whole - base[output]! : base[output]!;
  return {
    row,
    ...(ids ? { id: ids[row]! } : {}),
    class: classes[chosen] ?? null,
    prediction: Number.isFinite(answers[chosen]) ? answers[chosen]! : null,
    base: start,
    score: own.reduce((sum, value) => sum + value, start),
    contributions: own,
  };
}

function defaultClass(answers: Float64Array): number {
  if (answers.length === 1) return 0;
  return answers.length === 2 ? 1 : indexOfLargest(answers);
}
