import { type BlockReader, scoreTrees } from "../../../engines/kernels/tree-scorer.js";
import { createTreeShap } from "../../../engines/kernels/tree-shap.js";
import type { ExplainedFeature } from "../../../foundation/contracts/explainer-asset.js";
import type { Frame } from "../../../foundation/contracts/frame.js";
import type { FlatTrees, ScoreSpace } from "../../../foundation/contracts/model-anatomy.js";
import { columnSums, columnsOf, type RowExplainer } from "./contributions.js";

/** Float32 [rows][features], row-major, of raw columns. */
export type FeatureReader = (rows: Frame) => Promise<Float32Array>;

export interface TreeExplainerOptions {
  readonly trees: FlatTrees;
  readonly space: ScoreSpace;
  readonly features: readonly ExplainedFeature[];
  readonly read: FeatureReader;
  /** Interventional instead of path-dependent. */
  readonly background?: Frame;
}

/** Exact TreeSHAP, dealt out to raw columns. @throws QuernError OUT_OF_MEMORY */
export async function createTreeExplainer(options: TreeExplainerOptions): Promise<RowExplainer> {
  const { trees, space, features, read, background } = options;
  const { outputs, base: offset } = trees;
  const shap = createTreeShap(trees, features.length);
  const columns = columnsOf(features);
  const scale = trees.aggregate === "average" ? 1 / Math.max(trees.roots.length, 1) : 1;
  const score = (matrix: Float32Array, rows: number) =>
    scoreTrees(trees, rows, features.length, blockReader(matrix, features.length)).map(
      (sum, at) => sum * scale + offset[at % outputs]!,
    );
  const others = background ? { rows: background.rows, values: await read(background) } : undefined;
  const base = others
    ? meanByOutput(score(others.values, others.rows), outputs)
    : shap.expected.map((mean, k) => mean * scale + offset[k]!);
  return {
    outputs,
    basis: { method: "tree", exact: true, space, backgroundRows: others?.rows ?? 0, columns },
    async explain(rows) {
      const matrix = await read(rows);
      const raw = shap.contributions(rows.rows, blockReader(matrix, features.length), others);
      const values = columnSums(
        raw.map((value) => value * scale),
        features,
        columns,
      );
      return { rows: rows.rows, outputs, base, values, scores: score(matrix, rows.rows) };
    },
  };
}

function blockReader(matrix: Float32Array, width: number): BlockReader {
  return (block, start, count) => block.set(matrix.subarray(start * width, (start + count) * width));
}

export function meanByOutput(values: Float64Array, outputs: number): Float64Array {
  const means = new Float64Array(outputs);
  for (const [at, value] of values.entries()) means[at % outputs]! += value;
  return means.map((sum) => (sum * outputs) / values.length);
}
