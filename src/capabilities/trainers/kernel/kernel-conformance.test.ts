import { trainerSuite } from "../../../../conformance/trainer.js";
import { predictInGraph } from "../../../../conformance/trainer-graph.js";
import { kernelRidge } from "./kernel-ridge.js";
import { kernelSvm } from "./kernel-svm.js";

trainerSuite(kernelSvm, { predictInGraph });
trainerSuite(kernelRidge, { predictInGraph, rows: 120 });
trainerSuite(kernelRidge, {
  predictInGraph,
  config: { kernel: "matern32", exactRows: 30, landmarks: 25, selectionRows: 20 },
});
