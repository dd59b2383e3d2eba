/** Products, reductions and normalisations. */
import { type AttributeValue, cast, type GraphValue } from "../../../foundation/contracts/graph.js";
import { isStatic } from "../../onnx/index.js";
import {
  axisAttribute,
  constantInput,
  type Derivation,
  defineOp,
  defineOps,
  floatAttribute,
  integerAttribute,
  type OpSample,
  zerosLike,
} from "./definition.js";

const flag = (value: boolean): AttributeValue => ({ int: value ? 1 : 0 });

/** c of a reduction with the dropped dimensions put back as 1. */
function unreduced(d: Derivation, value: GraphValue): GraphValue {
  if (integerAttribute(d.node, "keepdims", 1) === 1) return value;
  return d.x.reshape(value, keptShape(d));
}

function reducedAxes(d: Derivation): readonly number[] {
  const rank = d.input.shape.length;
  const given = constantInput(d, 1) ?? [];
  const all = d.input.shape.map((_, axis) => axis);
  if (given.length === 0) return integerAttribute(d.node, "noop_with_empty_axes", 0) === 1 ? [] : all;
  return given.map((axis) => (axis < 0 ? axis + rank : axis));
}

function keptShape(d: Derivation): GraphValue | readonly number[] {
  const gone = new Set(reducedAxes(d));
  const shape = d.input.shape.map((size, axis) => (gone.has(axis) ? 1 : size));
  if (isStatic(shape)) return shape;
  const pieces = d.input.shape.map((_, axis) => {
    if (gone.has(axis)) return d.x.integers([1]);
    const range = { start: { int: axis }, end: { int: axis + 1 } };
    return d.graph.op("Shape", [d.input], { attributes: range });
  });
  return d.x.concat(pieces, 0);
}

/** How many elements went into each result, as a number or read when the graph runs. */
function reducedCount({ graph, x, input, output }: Derivation): GraphValue | number {
  const [from, to] = [input.shape, output.shape];
  if (isStatic(from) && isStatic(to)) {
    return from.reduce((count, size) => count * size, 1) / to.reduce((count, size) => count * size, 1);
  }
  const ratio = x.div(graph.op("Size", [input]), graph.op("Size", [output]));
  return cast(graph, ratio, input.type);
}

const spread = (d: Derivation, value: GraphValue) => d.x.expand(unreduced(d, value), d.x.shapeOf(d.input));

const REDUCTION_SAMPLES: OpSample[] = [
  { inputs: [{ shape: [2, 3, 2], range: [0.5, 2] }, axes([1])] },
  { inputs: [{ shape: [2, 3, 2], range: [0.5, 2] }, axes([0, -1])], attributes: { keepdims: flag(false) } },
  { inputs: [{ shape: [2, 3], range: [0.5, 2] }], attributes: { keepdims: flag(false) } },
  { inputs: [{ shape: [2, 3], range: [0.5, 2] }], attributes: { noop_with_empty_axes: flag(true) } },
];

function axes(values: number[]) {
  return { constant: values, shape: [values.length], type: "int64" as const };
}

function reduction<const Type extends string>(type: Type, gradient: (d: Derivation) => GraphValue) {
  return { type, samples: REDUCTION_SAMPLES, vjp: (d: Derivation) => [gradient(d), undefined] };
}

/** Elements that equal the extreme share its cotangent, as in PyTorch's amax. */
function reducedExtreme(d: Derivation): GraphValue {
  const { x, input } = d;
  const hits = x.indicator(x.equal(input, unreduced(d, d.output)), input);
  const count = x.sum(hits, reducedAxes(d), true);
  return x.mul(hits, x.div(unreduced(d, d.c), count));
}

/** x / |x|, and 0 where the norm is 0. */
function unitDirection(d: Derivation): GraphValue {
  const norm = unreduced(d, d.output);
  const safe = d.x.where(d.x.equal(norm, 0), 1, norm);
  return d.x.mul(unreduced(d, d.c), d.x.div(d.input, safe));
}

