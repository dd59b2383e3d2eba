import { trainerSuite } from "../../../../conformance/trainer.js";
import { predictInGraph } from "../../../../conformance/trainer-graph.js";
import { decisionTree } from "./decision-tree.js";
import { extraTrees } from "./extra-trees.js";
import { randomForest } from "./random-forest.js";

trainerSuite(randomForest, { predictInGraph, config: { trees: 10, minRowsPerLeaf: 5 } });
trainerSuite(extraTrees, { predictInGraph, config: { trees: 10, minRowsPerLeaf: 5 } });
trainerSuite(decisionTree, { predictInGraph });
