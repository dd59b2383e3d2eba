import { trainerSuite } from "../../../../../conformance/trainer.js";
import { predictInGraph } from "../../../../../conformance/trainer-graph.js";
import type { Trainer } from "../../../../foundation/contracts/trainer.js";
import { textNetwork } from "./text-trainer.js";

trainerSuite(textNetwork as unknown as Trainer, {
  predictInGraph,
  rows: 120,
  config: {
    epochs: 6,
    minimumSteps: 1,
    width: 8,
    pairBuckets: 64,
    widePairBuckets: 64,
    batchSize: 24,
    learningRate: 0.02,
  },
});
