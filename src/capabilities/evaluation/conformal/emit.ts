/** Calibrated uncertainty inside the ONNX graph, so that every runtime serves it; the twin of `apply`. */
import type { ConformalInterval, ConformalSet } from "../../../foundation/contracts/conformal.js";
import { cast, type GraphBuilder, type GraphValue } from "../../../foundation/contracts/graph.js";
import { leastProbabilities, scoreLimits } from "./apply.js";

/** Each float32 [N,1]. */
export interface IntervalValues {
  readonly prediction: GraphValue;
  readonly scale?: GraphValue;
  readonly bounds?: { readonly lower: GraphValue; readonly upper: GraphValue };
}

/** Largest finite float32: what "no bound" becomes, as graphs carry no infinite constants. */
const UNBOUNDED = 3.4e38;

/** Lower and upper ends, float32 [N,1]. */
export function emitIntervals(
  graph: GraphBuilder,
  conformal: ConformalInterval,
  values: IntervalValues,
): { readonly low: GraphValue; readonly high: GraphValue } {
  const margin = graph.scalar(conformal.margin ?? UNBOUNDED);
  if (conformal.method === "quantile") {
    if (!values.bounds) throw new Error("Intervals by quantiles need the predicted quantiles.");
    return inOrder(
      graph,
      graph.op("Sub", [values.bounds.lower, margin]),
      graph.op("Add", [values.bounds.upper, margin]),
    );
  }
  if (conformal.method === "normalised" && !values.scale)
    throw new Error("Normalised intervals need a scale for each row.");
  const reach = conformal.method === "normalised" ? graph.op("Mul", [values.scale!, margin]) : margin;
  return {
    low: graph.op("Sub", [values.prediction, reach]),
    high: graph.op("Add", [values.prediction, reach]),
  };
}

function inOrder(graph: GraphBuilder, low: GraphValue, high: GraphValue) {
  const sum = graph.op("Add", [low, high]);
  const middle = graph.op("Mul", [sum, graph.scalar(0.5)]);
  return { low: graph.op("Min", [low, middle]), high: graph.op("Max", [high, middle]) };
}

/** 1 where a class is in the set of its row: float32 [N,C], from probabilities float32 [N,C]. */
export function emitSets(
  graph: GraphBuilder,
  conformal: ConformalSet,
  probabilities: GraphValue,
): GraphValue {
  const classCount = conformal.classes.length;
  if (conformal.method === "lac") {
    const least = graph.constant("float32", [1, classCount], leastProbabilities(conformal));
    const outside = graph.op("Less", [probabilities, least]);
    return cast(graph, graph.op("Not", [outside]), "float32");
  }
  const limits = graph.constant("float32", [1, classCount], scoreLimits(conformal));
  const beyond = graph.op("Greater", [emitScores(graph, conformal, probabilities), limits]);
  return cast(graph, graph.op("Not", [beyond]), "float32");
}

/** `aps`, `raps`: for each class, what it and every class at least as probable sum to. */
function emitScores(graph: GraphBuilder, conformal: ConformalSet, probabilities: GraphValue): GraphValue {
  const { penalty, classes } = conformal;
  const parts = Array.from(classes.keys(), (k) => {
    const own = graph.op(
      "Gather",
      [probabilities, graph.constant("int64", [1], BigInt64Array.of(BigInt(k)))],
      {
        attributes: { axis: { int: 1 } },
      },
    );
    const counted = cast(graph, graph.op("Not", [graph.op("Less", [probabilities, own])]), "float32");
    const sum = sumOfRow(graph, graph.op("Mul", [probabilities, counted]));
    if (!penalty) return sum;
    const late = graph.op("Sub", [sumOfRow(graph, counted), graph.scalar(penalty.rank)]);
    const charge = graph.op("Mul", [graph.op("Max", [late, graph.scalar(0)]), graph.scalar(penalty.weight)]);
    return graph.op("Add", [sum, charge]);
  });
  return graph.op("Concat", parts, { attributes: { axis: { int: 1 } } });
}

function sumOfRow(graph: GraphBuilder, value: GraphValue): GraphValue {
  return graph.op("ReduceSum", [value, graph.constant("int64", [1], BigInt64Array.of(1n))], {
    attributes: { keepdims: { int: 1 } },
  });
}
