import { trainerSuite } from "../../../../../conformance/trainer.js";
import { predictInGraph } from "../../../../../conformance/trainer-graph.js";
import type { Trainer } from "../../../../foundation/contracts/trainer.js";
import { imageNetwork } from "./image-trainer.js";

trainerSuite(imageNetwork as unknown as Trainer, {
  predictInGraph,
  rows: 120,
  config: { minimumSteps: 60, epochs: 1, batchSize: 24, learningRate: 0.02 },
});
