import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import type { Scope } from "../scope.js";
import { type DenseLayer, dense } from "./dense.js";
import { rotatePositions } from "./embedding.js";
import { maskPenalty } from "./pooling.js";
import { lastSize, sizeAt } from "./sizes.js";

export interface AttentionOptions {
  readonly heads: number;
  /** Heads of keys and values that several query heads share (Ainslie et al., 2023); default: as many as `heads`. */
  readonly keyValueHeads?: number;
  /** Of one head; default width / heads. */
  readonly headWidth?: number;
  /** [N, S] over the places that are looked at: 1 counts, 0 does not. */
  readonly mask?: GraphValue;
  /** A place looks at itself and those before it only. */
  readonly isCausal?: boolean;
  /** [N, S, width] to look at; absent: the value itself. */
  readonly memory?: GraphValue;
  /** Turns queries and keys by their places: rotary positions with this base. */
  readonly rotaryBase?: number;
  /** Of the shares. */
  readonly dropout?: number;
  readonly hasBias?: boolean;
  /** Makes the four projections; default `dense`. */
  readonly linear?: DenseLayer;
}

/**
 * Multi-head attention (Vaswani et al., 2017): [N, T, width] to [N, T, width]. Parts, each a linear layer: `query`, `key`,
 * `value`, `output`. A row whose mask is 0 everywhere looks at all places equally.
 */
export function attention(scope: Scope, value: GraphValue, options: AttentionOptions): GraphValue {
  const { x } = scope;
  const {
    heads,
    keyValueHeads = heads,
    memory = value,
    linear = dense,
    hasBias = true,
    rotaryBase,
  } = options;
  const width = lastSize(value);
  const headWidth = options.headWidth ?? width / heads;
  const [length, places] = [sizeAt(value, 1), sizeAt(memory, 1)];
  const shared = heads / keyValueHeads;
  const project = (name: string, from: GraphValue, count: number) =>
    linear(scope.at(name), from, count * headWidth, { hasBias });
  const turned = (projected: GraphValue) =>
    rotaryBase === undefined ? projected : rotatePositions(scope, projected, rotaryBase);
  const apart = (projected: GraphValue, size: number, count: number) =>
    x.transpose(x.reshape(projected, [0, size, count, headWidth]), [0, 2, 1, 3]);
  const query = turned(apart(project("query", value, heads), length, heads));
  const key = turned(apart(project("key", memory, keyValueHeads), places, keyValueHeads));
  const values = apart(project("value", memory, keyValueHeads), places, keyValueHeads);
  // Query heads that share a key head lie beside one another, as further places of that head.
  const grouped = shared === 1 ? query : x.reshape(query, [0, keyValueHeads, shared * length, headWidth]);
  const products = x.mul(x.matmul(grouped, x.transposeMatrices(key)), 1 / Math.sqrt(headWidth));
  const scores = penalized(scope, products, options, { length, places, shared });
  const shares = x.graph.op("Softmax", [scores], { attributes: { axis: { int: -1 } } });
  const seen = x.matmul(scope.dropout(shares, options.dropout ?? 0), values);
  const together = x.transpose(x.reshape(seen, [0, heads, length, headWidth]), [0, 2, 1, 3]);
  return linear(scope.at("output"), x.reshape(together, [0, length, heads * headWidth]), width, { hasBias });
}

/** Scores [N, heads, shared * T, S] with those that must not count made very low. */
function penalized(
  { x }: Scope,
  scores: GraphValue,
  { mask, isCausal = false }: AttentionOptions,
  { length, places, shared }: { length: number; places: number; shared: number },
): GraphValue {
  const masked = mask ? x.add(scores, x.unsqueeze(maskPenalty(x, mask), [1, 2])) : scores;
  if (!isCausal) return masked;
  const allowed = Float32Array.from({ length: shared * length * places }, (_, index) => {
    const [place, other] = [Math.floor(index / places) % length, index % places];
    return other <= place + places - length ? 1 : 0;
  });
  return x.add(masked, maskPenalty(x, x.graph.constant("float32", [shared * length, places], allowed)));
}
