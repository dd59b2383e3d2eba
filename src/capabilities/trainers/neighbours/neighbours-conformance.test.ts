import { trainerSuite } from "../../../../conformance/trainer.js";
import { predictInGraph } from "../../../../conformance/trainer-graph.js";
import { nearestNeighbours } from "./nearest-neighbours.js";

trainerSuite(nearestNeighbours, { predictInGraph });
trainerSuite(nearestNeighbours, { predictInGraph, config: { weighting: "distance", neighbours: 12 } });
