import type { WorkEstimate, WorkSpecification } from "../../../foundation/contracts/trainer.js";
import { type ForestConfig, numberOfTrees } from "./config.js";
import { featuresPerNode } from "./fit-forest.js";

// Measured on one core by bench/estimates: what a tree takes for each row, level and feature tried, for each row and
// level, and for each node. A random threshold needs no groups of rows.
const SECONDS_PER_CELL = { best: 8.5e-9, random: 4.5e-9 };
const SECONDS_PER_ROW = 2e-8;
const SECONDS_PER_NODE = { best: 2.5e-6, random: 1.5e-6 };
const START_SECONDS = 0.004;
/** A worker with its compiled kernels. */
const START_BYTES = 16 * 2 ** 20;
/** Rows of a leaf, times the least allowed. */
const LEAF_FILL = 3;
/** Values and many classes take more splits to tell apart than two classes do. */
const MORE_NODES = 1.8;

/** A row passes about log2(rows) levels, each of which reads the features tried. */
export function estimateForest(
  work: WorkSpecification,
  config: ForestConfig,
  splits: "best" | "random",
): WorkEstimate {
  const trees = numberOfTrees(config.trees, work.rows);
  const classes = work.task === "regression" ? 0 : work.classes;
  const fullDepth = Math.log2(Math.max(2, work.rows / config.minRowsPerLeaf));
  const levels = config.maxDepth > 0 ? Math.min(config.maxDepth, fullDepth) : fullDepth;
  const tried = featuresPerNode(config.featureShare, work.features, classes);
  const wished = (work.rows / (LEAF_FILL * config.minRowsPerLeaf)) * (classes === 2 ? 1 : MORE_NODES);
  const leaves = Math.max(1, Math.min(wished, 2 ** levels));
  const perRow = levels * (tried * SECONDS_PER_CELL[splits] + SECONDS_PER_ROW);
  const threads = Math.min(work.threads, trees);
  const seconds =
    START_SECONDS + (trees * (work.rows * perRow + leaves * SECONDS_PER_NODE[splits])) / threads;
  const leafValues = classes > 2 ? classes : 1;
  const binning = Math.min(work.rows * work.features * 4, 2 ** 25);
  const capacity = (work.rows / config.minRowsPerLeaf) * (68 + 4 * leafValues);
  // The trees as the kernel tells them and as they are kept.
  const grown = trees * leaves * (2 * 28 + 2 * (4 + 4 * leafValues));
  const perThread = work.rows * 25 + capacity;
  const bytes = START_BYTES + work.rows * work.features + binning + threads * perThread + grown;
  return { seconds, bytes };
}
