import { describe, expect, it } from "vitest";
import { trainerSuite, trainingContext } from "../../../../conformance/trainer.js";
import { predictInGraph } from "../../../../conformance/trainer-graph.js";
import { sampleRows } from "../../../../conformance/trainer-samples.js";
import { setHolds } from "../tree-ensemble/tree-ensemble.js";
import { decisionTree } from "./decision-tree.js";
import { extraTrees } from "./extra-trees.js";
import { randomForest } from "./random-forest.js";

trainerSuite(randomForest, { predictInGraph, config: { trees: 10, minRowsPerLeaf: 5 } });
trainerSuite(extraTrees, { predictInGraph, config: { trees: 10, minRowsPerLeaf: 5 } });
trainerSuite(decisionTree, { predictInGraph });
describe("with entropy and categories one by one", () => {
  const config = {
    trees: 6,
    minRowsPerLeaf: 5,
    criterion: "entropy",
    categories: "one-hot",
    featureShare: 1,
  };
  trainerSuite(extraTrees, { predictInGraph, config });
});

it("separates one category from the rest where it is asked to", async () => {
  const train = sampleRows("tree", "binary", 300, "one-hot");
  const config = randomForest.config.parse({ trees: 5, categories: "one-hot" });
  const { ensemble } = (await randomForest.fit({ train }, config, trainingContext())).state;
  let splits = 0;
  for (const [node, feature] of ensemble.nodeFeature.entries()) {
    const first = ensemble.nodeSet[node]!;
    if (first < 0) continue;
    const categories = ensemble.categories[feature]!;
    const codes = Array.from(Array(categories).keys()).filter((code) =>
      setHolds(ensemble.sets, first, categories, code),
    );
    expect(codes.length).toBeLessThanOrEqual(1);
    splits++;
  }
  expect(splits).toBeGreaterThan(0);
});
