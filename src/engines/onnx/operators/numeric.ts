/** Products, reductions, windows and normalisations. */
import type { Dimension } from "../../../foundation/contracts/graph.js";
import {
  axisOf,
  broadcast,
  constant,
  fail,
  inputOf,
  integer,
  integers,
  type OperatorCall,
  type OperatorTable,
  operators,
  sameType,
  type TensorType,
} from "./operator.js";

const matMul = (call: OperatorCall): TensorType[] => {
  const type = sameType(call);
  const [left, right] = [inputOf(call, 0).shape, inputOf(call, 1).shape];
  const a = left.length === 1 ? [1, ...left] : left;
  const b = right.length === 1 ? [...right, 1] : right;
  const [inner, other] = [a.at(-1), b.at(-2)];
  if (typeof inner === "number" && typeof other === "number" && inner !== other) {
    fail(call, `inner sizes ${inner} and ${other} differ`);
  }
  const tail = [...(left.length === 1 ? [] : [a.at(-2)!]), ...(right.length === 1 ? [] : [b.at(-1)!])];
  return [{ type, shape: [...broadcast(call, [a.slice(0, -2), b.slice(0, -2)]), ...tail] }];
};

const gemm = (call: OperatorCall): TensorType[] => {
  const type = sameType(call);
  const [a, b] = [inputOf(call, 0).shape, inputOf(call, 1).shape];
  if (a.length !== 2 || b.length !== 2) fail(call, "inputs must be matrices");
  const rows = a[integer(call, "transA", 0)]!;
  const columns = b[1 - integer(call, "transB", 0)]!;
  return [{ type, shape: [rows, columns] }];
};

/** Axes come as an input since opset 18 (ReduceSum: 13). No axes: all, or none with noop_with_empty_axes. */
const reduce = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  const given = call.inputs[1] ? constant(call, 1) : [];
  if (!given) return fail(call, "axes must be a constant");
  if (given.length === 0 && integer(call, "noop_with_empty_axes", 0) === 1) return [{ type, shape }];
  const axes = given.length === 0 ? shape.map((_, index) => index) : given;
  return [{ type, shape: reduced(call, shape, axes) }];
};

function reduced(call: OperatorCall, shape: readonly Dimension[], axes: readonly number[]): Dimension[] {
  const gone = new Set(axes.map((axis) => axisOf(call, axis, shape.length)));
  const keep = integer(call, "keepdims", 1) === 1;
  return shape.flatMap((size, index) => (gone.has(index) ? (keep ? [1] : []) : [size]));
}

const argument = (call: OperatorCall): TensorType[] => [
  { type: "int64", shape: reduced(call, inputOf(call, 0).shape, [integer(call, "axis", 0)]) },
];

const topK = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  const axis = axisOf(call, integer(call, "axis", -1), shape.length);
  const count = call.contents(1)?.[0] ?? call.fresh();
  const result = shape.map((size, index) => (index === axis ? count : size));
  return [
    { type, shape: result },
    { type: "int64", shape: result },
  ];
};

/** Sizes after a sliding window over the axes behind batch and channel. */
function windowed(call: OperatorCall, spatial: readonly Dimension[], kernel: readonly number[]): Dimension[] {
  const strides = integers(call, "strides") ?? kernel.map(() => 1);
  const dilations = integers(call, "dilations") ?? kernel.map(() => 1);
  const pads = integers(call, "pads") ?? [...kernel, ...kernel].map(() => 0);
  const automatic = call.attributes.auto_pad;
  const mode = automatic && "string" in automatic ? automatic.string : "NOTSET";
  const round = integer(call, "ceil_mode", 0) === 1 ? Math.ceil : Math.floor;
  return spatial.map((size, index) => {
    const added = pads[index]! + pads[index + kernel.length]!;
    if (typeof size !== "number") return call.fresh((sizeOf) => sizeOf(size) + Math.max(0, added));
    if (mode.startsWith("SAME")) return Math.ceil(size / strides[index]!);
    const padded = mode === "VALID" ? size : size + added;
    return round((padded - dilations[index]! * (kernel[index]! - 1) - 1) / strides[index]!) + 1;
  });
}

const convolution = (call: OperatorCall): TensorType[] => {
  const [batch, , ...spatial] = inputOf(call, 0).shape;
  const [channels, , ...kernel] = inputOf(call, 1).shape as number[];
  return [{ type: sameType(call), shape: [batch!, channels!, ...windowed(call, spatial, kernel)] }];
};

const transposedConvolution = (call: OperatorCall): TensorType[] => {
  const [batch, , ...spatial] = inputOf(call, 0).shape;
  const [, channels, ...kernel] = inputOf(call, 1).shape as number[];
  const strides = integers(call, "strides") ?? kernel.map(() => 1);
  const dilations = integers(call, "dilations") ?? kernel.map(() => 1);
  const pads = integers(call, "pads") ?? [...kernel, ...kernel].map(() => 0);
  const extra = integers(call, "output_padding") ?? kernel.map(() => 0);
  const sizes = spatial.map((size, index) => {
    const reach = dilations[index]! * (kernel[index]! - 1) + 1;
    const added = extra[index]! + reach - pads[index]! - pads[index + kernel.length]!;
    const grown = (length: number) => strides[index]! * (length - 1) + added;
    return typeof size === "number" ? grown(size) : call.fresh((sizeOf) => grown(sizeOf(size)));
  });
  return [{ type: sameType(call), shape: [batch!, channels! * integer(call, "group", 1), ...sizes] }];
};

const pool = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  const kernel = integers(call, "kernel_shape") ?? fail(call, "kernel_shape is missing");
  const result = [...shape.slice(0, 2), ...windowed(call, shape.slice(2), kernel)];
  const values: TensorType = { type, shape: result };
  return call.type === "MaxPool" ? [values, { type: "int64", shape: result }] : [values];
};

const globalPool = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  return [{ type, shape: shape.map((size, index) => (index < 2 ? size : 1)) }];
};

const normalization = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  if (call.type === "BatchNormalization") return [{ type, shape }];
  const axis = axisOf(call, integer(call, "axis", -1), shape.length);
  const statistics: TensorType = {
    type: "float32",
    shape: shape.map((size, index) => (index < axis ? size : 1)),
  };
  return [{ type, shape }, statistics, statistics];
};

export const NUMERIC = {
  ...operators("", "ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2", reduce),
  ...operators("", "ReduceLogSum ReduceLogSumExp ReduceSumSquare", reduce),
  ...operators("", "ArgMax ArgMin", argument),
  ...operators("", "MaxPool AveragePool LpPool", pool),
  ...operators("", "GlobalAveragePool GlobalMaxPool", globalPool),
  ...operators("", "LayerNormalization BatchNormalization", normalization),
  MatMul: { domain: "", infer: matMul },
  Gemm: { domain: "", infer: gemm },
  TopK: { domain: "", infer: topK },
  Conv: { domain: "", infer: convolution },
  ConvTranspose: { domain: "", infer: transposedConvolution },
} satisfies OperatorTable;
