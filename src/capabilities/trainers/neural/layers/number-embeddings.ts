/** Periodic embeddings of numbers. N rows; shapes may have one more dimension before them, M members. */
import type { Expressions } from "../../../../engines/onnx/index.js";
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import { normal, uniform, uniformFor } from "../initializers.js";
import type { Scope } from "../scope.js";
import { lastSize, sizeAt } from "./sizes.js";

export interface NumberEmbeddingOptions {
  /** Learnt frequencies for each number. */
  readonly frequencies: number;
  /** Their standard deviation at the beginning. */
  readonly frequencyScale: number;
  /** Values that stand for each number. */
  readonly width: number;
  /** Members with parameters of their own; absent: one set. */
  readonly members?: number;
}

/**
 * Each of n numbers, [N, n] or [M, N, n], to `width` values, [.., N, n * width].
 * - `plr` (Gorishniy et al., 2022): relu(linear(sin and cos of 2 pi f x)).
 * - `pbld` (Holzmueller et al., 2024): x beside linear(cos(2 pi f x + phase)).
 *
 * Parameters: `frequencies` and, for `pbld`, `phases` [.., n, 1, F]; `weight` [.., n, waves, w]; `bias` [.., n, 1, w].
 */
export function embedNumbers(
  scope: Scope,
  value: GraphValue,
  kind: "plr" | "pbld",
  { frequencies, frequencyScale, width, members }: NumberEmbeddingOptions,
): GraphValue {
  const { x } = scope;
  const count = lastSize(value);
  const lead = members === undefined ? [] : [members];
  const sizes = [...lead, count, 1, frequencies];
  const undecayed = { decayFactor: 0 };
  const isPhased = kind === "pbld";
  const frequency = scope.parameter("frequencies", sizes, normal(frequencyScale), undecayed);
  const columns = x.unsqueeze(x.transposeMatrices(value), [-1]);
  const angles = x.mul(columns, x.mul(frequency, 2 * Math.PI));
  const waves = isPhased
    ? x.apply("Cos", x.add(angles, scope.parameter("phases", sizes, uniform(Math.PI), undecayed)))
    : x.concat([x.apply("Sin", angles), x.apply("Cos", angles)], -1);
  const inputs = lastSize(waves);
  const made = isPhased ? width - 1 : width;
  const weight = scope.parameter("weight", [...lead, count, inputs, made], uniformFor(inputs));
  const bias = scope.parameter("bias", [...lead, count, 1, made], uniformFor(inputs), undecayed);
  const linear = x.add(x.matmul(waves, weight), bias);
  return sideBySide(x, isPhased ? besideNumber(x, columns, linear) : x.apply("Relu", linear));
}

/** [n, N, E] or [M, n, N, E] to [.., N, n * E]. */
function sideBySide(x: Expressions, embedded: GraphValue): GraphValue {
  const hasMembers = embedded.shape.length === 4;
  const order = hasMembers ? [0, 2, 1, 3] : [1, 0, 2];
  const lead = hasMembers ? [sizeAt(embedded, 0)] : [];
  const width = sizeAt(embedded, -3) * lastSize(embedded);
  return x.reshape(x.transpose(embedded, order), [...lead, -1, width]);
}

/** Joins along the last dimension; the numbers are the same for all members where these are more. */
function besideNumber(x: Expressions, columns: GraphValue, linear: GraphValue): GraphValue {
  return x.concat([forMembers(x, columns, linear), linear], -1);
}

/** The value once for each member where `like` has a dimension of members and it has none. */
export function forMembers(x: Expressions, value: GraphValue, like: GraphValue): GraphValue {
  if (value.shape.length >= like.shape.length) return value;
  const shape = like.shape.map((size, axis) => (axis === 0 ? Number(size) : 1));
  const zeros = x.graph.constant("float32", shape, new Float32Array(shape[0]!));
  return x.add(value, zeros);
}
