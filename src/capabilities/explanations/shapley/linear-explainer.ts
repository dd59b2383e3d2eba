import type { ExplainedFeature } from "../../../foundation/contracts/explainer-asset.js";
import type { Frame } from "../../../foundation/contracts/frame.js";
import type { ModelAnatomy } from "../../../foundation/contracts/model-anatomy.js";
import { createConditionalGame, type LinearForm } from "./conditional-game.js";
import { columnSums, columnsOf, type RowExplainer } from "./contributions.js";
import { estimateShapley, type ShapleyBudget } from "./estimate.js";
import type { FeatureReader } from "./tree-explainer.js";

export interface LinearExplainerOptions {
  readonly anatomy: Extract<ModelAnatomy, { kind: "linear" }>;
  readonly features: readonly ExplainedFeature[];
  readonly read: FeatureReader;
  /** Its mean is the base. */
  readonly background: Frame;
  /**
   * `independent`: coefficient times distance from the mean, exact. `correlated`: what is unknown is expected as the known
   * columns imply it under a normal distribution with the background's covariance, so that correlated columns share.
   */
  readonly dependence?: "independent" | "correlated";
  /** For correlated columns. */
  readonly budget: ShapleyBudget;
}

/** Linear SHAP (Lundberg and Lee 2017, corollary 1), dealt out to raw columns. */
export async function createLinearExplainer(options: LinearExplainerOptions): Promise<RowExplainer> {
  const { anatomy, features, read, background, dependence = "independent", budget } = options;
  const columns = columnsOf(features);
  const sample = await read(background);
  const form: LinearForm = { ...anatomy, mean: columnMeans(sample, anatomy.width) };
  const base = scoresOf(form, Float32Array.from(form.mean), 1, form.mean);
  const basis = {
    method: "linear" as const,
    exact: dependence === "independent",
    space: anatomy.space,
    backgroundRows: background.rows,
    columns,
  };
  const conditional =
    dependence === "correlated" ? createConditionalGame(form, sample, features, columns) : undefined;
  return {
    outputs: form.outputs,
    basis,
    async explain(rows) {
      const matrix = await read(rows);
      const scores = scoresOf(form, matrix, rows.rows);
      const facts = { rows: rows.rows, outputs: form.outputs, base, scores };
      if (!conditional)
        return { ...facts, values: columnSums(products(form, matrix, rows.rows), features, columns) };
      const values = new Float64Array(rows.rows * form.outputs * columns.length);
      for (let row = 0; row < rows.rows; row++) {
        const line = matrix.subarray(row * form.width, (row + 1) * form.width);
        const game = conditional(line);
        const found = await estimateShapley(game, {
          ...budget,
          players: columns.length,
          outputs: form.outputs,
        });
        values.set(found.values, row * form.outputs * columns.length);
      }
      return { ...facts, values };
    },
  };
}

function columnMeans(matrix: Float32Array, width: number): Float64Array {
  const means = new Float64Array(width);
  for (const [at, value] of matrix.entries()) means[at % width]! += value;
  return means.map((sum) => (sum * width) / matrix.length);
}

/** [rows][outputs]; `exact` replaces the first row without rounding to float32. */
function scoresOf(form: LinearForm, matrix: Float32Array, rows: number, exact?: Float64Array): Float64Array {
  const { width, outputs, center, coefficients, offsets } = form;
  const scores = new Float64Array(rows * outputs);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < outputs; k++) {
      let sum = offsets[k]!;
      for (let j = 0; j < width; j++) {
        sum += coefficients[k * width + j]! * ((exact?.[j] ?? matrix[row * width + j]!) - center[j]!);
      }
      scores[row * outputs + k] = sum;
    }
  }
  return scores;
}

function products(
  { width, outputs, coefficients, mean }: LinearForm,
  matrix: Float32Array,
  rows: number,
): Float64Array {
  const values = new Float64Array(rows * outputs * width);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < outputs; k++) {
      for (let j = 0; j < width; j++) {
        values[(row * outputs + k) * width + j] =
          coefficients[k * width + j]! * (matrix[row * width + j]! - mean[j]!);
      }
    }
  }
  return values;
}
