import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import { type Initializer, ones, signs, uniformFor } from "../initializers.js";
import type { Scope } from "../scope.js";
import { lastSize } from "./sizes.js";

export interface DenseOptions {
  /** Default: within 1 / sqrt(inputs), as PyTorch. */
  readonly initial?: Initializer;
  /** Default true. */
  readonly hasBias?: boolean;
}

/** `dense`, or what stands in its place. */
export type DenseLayer = (
  scope: Scope,
  value: GraphValue,
  outputs: number,
  options?: DenseOptions,
) => GraphValue;

/**
 * Linear layer: [..., in] to [..., out]. Parameters: `weight` [in, out], the transpose of PyTorch's; `bias` [out].
 */
export function dense(
  scope: Scope,
  value: GraphValue,
  outputs: number,
  { initial, hasBias = true }: DenseOptions = {},
): GraphValue {
  const inputs = lastSize(value);
  const weight = scope.parameter("weight", [inputs, outputs], initial ?? uniformFor(inputs));
  const product = scope.x.matmul(value, weight);
  if (!hasBias) return product;
  return scope.x.add(product, scope.parameter("bias", [outputs], uniformFor(inputs), { decayFactor: 0 }));
}

/**
 * One linear layer for each of M members: [M, N, in], or [N, in] that all see, to [M, N, out]. Parameters: `weight`
 * [M, in, out], `bias` [M, 1, out].
 */
export function memberDense(scope: Scope, value: GraphValue, outputs: number, members: number): GraphValue {
  const inputs = lastSize(value);
  const weight = scope.parameter("weight", [members, inputs, outputs], uniformFor(inputs));
  const bias = scope.parameter("bias", [members, 1, outputs], uniformFor(inputs), { decayFactor: 0 });
  return scope.x.add(scope.x.matmul(value, weight), bias);
}

/**
 * One linear layer that each of M members scales in its own way (Wen et al., 2020: BatchEnsemble): [M, N, in], or
 * [N, in] that all see, to [M, N, out]. Parameters: `weight` [in, out], `bias` [M, 1, out], `input-scale` [M, 1, in],
 * `output-scale` [M, 1, out]. The scales begin at 1, but in the first layer of a network at random signs, which make
 * the members differ (Gorishniy et al., 2025: TabM).
 */
export function batchEnsembleDense(
  scope: Scope,
  value: GraphValue,
  outputs: number,
  { members, isFirst }: { readonly members: number; readonly isFirst: boolean },
): GraphValue {
  const { x } = scope;
  const inputs = lastSize(value);
  const undecayed = { decayFactor: 0 };
  const weight = scope.parameter("weight", [inputs, outputs], uniformFor(inputs));
  const bias = scope.parameter("bias", [members, 1, outputs], uniformFor(inputs), undecayed);
  const first = isFirst ? signs : ones;
  const inputScale = scope.parameter("input-scale", [members, 1, inputs], first, undecayed);
  const outputScale = scope.parameter("output-scale", [members, 1, outputs], ones, undecayed);
  const product = x.matmul(x.mul(value, inputScale), weight);
  return x.add(x.mul(product, outputScale), bias);
}
