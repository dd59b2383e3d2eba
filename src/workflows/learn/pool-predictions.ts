import type { Predictions } from "../../foundation/contracts/target.js";

/**
 * Joins predictions of several folds: a row that was predicted in several rounds gets their mean. `rows` are
 * ascending row numbers of the table.
 */
export function poolPredictions(
  parts: readonly { readonly rows: Int32Array; readonly predictions: Predictions }[],
): { rows: Int32Array; predictions: Predictions } {
  const rows = Int32Array.from(new Set(parts.flatMap((part) => Array.from(part.rows)))).sort();
  const positionOf = new Map(Array.from(rows, (row, position) => [row, position] as const));
  const [first] = parts;
  const width = first?.predictions.kind === "probabilities" ? first.predictions.classes : 1;
  const sums = new Float64Array(rows.length * width);
  const counts = new Int32Array(rows.length);
  for (const part of parts) {
    for (const [i, row] of part.rows.entries()) {
      const position = positionOf.get(row)!;
      counts[position]!++;
      for (let k = 0; k < width; k++) sums[position * width + k]! += part.predictions.values[i * width + k]!;
    }
  }
  const values = sums.map((sum, index) => sum / counts[Math.floor(index / width)]!);
  return {
    rows,
    predictions:
      first?.predictions.kind === "probabilities"
        ? { kind: "probabilities", values, classes: width }
        : { kind: "values", values },
  };
}
