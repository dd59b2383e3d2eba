/** Connectionist temporal classification (Graves et al., 2006): labels in order, at unknown times. */
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import type { Expressions } from "../../onnx/index.js";
import { IMPOSSIBLE, lasts, logSum, steps } from "./log-space.js";

export interface AlignmentTruth {
  /** Int64 [N, L]; what lies beyond a sequence's length is not looked at, but must be a class. */
  readonly labels: GraphValue;
  /** Int64 [N], at most L. */
  readonly labelLengths: GraphValue;
  /** Int64 [N], at least 1, at most T. */
  readonly inputLengths: GraphValue;
  /** The class that stands for no label; default 0. */
  readonly blank?: number;
}

/**
 * [N] of logits [T, N, C], as ctc_loss of PyTorch without a reduction. T and L must be known: the sum over all
 * alignments is written step by step, in logarithms, with no loop inside the graph. A sequence too short for its
 * labels costs about 1e30.
 */
export function connectionistTemporal(x: Expressions, logits: GraphValue, truth: AlignmentTruth): GraphValue {
  const { graph } = x;
  const { labels, labelLengths, inputLengths, blank = 0 } = truth;
  const length = Number(labels.shape[1]);
  const states = 2 * length + 1;
  const logarithms = graph.op("LogSoftmax", [logits], { attributes: { axis: { int: -1 } } });
  const path = withBlanks(x, labels, blank);
  const wanted = x.expand(x.unsqueeze(path, [0]), [Number(logits.shape[0]), 1, 1]);
  const emissions = steps(
    x,
    graph.op("GatherElements", [logarithms, wanted], { attributes: { axis: { int: 2 } } }),
  );
  const leaps = leapBias(x, path, blank, logits);
  const begin = graph.constant(
    logits.type,
    [1, states],
    Array.from({ length: states }, (_, state) => (state < 2 ? 0 : IMPOSSIBLE)),
  );
  let forward = x.add(emissions[0]!, begin);
  for (const [step, emission] of emissions.entries()) {
    if (step === 0) continue;
    const next = x.add(arrivals(x, forward, leaps, states), emission);
    forward = x.where(lasts(x, inputLengths, step), next, forward);
  }
  return x.apply("Neg", logSum(x, atEnd(x, forward, labelLengths, states), 1));
}

/** The labels with a blank before, between and behind them: int64 [N, 2 L + 1]. */
function withBlanks(x: Expressions, labels: GraphValue, blank: number): GraphValue {
  const { graph } = x;
  const length = Number(labels.shape[1]);
  const column = x.unsqueeze(labels, [2]);
  const blanks = x.add(x.mul(column, 0), graph.scalar(blank, "int64"));
  const pairs = x.reshape(x.concat([blanks, column], 2), [-1, 2 * length]);
  const last = x.graph.op("Slice", [pairs, x.integers([0]), x.integers([1]), x.integers([1])]);
  return x.concat([pairs, last], 1);
}

/** [N, S]: 0 where a state may be reached from the one but last, as labels that differ need no blank between them. */
function leapBias(x: Expressions, path: GraphValue, blank: number, like: GraphValue): GraphValue {
  const { graph } = x;
  const states = Number(path.shape[1]);
  const before = graph.op("Pad", [path, x.integers([2, 0]), graph.scalar(blank, "int64"), x.integers([1])]);
  const shifted = graph.op("Slice", [before, x.integers([0]), x.integers([states]), x.integers([1])]);
  const isBlocked = graph.op("Or", [x.equal(path, blank), x.equal(path, shifted)]);
  return x.mul(x.indicator(isBlocked, like), IMPOSSIBLE);
}

/** From the state itself, from the one before, and by a leap over a blank. */
function arrivals(x: Expressions, forward: GraphValue, leaps: GraphValue, states: number): GraphValue {
  const { graph } = x;
  const nothing = graph.scalar(IMPOSSIBLE, forward.type);
  const padded = graph.op("Pad", [forward, x.integers([2, 0]), nothing, x.integers([1])]);
  const [twoBefore, oneBefore] = [0, 1].map((start) =>
    graph.op("Slice", [padded, x.integers([start]), x.integers([start + states]), x.integers([1])]),
  );
  const ways = [forward, oneBefore!, x.add(twoBefore!, leaps)].map((way) => x.unsqueeze(way, [0]));
  return logSum(x, x.concat(ways, 0), 0);
}

/** Only the last label and the blank behind it end a sequence. */
function atEnd(x: Expressions, forward: GraphValue, labelLengths: GraphValue, states: number): GraphValue {
  const { graph } = x;
  const positions = graph.constant(
    "int64",
    [1, states],
    Array.from({ length: states }, (_, state) => state),
  );
  const last = x.mul(x.unsqueeze(labelLengths, [1]), 2);
  const isEnd = graph.op("Or", [x.equal(positions, last), x.equal(positions, x.sub(last, 1))]);
  return x.where(isEnd, forward, IMPOSSIBLE);
}
