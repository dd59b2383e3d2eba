import { defineTrainer } from "../../../foundation/contracts/trainer.js";
import { treeConfig } from "./config.js";
import { estimateForest } from "./estimate.js";
import { fitForest } from "./fit-forest.js";
import { FOREST, type ForestState } from "./fitted.js";

const config = treeConfig({
  trees: 1,
  bootstrap: false,
  featureShare: 1,
  maxDepth: 8,
  minRowsPerLeaf: 5,
  categories: "native",
});

/** CART; Breiman, Friedman, Olshen and Stone 1984. */
export const decisionTree = defineTrainer<typeof config, ForestState>({
  id: "decision-tree",
  version: 2,
  summary: "A single tree, small enough to read.",
  config,
  ...FOREST,
  estimate: (work, settings) => estimateForest(work, settings, "best"),
  fit: (data, settings, context) => fitForest(data, settings, context, false),
});
