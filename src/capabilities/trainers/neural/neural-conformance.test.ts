import { trainerSuite } from "../../../../conformance/trainer.js";
import { predictInGraph } from "../../../../conformance/trainer-graph.js";
import type { Trainer } from "../../../foundation/contracts/trainer.js";
import { neuralNetwork } from "./neural-network.js";

trainerSuite(neuralNetwork as unknown as Trainer, {
  predictInGraph,
  rows: 120,
  config: { steps: 60, hiddenWidth: 16, batchSize: 32, learningRate: 0.02 },
});
