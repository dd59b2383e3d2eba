import { trainerSuite } from "../../../../conformance/trainer.js";
import { predictInGraph } from "../../../../conformance/trainer-graph.js";
import { kernelSvm } from "./kernel-svm.js";

trainerSuite(kernelSvm, { predictInGraph });
