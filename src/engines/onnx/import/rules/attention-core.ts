/** Scaled dot-product attention (Vaswani et al., 2017) in standard ops, as all fused forms of it need. */
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import { type Expressions, isStatic } from "../../expressions.js";
import { placesAlong, repeatHeads, sizeOf } from "./shapes.js";

export interface AttentionInputs {
  /** [B, heads, S, D] */
  readonly query: GraphValue;
  /** [B, heads or a divisor of them, T, D] */
  readonly key: GraphValue;
  /** [B, as many as keys, T, E] */
  readonly value: GraphValue;
  /** Default: 1 / sqrt(D). */
  readonly scale: number | undefined;
  /** Added to the scores; broadcasts to [B, heads, S, T]. */
  readonly bias?: GraphValue | undefined;
  /** True where attending is allowed; broadcasts to [B, heads, S, T]. */
  readonly allowed?: readonly GraphValue[];
  /** Scores are kept within ± this by tanh; 0: they are not. */
  readonly softcap?: number;
}

export interface AttentionResult {
  /** [B, heads, S, E] */
  readonly output: GraphValue;
  /** [B, heads, S, T] after scaling, after softcap, with bias and masks, after softmax. */
  readonly stages: readonly [GraphValue, GraphValue, GraphValue, GraphValue];
}

/** The least float32: a score that softmax turns into 0, while a row of nothing else stays finite. */
const LEAST = -3.4028234663852886e38;

export function attend(x: Expressions, inputs: AttentionInputs): AttentionResult {
  const { query, bias, allowed = [], softcap = 0 } = inputs;
  const [heads, groups] = [query.shape[1], inputs.key.shape[1]];
  if (typeof heads !== "number" || typeof groups !== "number")
    throw new Error("the number of heads is unknown");
  if (heads % groups !== 0) throw new Error(`${heads} heads do not divide among ${groups} groups`);
  const key = repeatHeads(x, inputs.key, heads / groups);
  const value = repeatHeads(x, inputs.value, heads / groups);
  const width = query.shape[3];
  if (inputs.scale === undefined && typeof width !== "number")
    throw new Error("the width of a head is unknown");
  const scale = inputs.scale ?? 1 / Math.sqrt(width as number);
  const scaled = x.mul(x.matmul(query, x.transpose(key, [0, 1, 3, 2])), scale);
  const capped = softcap > 0 ? x.mul(x.apply("Tanh", x.div(scaled, softcap)), softcap) : scaled;
  const biased = bias ? x.add(capped, bias) : capped;
  const masked = allowed.reduce((scores, mask) => x.where(mask, scores, LEAST), biased);
  const shares = x.graph.op("Softmax", [masked], { attributes: { axis: { int: -1 } } });
  // A query that may attend to nothing gets zeros.
  const weights = allowed.reduce((left, mask) => x.where(mask, left, 0), shares);
  return { output: x.matmul(weights, value), stages: [scaled, capped, masked, weights] };
}

/**
 * Bool [S, T]: whether key t is at or before query s, both counted from the beginning of the sequence.
 * @param past int64 [1]: keys before the first query; absent: none
 * @param window how many keys back a query looks, itself included; absent: all
 */
export function causalMask(
  x: Expressions,
  query: GraphValue,
  key: GraphValue,
  past?: GraphValue,
  window?: number,
): GraphValue {
  const own = x.unsqueeze(placesAlong(x, query, 2), [1]);
  const rows = past ? x.add(own, past) : own;
  const columns = x.unsqueeze(placesAlong(x, key, 2), [0]);
  const before = x.graph.op("LessOrEqual", [columns, rows]);
  if (window === undefined) return before;
  return x.graph.op("And", [before, x.greater(columns, x.sub(rows, window))]);
}

/** Int64 [1]: how many keys came before the first query, where the last key belongs to the last query. */
export function pastLength(x: Expressions, query: GraphValue, key: GraphValue): GraphValue {
  return x.sub(sizeOf(x, key, 2), sizeOf(x, query, 2));
}

/** What came before, followed by what is new, along the sequence. */
export function withPast(x: Expressions, past: GraphValue | undefined, present: GraphValue): GraphValue {
  if (!past) return present;
  return past.shape[2] === 0 && isStatic([past.shape[2]]) ? present : x.concat([past, present], 2);
}
