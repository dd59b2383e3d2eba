import type { GraphBuilder, GraphValue } from "../../../foundation/contracts/graph.js";
import { emitBinaryProbabilities, emitSoftmax } from "../numeric/graph-links.js";
import type { CalibrationMap, PiecewiseLinear } from "./calibration-state.js";
import { PROBABILITY_RAISE } from "./smoothed-logs.js";

/** `applyCalibration` in the graph: float32 [N, C] to float32 [N, C]. */
export function emitCalibration(
  graph: GraphBuilder,
  probabilities: GraphValue,
  map: CalibrationMap,
): GraphValue {
  switch (map.method) {
    case "none":
      return probabilities;
    case "platt": {
      // [N, 2] times (-slope, slope): the difference of the two logs, scaled.
      const slopes = graph.constant("float32", [2, 1], Float32Array.of(-map.slope, map.slope));
      const scaled = graph.op("MatMul", [emitSmoothedLogs(graph, probabilities), slopes]);
      return emitBinaryProbabilities(graph, graph.op("Add", [scaled, graph.scalar(map.offset)]));
    }
    case "temperature": {
      const logs = emitSmoothedLogs(graph, probabilities);
      const scaled = emitSoftmax(graph, graph.op("Mul", [logs, graph.scalar(map.sharpness)]));
      return map.floor ? emitFloor(graph, scaled, map.floor) : scaled;
    }
    case "isotonic":
      return map.maps.length === 1
        ? emitIsotonicBinary(graph, probabilities, map.maps[0]!)
        : emitIsotonicRows(graph, probabilities, map.maps);
  }
}

/** Each of C probabilities p becomes p (1 - C floor) + floor. */
function emitFloor(graph: GraphBuilder, probabilities: GraphValue, floor: number): GraphValue {
  const classes = Number(probabilities.shape[1]);
  const kept = graph.op("Mul", [probabilities, graph.scalar(1 - classes * floor)]);
  return graph.op("Add", [kept, graph.scalar(floor)]);
}

function emitSmoothedLogs(graph: GraphBuilder, probabilities: GraphValue): GraphValue {
  return graph.op("Log", [graph.op("Add", [probabilities, graph.scalar(PROBABILITY_RAISE)])]);
}

function emitIsotonicBinary(
  graph: GraphBuilder,
  probabilities: GraphValue,
  map: PiecewiseLinear,
): GraphValue {
  const positive = emitInterpolation(graph, emitColumn(graph, probabilities, 1), map);
  const negative = graph.op("Sub", [graph.scalar(1), positive]);
  return graph.op("Concat", [negative, positive], { attributes: { axis: { int: 1 } } });
}

function emitIsotonicRows(
  graph: GraphBuilder,
  probabilities: GraphValue,
  maps: readonly PiecewiseLinear[],
): GraphValue {
  const columns = maps.map((map, k) => emitInterpolation(graph, emitColumn(graph, probabilities, k), map));
  const joined = graph.op("Concat", columns, { attributes: { axis: { int: 1 } } });
  const axis = graph.constant("int64", [1], BigInt64Array.of(1n));
  return graph.op("Div", [joined, graph.op("ReduceSum", [joined, axis])]);
}

/** Column k as [N, 1]. */
function emitColumn(graph: GraphBuilder, matrix: GraphValue, k: number): GraphValue {
  const index = graph.constant("int64", [1], BigInt64Array.of(BigInt(k)));
  return graph.op("Gather", [matrix, index], { attributes: { axis: { int: 1 } } });
}

/** First value plus, for each segment, its slope times how far the input reaches into it. */
function emitInterpolation(
  graph: GraphBuilder,
  column: GraphValue,
  { knots, values }: PiecewiseLinear,
): GraphValue {
  const segments = knots.length - 1;
  const starts = Float32Array.from({ length: segments }, (_, k) => knots[k]!);
  const widths = Float32Array.from({ length: segments }, (_, k) => knots[k + 1]! - knots[k]!);
  const slopes = Float32Array.from(
    { length: segments },
    (_, k) => (values[k + 1]! - values[k]!) / (knots[k + 1]! - knots[k]!),
  );
  const inside = graph.op("Sub", [column, graph.constant("float32", [1, segments], starts)]);
  const reached = graph.op("Min", [
    graph.op("Max", [inside, graph.scalar(0)]),
    graph.constant("float32", [1, segments], widths),
  ]);
  const risen = graph.op("MatMul", [reached, graph.constant("float32", [segments, 1], slopes)]);
  return graph.op("Add", [risen, graph.scalar(values[0]!)]);
}
