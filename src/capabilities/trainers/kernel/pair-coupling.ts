/**
 * Class probabilities from pairwise ones in closed form (Price, Knerr, Personnaz and Dreyfus, 1995):
 * p_i proportional to 1 / (sum over j of 1 / r_ij - (k - 2)), r_ij = P(i | i or j) = sigmoid(z_ij).
 * As 1 / r_ij = 1 + exp(-z_ij), that is the softmax of -log(1 + sum over j of exp(-z_ij)), stable for any logits.
 * For two classes it is the sigmoid itself.
 */
import type { GraphBuilder, GraphValue } from "../../../foundation/contracts/graph.js";
import { emitSoftmax } from "../numeric/graph-links.js";
import { softmaxRows } from "../numeric/links.js";

/** Index of the pair (low, high), low < high, in the order (0,1), (0,2), ..., (1,2), ... */
function pairIndex(low: number, high: number, classes: number): number {
  return (low * (2 * classes - low - 1)) / 2 + high - low - 1;
}

/** `logits`: row-major, a column for each pair, for the second class of the pair. */
export function pairCoupling(logits: Float64Array, classes: number): Float64Array {
  const pairs = (classes * (classes - 1)) / 2;
  const rows = logits.length / pairs;
  const scores = new Float64Array(rows * classes);
  const against = new Float64Array(classes);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < classes; i++) {
      let greatest = 0;
      for (let j = 0; j < classes; j++) {
        // -z_ij; the entry of the class itself stands for the 1 in the sum.
        against[j] =
          i === j
            ? 0
            : i < j
              ? logits[row * pairs + pairIndex(i, j, classes)]!
              : -logits[row * pairs + pairIndex(j, i, classes)]!;
        greatest = Math.max(greatest, against[j]!);
      }
      let sum = 0;
      for (let j = 0; j < classes; j++) sum += Math.exp(against[j]! - greatest);
      scores[row * classes + i] = -(greatest + Math.log(sum));
    }
  }
  return softmaxRows(scores, classes);
}

/** Float64 [N, pairs] to [N, classes]. */
export function emitPairCoupling(graph: GraphBuilder, logits: GraphValue, classes: number): GraphValue {
  const pairs = (classes * (classes - 1)) / 2;
  // A matrix of 0, 1 and -1 that spreads the pairs over an antisymmetric classes x classes square.
  const spread = new Float64Array(pairs * classes * classes);
  for (let low = 0; low < classes; low++) {
    for (let high = low + 1; high < classes; high++) {
      const pair = pairIndex(low, high, classes) * classes * classes;
      spread[pair + low * classes + high] = 1;
      spread[pair + high * classes + low] = -1;
    }
  }
  const square = graph.op("MatMul", [logits, graph.constant("float64", [pairs, classes * classes], spread)]);
  const shape = graph.constant("int64", [3], BigInt64Array.from([-1n, BigInt(classes), BigInt(classes)]));
  const against = graph.op("Reshape", [square, shape]);
  const axis = graph.constant("int64", [1], BigInt64Array.of(2n));
  const greatest = graph.op("ReduceMax", [against, axis]);
  const sums = graph.op("ReduceSum", [graph.op("Exp", [graph.op("Sub", [against, greatest])]), axis]);
  const logs = graph.op("Add", [graph.op("Log", [sums]), greatest]);
  const flat = graph.constant("int64", [2], BigInt64Array.from([-1n, BigInt(classes)]));
  return emitSoftmax(graph, graph.op("Neg", [graph.op("Reshape", [logs, flat])]));
}
