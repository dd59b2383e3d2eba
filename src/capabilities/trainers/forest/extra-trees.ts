import { defineTrainer } from "../../../foundation/contracts/trainer.js";
import { forestConfig } from "./config.js";
import { estimateForest } from "./estimate.js";
import { fitForest } from "./fit-forest.js";
import { FOREST, type ForestState } from "./fitted.js";

const config = forestConfig({
  trees: 0,
  bootstrap: false,
  featureShare: 0,
  maxDepth: 0,
  minRowsPerLeaf: 3,
  categories: "one-hot",
});

/** Extremely randomized trees; Geurts, Ernst and Wehenkel 2006. */
export const extraTrees = defineTrainer<typeof config, ForestState>({
  id: "extra-trees",
  version: 3,
  summary: "Like a random forest, with split points drawn at random.",
  config,
  ...FOREST,
  capabilities: { ...FOREST.capabilities, bagging: "refit" },
  estimate: (work, settings) => estimateForest(work, settings, "random"),
  fit: (data, settings, context) => fitForest(data, settings, context, true),
});