const REDUCTIONS = {
  ReduceSum: reduction("ReduceSum", (d) => spread(d, d.c)),
  ReduceMean: reduction("ReduceMean", (d) => spread(d, d.x.div(d.c, reducedCount(d)))),
  ReduceMax: reduction("ReduceMax", reducedExtreme),
  ReduceMin: reduction("ReduceMin", reducedExtreme),
  ReduceL1: reduction("ReduceL1", (d) => d.x.mul(unreduced(d, d.c), d.x.apply("Sign", d.input))),
  ReduceL2: reduction("ReduceL2", unitDirection),
  ReduceSumSquare: reduction("ReduceSumSquare", (d) => d.x.mul(unreduced(d, d.x.mul(d.c, 2)), d.input)),
  ReduceLogSum: reduction("ReduceLogSum", (d) => spread(d, d.x.div(d.c, d.x.apply("Exp", d.output)))),
  ReduceLogSumExp: reduction("ReduceLogSumExp", (d) =>
    d.x.mul(unreduced(d, d.c), d.x.apply("Exp", d.x.sub(d.input, unreduced(d, d.output)))),
  ),
};

function gemm(
  d: Derivation,
  a: GraphValue,
  b: GraphValue,
  transposeA: boolean,
  transposeB: boolean,
  alpha = 1,
): GraphValue {
  const attributes = { transA: flag(transposeA), transB: flag(transposeB), alpha: { float: alpha } };
  return d.graph.op("Gemm", [a, b], { attributes });
}

function gemmVjp(d: Derivation): (GraphValue | undefined)[] {
  const { node, x, c } = d;
  const [a, b] = [node.inputs[0]!, node.inputs[1]!];
  const [turnsA, turnsB] = ["transA", "transB"].map((name) => integerAttribute(node, name, 0) === 1);
  const alpha = floatAttribute(node, "alpha", 1);
  const beta = floatAttribute(node, "beta", 1);
  return [
    turnsA ? gemm(d, b, c, turnsB!, true, alpha) : gemm(d, c, b, false, !turnsB, alpha),
    turnsB ? gemm(d, c, a, true, turnsA!, alpha) : gemm(d, a, c, !turnsA, false, alpha),
    node.inputs[2] && (beta === 1 ? c : x.mul(c, beta)),
  ];
}

function matMulVjp(d: Derivation): GraphValue[] {
  const { x, c, node } = d;
  const [a, b] = [node.inputs[0]!, node.inputs[1]!];
  const [rankA, rankB] = [a.shape.length, b.shape.length];
  if (rankA < 2 || rankB < 2) throw new Error("The derivative of MatMul needs matrices, not vectors.");
  if (rankA === 2 && rankB === 2) return [gemm(d, c, b, false, true), gemm(d, a, c, true, false)];
  const toA = x.matmul(c, x.transposeMatrices(b));
  if (rankB > 2) return [toA, x.matmul(x.transposeMatrices(a), c)];
  // One matrix for all of the batch: one product over all its rows instead of a sum of many.
  const rowsOf = (value: GraphValue) => x.reshape(value, [-1, Number(value.shape.at(-1))]);
  return [toA, gemm(d, rowsOf(a), rowsOf(c), true, false)];
}

/** Ba, Kiros, Hinton (2016); mean and inverse deviation are outputs 1 and 2 of the node. */
function layerNormalizationVjp(d: Derivation): (GraphValue | undefined)[] {
  const { x, c, node, input } = d;
  const [, scale, bias] = node.inputs;
  const [, mean, inverse] = node.outputs;
  if (d.cotangents[1] || d.cotangents[2]) {
    throw new Error("The derivative of LayerNormalization exists for its first output.");
  }
  const first = axisAttribute(d, -1);
  const own = input.shape.flatMap((_, axis) => (axis >= first ? [axis] : []));
  const normal = x.mul(x.sub(input, mean!), inverse!);
  const scaled = x.mul(c, scale!);
  const centred = x.sub(scaled, x.mean(scaled, own, true));
  const projected = x.mul(normal, x.mean(x.mul(scaled, normal), own, true));
  return [x.mul(x.sub(centred, projected), inverse!), x.mul(c, normal), bias && c];
}

const softmaxSamples: OpSample[] = [
  { inputs: [{ shape: [3, 4] }] },
  { inputs: [{ shape: [2, 3, 2] }], attributes: { axis: { int: 1 } } },
];

