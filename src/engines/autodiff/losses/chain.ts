/** Linear-chain conditional random fields (Lafferty et al., 2001), as they top sequence taggers (Lample et al., 2016). */
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import type { Expressions } from "../../onnx/index.js";
import { lasts, logSum, steps } from "./log-space.js";

export interface ChainScores {
  /** Of each label at each step, [N, T, K]; T must be known, as the chain is written step by step. */
  readonly emissions: GraphValue;
  /** From one label (row) to the next (column), [K, K]. */
  readonly transitions: GraphValue;
  /** Of the first and of the last label, [K]. */
  readonly starts: GraphValue;
  readonly ends: GraphValue;
  /** Steps of each sequence, int64 [N], at least 1. */
  readonly lengths: GraphValue;
}

/** Negative log-likelihood [N] of labels, int64 [N, T]; what lies beyond a sequence's length must be a label too. */
export function chainLoss(x: Expressions, scores: ChainScores, labels: GraphValue): GraphValue {
  return x.sub(logPartition(x, scores), pathScore(x, scores, labels));
}

/** Logarithm of the sum of exp(score) over all paths. [N]. */
function logPartition(x: Expressions, scores: ChainScores): GraphValue {
  const [first, ...rest] = byStep(x, scores.emissions);
  let forward = x.add(first!, scores.starts);
  for (const [index, emission] of rest.entries()) {
    const next = x.add(logSum(x, towards(x, forward, scores), 1), emission);
    forward = x.where(lasts(x, scores.lengths, index + 1), next, forward);
  }
  return logSum(x, x.add(forward, scores.ends), 1);
}

/** [N, K from, K to]. */
const towards = (x: Expressions, forward: GraphValue, { transitions }: ChainScores): GraphValue =>
  x.add(x.unsqueeze(forward, [2]), transitions);

function byStep(x: Expressions, emissions: GraphValue): readonly GraphValue[] {
  return steps(x, x.transpose(emissions, [1, 0, 2]));
}

function pathScore(x: Expressions, scores: ChainScores, labels: GraphValue): GraphValue {
  const { graph } = x;
  const { emissions, transitions, lengths } = scores;
  const [length, count] = [Number(emissions.shape[1]), Number(emissions.shape[2])];
  const times = graph.constant(
    "int64",
    [1, length],
    Array.from({ length }, (_, step) => step),
  );
  const ends = x.unsqueeze(lengths, [1]);
  const isInside = x.indicator(x.greater(ends, times), emissions);
  const picked = graph.op("GatherElements", [emissions, x.unsqueeze(labels, [2])], {
    attributes: { axis: { int: 2 } },
  });
  const own = x.sum(x.mul(graph.op("Squeeze", [picked, x.integers([2])]), isInside), [1]);
  const [firstLabel] = length === 1 ? [labels] : x.split(labels, [1, length - 1], 1);
  const isLast = graph.op("Cast", [x.equal(times, x.sub(ends, 1))], { attributes: { to: { int: 7 } } });
  const lastLabel = x.sum(x.mul(labels, isLast), [1]);
  const start = x.gather(scores.starts, graph.op("Squeeze", [firstLabel, x.integers([1])]));
  const edges = x.add(start, x.gather(scores.ends, lastLabel));
  if (length === 1) return x.add(own, edges);
  const [before] = x.split(labels, [length - 1, 1], 1);
  const [, after] = x.split(labels, [1, length - 1], 1);
  const pairs = x.gather(x.reshape(transitions, [-1]), x.add(x.mul(before!, count), after!));
  const [, counted] = x.split(isInside, [1, length - 1], 1);
  return x.add(x.add(own, edges), x.sum(x.mul(pairs, counted!), [1]));
}

/**
 * The likeliest labels, int64 [N, T], by dynamic programming (Viterbi, 1967); beyond the end of a sequence its last
 * label is repeated. Part of an exported model, so no loop is in it: T must be known.
 */
export function decodeChain(x: Expressions, scores: ChainScores): GraphValue {
  const { graph } = x;
  const [first, ...rest] = byStep(x, scores.emissions);
  const count = Number(scores.emissions.shape[2]);
  const stay = graph.constant(
    "int64",
    [1, count],
    Array.from({ length: count }, (_, label) => label),
  );
  const drop = { attributes: { keepdims: { int: 0 } } };
  const from = { attributes: { axis: { int: 1 }, keepdims: { int: 0 } } };
  let best = x.add(first!, scores.starts);
  const sources = rest.map((emission, index) => {
    const ways = towards(x, best, scores);
    const isInside = lasts(x, scores.lengths, index + 1);
    const next = x.add(graph.op("ReduceMax", [ways, x.integers([1])], drop), emission);
    best = x.where(isInside, next, best);
    return x.where(isInside, graph.op("ArgMax", [ways], from), stay);
  });
  const last = graph.op("ArgMax", [x.add(best, scores.ends)], {
    attributes: { axis: { int: 1 }, keepdims: { int: 1 } },
  });
  const labels = [last];
  for (const source of sources.reverse()) {
    labels.unshift(graph.op("GatherElements", [source, labels[0]], { attributes: { axis: { int: 1 } } }));
  }
  return x.concat(labels, 1);
}

/**
 * Probability of each label at each step, given the whole sequence: float32 [N, T, K], by the forward-backward algorithm
 * (Rabiner, 1989). Beyond the end of a sequence the numbers mean nothing.
 */
export function chainMarginals(x: Expressions, scores: ChainScores): GraphValue {
  const emissions = byStep(x, scores.emissions);
  const forward = [x.add(emissions[0]!, scores.starts)];
  for (const [index, emission] of emissions.slice(1).entries()) {
    const before = forward.at(-1)!;
    const next = x.add(logSum(x, towards(x, before, scores), 1), emission);
    forward.push(x.where(lasts(x, scores.lengths, index + 1), next, before));
  }
  const ends = x.add(x.mul(emissions[0]!, 0), scores.ends);
  const backward = [ends];
  for (let step = emissions.length - 1; step > 0; step--) {
    const after = x.unsqueeze(x.add(emissions[step]!, backward[0]!), [1]);
    const ways = logSum(x, x.add(after, scores.transitions), 2);
    backward.unshift(x.where(lasts(x, scores.lengths, step), ways, ends));
  }
  const joint = forward.map((value, step) => x.unsqueeze(x.add(value, backward[step]!), [1]));
  // Each step sums to the same: the partition function, so that a softmax divides by it.
  return x.graph.op("Softmax", [x.concat(joint, 1)], { attributes: { axis: { int: -1 } } });
}
