import type { Surrogate } from "../../../foundation/contracts/explainer-asset.js";
import type { Frame } from "../../../foundation/contracts/frame.js";
import type { ScoreSpace } from "../../../foundation/contracts/model-anatomy.js";
import type { PredictFrame } from "../predict-frame.js";
import type { RowExplainer } from "../shapley/contributions.js";
import { createColumnReader } from "./readable-columns.js";
import { createTreeTables, type TreeTables } from "./tree-tables.js";

export interface SurrogateExplainerOptions {
  readonly surrogate: Surrogate;
  readonly model: PredictFrame;
  readonly space: ScoreSpace;
  readonly background: Frame;
}

/**
 * Exact Shapley values of a surrogate; what the surrogate misses of the model's own answer is dealt out to the columns in
 * proportion to the variance of their contributions, so that all add up to that answer. The model is asked once a row.
 */
export async function createSurrogateExplainer(options: SurrogateExplainerOptions): Promise<RowExplainer> {
  const { surrogate, space, background, model } = options;
  const columns = surrogate.columns.map(({ name }) => name);
  const width = columns.length;
  const reader = createColumnReader(surrogate.columns);
  const known = reader.matrix(background);
  const tables = surrogate.trees.map((trees) => createTreeTables(trees, known));
  const outputs = tables.length;
  const scoresOf = lastOutputs(model, outputs);
  const base = meanByOutput(await scoresOf(background), outputs);
  const shares = tables.map((table) => varianceShares(contributionsOf([table], known, width), width));
  return {
    outputs,
    basis: {
      ...{ method: "surrogate", exact: false, space, fidelity: surrogate.fidelity },
      ...{ backgroundRows: background.rows, columns },
    },
    async explain(rows) {
      const scores = await scoresOf(rows);
      const values = contributionsOf(tables, reader.matrix(rows), width);
      for (let line = 0; line < scores.length; line++) {
        const output = line % outputs;
        const own = values.subarray(line * width, (line + 1) * width);
        const missed = own.reduce((left, value) => left - value, scores[line]! - base[output]!);
        for (let k = 0; k < width; k++) own[k]! += missed * shares[output]![k]!;
      }
      return { rows: rows.rows, outputs, base, values, scores };
    },
  };
}

/** Of two classes the second speaks for both: float64 [rows][outputs]. */
function lastOutputs(model: PredictFrame, outputs: number): (rows: Frame) => Promise<Float64Array> {
  if (model.outputs === outputs) return (rows) => model.predict(rows);
  return async (rows) => {
    const all = await model.predict(rows);
    return Float64Array.from({ length: rows.rows }, (_, row) => all[(row + 1) * model.outputs - 1]!);
  };
}

/** [rows][tables][width]. */
function contributionsOf(tables: readonly TreeTables[], matrix: Float32Array, width: number): Float64Array {
  const rows = matrix.length / width;
  const values = new Float64Array(rows * tables.length * width);
  for (let row = 0; row < rows; row++) {
    const line = matrix.subarray(row * width, (row + 1) * width);
    for (const [output, table] of tables.entries()) {
      const at = (row * tables.length + output) * width;
      table.explain(line, values.subarray(at, at + width));
    }
  }
  return values;
}

/** The mean square of each column's contributions, as shares of their sum; equal ones where none contributes. */
function varianceShares(values: Float64Array, width: number): Float64Array {
  const squares = new Float64Array(width);
  for (const [at, value] of values.entries()) squares[at % width]! += value ** 2;
  const sum = squares.reduce((total, square) => total + square, 0);
  return sum > 0 ? squares.map((square) => square / sum) : squares.fill(1 / width);
}

function meanByOutput(values: Float64Array, outputs: number): Float64Array {
  const means = new Float64Array(outputs);
  for (const [at, value] of values.entries()) means[at % outputs]! += value;
  return means.map((sum) => (sum * outputs) / values.length);
}