/** Entries of one kept window position each. */
function averageVjp(d: Derivation): GraphValue[] {
  return [d.x.expand(d.x.div(d.c, reducedCount(d)), d.x.shapeOf(d.input))];
}

export const PRODUCTS = {
  ...REDUCTIONS,
  MatMul: defineOp({
    type: "MatMul",
    samples: [
      { inputs: [{ shape: [2, 3] }, { shape: [3, 4] }] },
      { inputs: [{ shape: [2, 2, 3] }, { shape: [3, 2] }] },
      { inputs: [{ shape: [2, 2, 3] }, { shape: [2, 3, 2] }] },
      { inputs: [{ shape: [1, 2, 3] }, { shape: [2, 3, 2] }] },
      { inputs: [{ shape: [2, 3] }, { shape: [2, 3, 2] }] },
    ],
    vjp: matMulVjp,
  }),
  Gemm: defineOp({
    type: "Gemm",
    samples: [
      { inputs: [{ shape: [2, 3] }, { shape: [3, 4] }, { shape: [4] }] },
      {
        inputs: [{ shape: [3, 2] }, { shape: [4, 3] }, { shape: [2, 1] }],
        attributes: { transA: flag(true), transB: flag(true), alpha: { float: 0.5 }, beta: { float: 2 } },
      },
      { inputs: [{ shape: [3, 2] }, { shape: [3, 4] }], attributes: { transA: flag(true) } },
      { inputs: [{ shape: [2, 3] }, { shape: [4, 3] }], attributes: { transB: flag(true) } },
    ],
    vjp: gemmVjp,
  }),
  Softmax: defineOp({
    type: "Softmax",
    samples: softmaxSamples,
    vjp: (d) => {
      const weighted = d.x.mul(d.c, d.output);
      const sum = d.x.sum(weighted, [axisAttribute(d, -1)], true);
      return [d.x.sub(weighted, d.x.mul(d.output, sum))];
    },
  }),
  LogSoftmax: defineOp({
    type: "LogSoftmax",
    samples: softmaxSamples,
    vjp: (d) => {
      const sum = d.x.sum(d.c, [axisAttribute(d, -1)], true);
      return [d.x.sub(d.c, d.x.mul(d.x.apply("Exp", d.output), sum))];
    },
  }),
  LayerNormalization: defineOp({
    type: "LayerNormalization",
    samples: [
      { inputs: [{ shape: [3, 4] }, { shape: [4], range: [0.5, 2] }, { shape: [4] }], outputs: 1 },
      {
        inputs: [{ shape: [2, 2, 3] }, { shape: [2, 3], range: [0.5, 2] }],
        attributes: { axis: { int: 1 }, epsilon: { float: 0.01 } },
        outputs: 1,
      },
    ],
    vjp: layerNormalizationVjp,
  }),
  GlobalAveragePool: defineOp({
    type: "GlobalAveragePool",
    samples: [{ inputs: [{ shape: [2, 2, 3, 2] }] }],
    vjp: averageVjp,
  }),
  TopK: defineOp({
    type: "TopK",
    samples: [{ inputs: [{ shape: [2, 5] }, { constant: [3], shape: [1], type: "int64" }] }],
    vjp: (d) => {
      const attributes = { axis: { int: axisAttribute(d, -1) }, reduction: { string: "add" } };
      const zeros = zerosLike(d, d.input);
      return [d.graph.op("ScatterElements", [zeros, d.node.outputs[1]!, d.c], { attributes }), undefined];
    },
  }),
  ...defineOps("ArgMax ArgMin Hardmax", { piecewiseConstant: true }),
  ...defineOps("ReduceProd", { notDifferentiable: "a factor of 0 needs the product of all others" }),
  ...defineOps("Conv ConvTranspose MaxPool AveragePool LpPool GlobalMaxPool", {
    notDifferentiable: "sliding windows have no rule",
  }),
  ...defineOps("LpNormalization InstanceNormalization GroupNormalization MeanVarianceNormalization LRN", {
    notDifferentiable: "write it with ReduceMean, Sub, Mul and Sqrt",
  }),
  ...defineOps("BatchNormalization", {
    notDifferentiable: "it uses statistics of earlier batches; write it with ReduceMean, Sub, Mul and Sqrt",
  }),
};
