/** Weights and activations as small integers (ai.onnx 21). */
import type { Dimension, ElementType } from "../../../foundation/contracts/graph.js";
import { elementTypeOf } from "../element-types.js";
import {
  axisOf,
  broadcast,
  fail,
  inputOf,
  integer,
  type OperatorCall,
  type OperatorTable,
  type TensorType,
} from "./operator.js";
import { windowed } from "./windows.js";

const QUANTISED: ReadonlySet<ElementType> = new Set<ElementType>(["int8", "uint8", "int4"]);

function quantised(call: OperatorCall, index: number): TensorType {
  const input = inputOf(call, index);
  return QUANTISED.has(input.type) ? input : fail(call, `input ${index} is no small integer`);
}

/** Scale and zero point are single, one for each index of an axis, or one for each block along it. */
function checkScales(call: OperatorCall, shape: readonly Dimension[]): void {
  const scale = inputOf(call, 1);
  const zero = call.inputs[2];
  if (scale.type !== "float32") fail(call, "the scale must be float32");
  if (zero && zero.shape.join() !== scale.shape.join()) fail(call, "scale and zero point differ in shape");
  if (scale.shape.length === 0) return;
  const axis = axisOf(call, integer(call, "axis", 1), shape.length);
  const block = integer(call, "block_size", 0);
  const [size, fits] = [shape[axis], (own: Dimension | undefined, of: Dimension | undefined) => own === of];
  if (block === 0) {
    if (scale.shape.length !== 1 || !fits(scale.shape[0], size)) fail(call, "scales do not fit the axis");
    return;
  }
  if (block < 0 || typeof size !== "number" || scale.shape.length !== shape.length)
    fail(call, "blocks do not fit");
  for (const [at, own] of scale.shape.entries()) {
    const wanted = at === axis ? Math.ceil((size as number) / block) : shape[at];
    if (!fits(own, wanted)) fail(call, "blocks do not fit");
  }
}

const dequantize = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  // Biases of quantised convolutions are int32.
  if (type !== "int32") quantised(call, 0);
  checkScales(call, shape);
  if (call.inputs[2] && call.inputs[2].type !== type) fail(call, "the zero point has another type");
  return [{ type: "float32", shape }];
};

const quantize = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  if (type !== "float32") fail(call, "the input must be float32");
  checkScales(call, shape);
  const zero = call.inputs[2] ? quantised(call, 2).type : undefined;
  const given = integer(call, "output_dtype", 0);
  return [
    {
      type: zero ?? (given === 0 ? "uint8" : (elementTypeOf(given) ?? fail(call, "output_dtype is unknown"))),
      shape,
    },
  ];
};

const dynamicQuantize = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  if (type !== "float32") fail(call, "the input must be float32");
  return [
    { type: "uint8", shape },
    { type: "float32", shape: [] },
    { type: "uint8", shape: [] },
  ];
};

const matMulInteger = (call: OperatorCall): TensorType[] => {
  const [left, right] = [quantised(call, 0).shape, quantised(call, 1).shape];
  if (left.length < 2 || right.length < 2) fail(call, "inputs must be matrices");
  const [inner, other] = [left.at(-1), right.at(-2)];
  if (typeof inner === "number" && typeof other === "number" && inner !== other) {
    fail(call, `inner sizes ${inner} and ${other} differ`);
  }
  const batch = broadcast(call, [left.slice(0, -2), right.slice(0, -2)]);
  const points = [call.inputs[2], call.inputs[3]];
  if (points.some((point) => point && point.shape.length > 0 && point.shape[0] !== 1)) {
    fail(call, "zero points must be single");
  }
  return [{ type: "int32", shape: [...batch, left.at(-2)!, right.at(-1)!] }];
};

const convInteger = (call: OperatorCall): TensorType[] => {
  const [batch, , ...spatial] = quantised(call, 0).shape;
  const [channels, , ...kernel] = quantised(call, 1).shape;
  if (!kernel.every((size) => typeof size === "number"))
    return fail(call, "the sizes of the kernel must be known");
  if ([2, 3].some((index) => (call.inputs[index]?.shape.length ?? 0) > 0))
    fail(call, "zero points must be single");
  return [{ type: "int32", shape: [batch!, channels!, ...windowed(call, spatial, kernel as number[])] }];
};

export const QUANTIZATION = {
  QuantizeLinear: { domain: "", infer: quantize },
  DequantizeLinear: { domain: "", infer: dequantize },
  DynamicQuantizeLinear: { domain: "", infer: dynamicQuantize },
  MatMulInteger: { domain: "", infer: matMulInteger },
  ConvInteger: { domain: "", infer: convInteger },
} satisfies OperatorTable;
