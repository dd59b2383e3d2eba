import { trainerSuite } from "../../../../conformance/trainer.js";
import { predictInGraph } from "../../../../conformance/trainer-graph.js";
import { nearestNeighbours } from "./nearest-neighbours.js";

trainerSuite(nearestNeighbours, { predictInGraph });
trainerSuite(nearestNeighbours, { predictInGraph, config: { weighting: "distance", neighbours: 12 } });
trainerSuite(nearestNeighbours, {
  predictInGraph,
  config: { weighting: "distance", neighbours: 40, power: 3, softening: 0.01 },
});
trainerSuite(nearestNeighbours, { predictInGraph, config: { selection: "leave-one-out" }, rows: 90 });
