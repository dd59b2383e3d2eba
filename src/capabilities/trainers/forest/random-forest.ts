import { defineTrainer } from "../../../foundation/contracts/trainer.js";
import { forestConfig } from "./config.js";
import { estimateForest } from "./estimate.js";
import { fitForest } from "./fit-forest.js";
import { FOREST, type ForestState } from "./fitted.js";

const config = forestConfig({
  trees: 0,
  bootstrap: true,
  featureShare: 0,
  maxDepth: 0,
  minRowsPerLeaf: 3,
  categories: "one-hot",
});

/** Breiman 2001. */
export const randomForest = defineTrainer<typeof config, ForestState>({
  id: "random-forest",
  version: 3,
  summary: "Trees on drawn rows and features, averaged: strong without tuning.",
  config,
  ...FOREST,
  capabilities: { ...FOREST.capabilities, bagging: "refit" },
  estimate: (work, settings) => estimateForest(work, settings, "best"),
  fit: (data, settings, context) => fitForest(data, settings, context, false),
});
