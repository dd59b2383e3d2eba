/** Predictions of combined models, and the arithmetic that every combination shares. */
import type { GraphBuilder, GraphValue } from "../../foundation/contracts/graph.js";
import type { Predictions } from "../../foundation/contracts/target.js";

/** Weights as shares of their sum. @throws Error for unusable weights: a bug of the caller. */
export function normalizedWeights(weights: ArrayLike<number>): Float64Array {
  const given = Float64Array.from(weights);
  const total = given.reduce((sum, weight) => sum + weight, 0);
  if (!(total > 0 && Number.isFinite(total)) || given.some((weight) => !(weight >= 0))) {
    throw new Error(`Weights must be finite, not negative and not all 0: ${given.join(", ")}.`);
  }
  return given.map((weight) => weight / total);
}

/**
 * The weighted mean of the members' predictions for the same rows: probabilities are averaged as probabilities,
 * values as values. The twin of `emitWeightedAverage`. Only the ratios of the weights count.
 */
export function averagePredictions(members: readonly Predictions[], weights: ArrayLike<number>): Predictions {
  const shares = normalizedWeights(weights);
  const values = new Float64Array(members[0]!.values.length);
  for (const [k, member] of members.entries()) {
    const share = shares[k]!;
    if (share === 0) continue;
    if (member.values.length !== values.length) throw new Error("Members predict for different rows.");
    for (let at = 0; at < values.length; at++) values[at]! += share * member.values[at]!;
  }
  return { ...members[0]!, values };
}

/** The weighted mean of the members' outputs, float32 [N, C]; members without weight may be left out before. */
export function emitWeightedAverage(
  graph: GraphBuilder,
  outputs: readonly GraphValue[],
  weights: ArrayLike<number>,
): GraphValue {
  const shares = normalizedWeights(weights);
  const parts = outputs.flatMap((output, k) => (shares[k]! > 0 ? [{ output, share: shares[k]! }] : []));
  if (parts.length === 1) return parts[0]!.output;
  const scaled = parts.map(({ output, share }) => graph.op("Mul", [output, graph.scalar(share)]));
  return graph.op("Sum", scaled);
}

/** The given rows, in the given order. */
export function takePredictions(predictions: Predictions, rows: ArrayLike<number>): Predictions {
  const width = predictions.kind === "probabilities" ? predictions.classes : 1;
  const values = new Float64Array(rows.length * width);
  for (let i = 0; i < rows.length; i++) {
    const from = rows[i]! * width;
    for (let k = 0; k < width; k++) values[i * width + k] = predictions.values[from + k]!;
  }
  return { ...predictions, values };
}
