/** Layers as functions that append to a graph. N rows; shapes may have one more dimension before them, M members. */

import type { Expressions } from "../../../engines/onnx/index.js";
import type { GraphValue } from "../../../foundation/contracts/graph.js";

export interface DenseParameters {
  /** [in, out], or [M, in, out]. */
  readonly weight: GraphValue;
  /** [out], or [M, 1, out]. */
  readonly bias: GraphValue;
  /** Own scales of members that share the weight: [M, 1, in] and [M, 1, out] (Wen et al., 2020: BatchEnsemble). */
  readonly scales?: { readonly input: GraphValue; readonly output: GraphValue };
}

/** [N, in] or [M, N, in] to [.., N, out]. */
export function dense(
  x: Expressions,
  value: GraphValue,
  { weight, bias, scales }: DenseParameters,
): GraphValue {
  if (!scales) return x.add(x.matmul(value, weight), bias);
  const product = x.matmul(x.mul(value, scales.input), weight);
  return x.add(x.mul(product, scales.output), bias);
}

export type Activation = "relu" | "selu" | "silu" | "gelu";

/** Element by element; any shape. */
export function activate(x: Expressions, value: GraphValue, activation: Activation): GraphValue {
  switch (activation) {
    case "relu":
      return x.apply("Relu", value);
    case "selu":
      return x.apply("Selu", value);
    case "silu":
      return x.mul(value, x.apply("Sigmoid", value));
    case "gelu": {
      // Hendrycks and Gimpel (2016), the approximation by tanh.
      const cube = x.mul(x.mul(value, value), x.mul(value, 0.044715));
      const tanh = x.apply("Tanh", x.mul(x.add(value, cube), Math.sqrt(2 / Math.PI)));
      return x.mul(x.mul(value, 0.5), x.add(tanh, 1));
    }
  }
}

/** x / sqrt(1 + (x/3)^2): within 3 and close to x around 0 (Holzmueller et al., 2024). */
export function smoothClip(x: Expressions, value: GraphValue): GraphValue {
  return x.div(value, x.apply("Sqrt", x.add(x.mul(x.mul(value, value), 1 / 9), 1)));
}

export interface EmbeddingParameters {
  /** [n, 1, F], or [M, n, 1, F]. */
  readonly frequencies: GraphValue;
  /** The same shape; `pbld` only. */
  readonly phases?: GraphValue;
  /** [.., n, waves, width], one matrix for each of the n numbers. */
  readonly weight: GraphValue;
  /** [.., n, 1, width]. */
  readonly bias: GraphValue;
}

/**
 * Periodic embeddings of n numbers, [N, n] or [M, N, n] to [.., N, n * E].
 * Without phases (PLR; Gorishniy et al., 2022): relu(linear(sin and cos of 2 pi f x)), E = width.
 * With phases (PBLD; Holzmueller et al., 2024): x beside linear(cos(2 pi f x + phase)), E = width + 1.
 */
export function embedNumbers(x: Expressions, value: GraphValue, parameters: EmbeddingParameters): GraphValue {
  const { frequencies, phases, weight, bias } = parameters;
  const count = Number(value.shape.at(-1));
  const columns = x.unsqueeze(x.transposeMatrices(value), [-1]);
  const angles = x.mul(columns, x.mul(frequencies, 2 * Math.PI));
  const waves = phases
    ? x.apply("Cos", x.add(angles, phases))
    : x.concat([x.apply("Sin", angles), x.apply("Cos", angles)], -1);
  const linear = x.add(x.matmul(waves, weight), bias);
  const embedded = phases ? besideNumber(x, columns, linear) : x.apply("Relu", linear);
  const width = Number(embedded.shape.at(-1));
  const [first, second, third, fourth] = embedded.shape.map((_, axis) => axis);
  const order = fourth === undefined ? [second!, first!, third!] : [first!, third!, second!, fourth];
  const lead = fourth === undefined ? [] : [Number(embedded.shape[0])];
  return x.reshape(x.transpose(embedded, order), [...lead, -1, count * width]);
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
