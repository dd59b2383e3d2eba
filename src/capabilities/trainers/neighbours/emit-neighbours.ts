import {
  cast,
  type GraphBuilder,
  type GraphColumn,
  type GraphValue,
} from "../../../foundation/contracts/graph.js";
import { designInGraph } from "../numeric/design.js";
import { emitCenteredSquaredDistances } from "../numeric/distances.js";
import type { NeighboursState } from "./neighbours-state.js";

const axis = (value: number) => ({ attributes: { axis: { int: value } } });

/** Float64 distances in whole units, TopK (ties to the lower row), then the votes in float32. */
export function emitNearestNeighbours(
  graph: GraphBuilder,
  features: readonly GraphColumn[],
  state: NeighboursState,
): GraphValue {
  const squared = emitCenteredSquaredDistances(graph, designInGraph(graph, features), state, 1 / state.unit);
  const units = graph.op("Round", [squared]);
  const count = graph.constant("int64", [1], BigInt64Array.of(BigInt(state.neighbours)));
  const [distances, indices] = graph.node("TopK", [units, count], {
    attributes: { axis: { int: 1 }, largest: { int: 0 }, sorted: { int: 1 } },
  });
  const shares = emitShares(graph, distances!, state);
  const lastAxis = graph.constant("int64", [1], BigInt64Array.of(1n));
  if (state.classes === 0) {
    // Centred, so that large targets keep their digits in float32.
    const mean = Math.fround(state.targets.reduce((sum, value) => sum + value, 0) / state.rows);
    const values = graph.constant(
      "float32",
      [state.rows],
      Float32Array.from(state.targets, (value) => value - mean),
    );
    const near = graph.op("Mul", [graph.op("Gather", [values, indices!], axis(0)), shares]);
    return graph.op("Add", [graph.op("ReduceSum", [near, lastAxis]), graph.scalar(mean)]);
  }
  const codes = graph.constant("int64", [state.rows], BigInt64Array.from(state.targets, BigInt));
  const near = graph.op("Gather", [codes, indices!], axis(0));
  const depth = graph.constant("int64", [], BigInt64Array.of(BigInt(state.classes)));
  const offAndOn = graph.constant("float32", [2], Float32Array.of(0, 1));
  // [N, k, C]
  const votes = graph.op("OneHot", [near, depth, offAndOn], axis(-1));
  const weights = graph.op("Unsqueeze", [shares, graph.constant("int64", [1], BigInt64Array.of(2n))]);
  return graph.op("ReduceSum", [graph.op("Mul", [votes, weights]), lastAxis], {
    attributes: { keepdims: { int: 0 } },
  });
}

/** Float32 [N, k], rows summing to 1. */
function emitShares(graph: GraphBuilder, distances: GraphValue, state: NeighboursState): GraphValue {
  const { neighbours, weighting } = state;
  if (weighting === "uniform") {
    const share = Float32Array.from({ length: neighbours }, () => 1 / neighbours);
    return graph.constant("float32", [1, neighbours], share);
  }
  const roots = graph.op("Add", [graph.op("Sqrt", [distances]), graph.scalar(state.softening, "float64")]);
  const first = graph.constant("int64", [1], BigInt64Array.of(0n));
  const nearest = graph.op("Gather", [roots, first], axis(1));
  // Equal distances weigh 1 without a division, also where all are 0.
  const same = graph.op("Equal", [roots, nearest]);
  const divisors = graph.op("Where", [same, graph.scalar(1, "float64"), roots]);
  const ratios = graph.op("Where", [same, graph.scalar(1, "float64"), graph.op("Div", [nearest, divisors])]);
  const weights =
    state.power === 1 ? ratios : graph.op("Pow", [ratios, graph.scalar(state.power, "float64")]);
  const sums = graph.op("ReduceSum", [weights, graph.constant("int64", [1], BigInt64Array.of(1n))]);
  return cast(graph, graph.op("Div", [weights, sums]), "float32");
}
