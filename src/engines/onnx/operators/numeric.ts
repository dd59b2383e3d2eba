/** Products, reductions and normalisations. */
import type { Dimension } from "../../../foundation/contracts/graph.js";
import { inferEinsum } from "./einsum.js";
import {
  axisOf,
  broadcast,
  constant,
  fail,
  inputOf,
  integer,
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

/** Of boxes [N, A, 4] and scores [N, C, A], the kept ones: at most the asked number for each picture and class. */
const nonMaxSuppression = (call: OperatorCall): TensorType[] => {
  const [boxes, scores] = [inputOf(call, 0).shape, inputOf(call, 1).shape];
  if (boxes.length !== 3 || scores.length !== 3 || boxes[2] !== 4) {
    fail(call, "it takes boxes [N, A, 4] and scores [N, C, A]");
  }
  const most = call.inputs[2] ? constant(call, 2)?.[0] : 0;
  const [pictures, classes, count] = scores as readonly [Dimension, Dimension, Dimension];
  const kept = call.fresh((sizeOf) => {
    return sizeOf(pictures) * sizeOf(classes) * Math.min(sizeOf(count), most ?? Number.POSITIVE_INFINITY);
  });
  return [{ type: "int64", shape: [kept, 3] }];
};

/** Running mean and variance are outputs in training mode only. */
const batchNormalization = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  if (integer(call, "training_mode", 0) === 0) return [{ type, shape }];
  const [mean, variance] = [inputOf(call, 3), inputOf(call, 4)];
  return [{ type, shape }, ...[mean, variance].map((value) => ({ type: value.type, shape: value.shape }))];
};

const layerNormalization = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
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
  LayerNormalization: { domain: "", requiredOutputs: 1, infer: layerNormalization },
  BatchNormalization: { domain: "", infer: batchNormalization },
  MatMul: { domain: "", infer: matMul },
  Gemm: { domain: "", infer: gemm },
  Einsum: { domain: "", infer: inferEinsum },
  TopK: { domain: "", infer: topK },
  NonMaxSuppression: { domain: "", infer: nonMaxSuppression },
} satisfies OperatorTable;
