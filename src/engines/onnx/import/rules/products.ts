/** Products and convolutions with what exporters fuse into them. */
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import { applyActivation } from "./activations.js";
import { floatOf, type ImportCall, type ImportRule, integerOf, without } from "./rule.js";

/** com.microsoft.FusedMatMul: alpha * A' * B', each side transposed in its last two or its batch dimensions. */
const fusedMatMul: ImportRule = (call) => {
  const { x } = call;
  const [left, right] = [operand(call, 0, "A"), operand(call, 1, "B")];
  const alpha = floatOf(call, "alpha", 1);
  const product = x.matmul(left, right);
  return [alpha === 1 ? product : x.mul(product, alpha)];
};

/** `transBatch` moves the first dimension to the last place but one; `trans` then swaps the last two. */
function operand(call: ImportCall, index: number, side: "A" | "B"): GraphValue {
  const value = call.input(index);
  const rank = value.shape.length;
  if (rank < 2) return value;
  let order = Array.from({ length: rank }, (_, axis) => axis);
  if (integerOf(call, `transBatch${side}`, 0) === 1) order = [...order.slice(1, -1), 0, rank - 1];
  if (integerOf(call, `trans${side}`, 0) === 1) order = [...order.slice(0, -2), order.at(-1)!, order.at(-2)!];
  return order.every((axis, place) => axis === place) ? value : call.x.transpose(value, order);
}

/** com.microsoft.FusedConv: convolution, plus an optional fourth input, then an activation. */
const fusedConvolution: ImportRule = (call) => {
  const attributes = without(call.attributes, "activation", "activation_params");
  const inputs = [call.input(0), call.input(1), call.optional(2)];
  const result = call.graph.op("Conv", inputs, { attributes });
  return [applyActivation(call, call.has(3) ? call.x.add(result, call.input(3)) : result)];
};

const fusedGemm: ImportRule = (call) => {
  const names = ["activation", "activation_alpha", "activation_beta", "activation_gamma"];
  const inputs = [call.input(0), call.input(1), call.optional(2)];
  const result = call.graph.op("Gemm", inputs, { attributes: without(call.attributes, ...names) });
  return [applyActivation(call, result)];
};

export const CONTRIB_PRODUCTS: Readonly<Record<string, ImportRule>> = {
  FusedMatMul: fusedMatMul,
  FusedConv: fusedConvolution,
  FusedGemm: fusedGemm,
};
