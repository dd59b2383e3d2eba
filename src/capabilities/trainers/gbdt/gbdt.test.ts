import { trainerSuite } from "../../../../conformance/trainer.js";
import { predictInGraph } from "../../../../conformance/trainer-graph.js";
import { gbdt } from "./gbdt.js";

trainerSuite(gbdt, { predictInGraph, config: { iterations: 20 } });
