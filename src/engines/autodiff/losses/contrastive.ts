/** Losses of embeddings: what belongs together lies close, what does not lies apart. */
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import type { Expressions } from "../../onnx/index.js";
import { crossEntropy } from "./classification.js";
import { logSum } from "./log-space.js";

/** [N, M] of rows [N, D] and [M, D]; rows of length 0 are similar to none. */
function cosineSimilarities(x: Expressions, left: GraphValue, right: GraphValue): GraphValue {
  return x.matmul(normalized(x, left), x.transposeMatrices(normalized(x, right)));
}

function normalized(x: Expressions, rows: GraphValue): GraphValue {
  const lengths = x.graph.op("ReduceL2", [rows, x.integers([-1])], { attributes: { keepdims: { int: 1 } } });
  return x.div(rows, x.max(lengths, 1e-12));
}

/** 0, 1, ... as classes of a batch in which row k belongs to row k. */
function ownRows({ graph }: Expressions, similarities: GraphValue): GraphValue {
  const rows = graph.op("Shape", [similarities], { attributes: { start: { int: 0 }, end: { int: 1 } } });
  const count = graph.op("Squeeze", [rows]);
  return graph.op("Range", [graph.scalar(0, "int64"), count, graph.scalar(1, "int64")]);
}

/**
 * For each anchor [N, D] its positive [M, D], row k for row k, among the positives of all others and any further
 * rows, the hard negatives (Henderson et al., 2017: multiple negatives ranking). [N].
 * @param scale times the cosines, 1 / temperature
 * @param excluded float32 [N, M]: 1 where another's positive is no negative of this anchor, else 0; absent: all are
 */
export function rankedPositives(
  x: Expressions,
  anchors: GraphValue,
  positives: GraphValue,
  scale = 20,
  excluded?: GraphValue,
): GraphValue {
  const all = x.mul(cosineSimilarities(x, anchors, positives), scale);
  const similarities = excluded ? x.add(all, x.mul(excluded, NEVER)) : all;
  return crossEntropy(x, similarities, ownRows(x, similarities));
}
/** Added to a score, it leaves no probability. */
const NEVER = -1e9;

/** Cosine of row k and row k: [N] of rows [N, D]. */
export function pairCosines(x: Expressions, left: GraphValue, right: GraphValue): GraphValue {
  return x.sum(x.mul(normalized(x, left), normalized(x, right)), [-1]);
}

/**
 * Cosines of pairs in the order of their scores (Su, 2022: CoSENT): log(1 + sum of exp(scale (cos_i - cos_j))) over all i, j of
 * the batch where pair i has the lower score. A scalar.
 * @param scores [N], of which only the order counts
 */
export function orderedPairs(
  x: Expressions,
  left: GraphValue,
  right: GraphValue,
  scores: GraphValue,
  scale = 20,
): GraphValue {
  const cosines = x.mul(pairCosines(x, left, right), scale);
  const among = (values: GraphValue, axis: number) => x.unsqueeze(values, [axis]);
  const differences = x.sub(among(cosines, 1), among(cosines, 0));
  const isLower = x.indicator(x.greater(among(scores, 0), among(scores, 1)), differences);
  const counted = x.add(differences, x.mul(x.sub(1, isLower), NEVER));
  const none = x.graph.constant(differences.type, [1], [0]);
  return logSum(x, x.concat([none, x.reshape(counted, [-1])], 0), 0);
}

/** The mean of both directions (van den Oord et al., 2018; Radford et al., 2021): rows find each other. [N]. */
export function infoNce(x: Expressions, left: GraphValue, right: GraphValue, temperature = 0.07): GraphValue {
  const similarities = x.div(cosineSimilarities(x, left, right), temperature);
  const classes = ownRows(x, similarities);
  const forward = crossEntropy(x, similarities, classes);
  const backward = crossEntropy(x, x.transposeMatrices(similarities), classes);
  return x.mul(x.add(forward, backward), 0.5);
}

/** Added to differences before their length is taken, as PyTorch does. */
const NUDGE = 1e-6;

/** Euclidean, of rows [N, D]. [N]. */
function distances(x: Expressions, left: GraphValue, right: GraphValue): GraphValue {
  const difference = x.add(x.sub(left, right), NUDGE);
  return x.graph.op("ReduceL2", [difference, x.integers([-1])], { attributes: { keepdims: { int: 0 } } });
}

/** The positive is closer than the negative by a margin (Schroff et al., 2015), as TripletMarginLoss of PyTorch. */
export function triplet(
  x: Expressions,
  anchors: GraphValue,
  positives: GraphValue,
  negatives: GraphValue,
  margin = 1,
): GraphValue {
  const lead = x.sub(distances(x, anchors, positives), distances(x, anchors, negatives));
  return x.apply("Relu", x.add(lead, margin));
}

/**
 * Hadsell, Chopra and LeCun (2006): half the squared distance of pairs that belong together, half the squared lack
 * of distance up to a margin of those that do not.
 * @param together [N], 1 or 0
 */
export function contrastivePairs(
  x: Expressions,
  left: GraphValue,
  right: GraphValue,
  together: GraphValue,
  margin = 1,
): GraphValue {
  const distance = distances(x, left, right);
  const near = x.mul(together, x.square(distance));
  const far = x.mul(x.sub(1, together), x.square(x.apply("Relu", x.sub(margin, distance))));
  return x.mul(x.add(near, far), 0.5);
}
