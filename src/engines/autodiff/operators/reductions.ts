/** Sums, means, extremes and norms along axes. */
import { type AttributeValue, cast, type GraphValue } from "../../../foundation/contracts/graph.js";
import { isStatic } from "../../onnx/index.js";
import {
  axisAttribute,
  constantInput,
  type Derivation,
  defineOp,
  defineOps,
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

/**
 * For each element the product of all others: with one 0 among them only its own is not 0, with two none is, so
 * that nothing is divided by 0.
 */
function productOfOthers(d: Derivation): GraphValue {
  const { x, input } = d;
  const axes = reducedAxes(d);
  const isZero = x.equal(input, 0);
  const zeros = x.sum(x.indicator(isZero, input), axes, true);
  const filled = x.where(isZero, 1, input);
  const product = axes.length === 0 ? filled : d.graph.op("ReduceProd", [filled, x.integers(axes)]);
  const without = x.where(x.equal(zeros, 0), x.div(product, filled), 0);
  const single = d.graph.op("And", [isZero, x.equal(zeros, 1)]);
  return x.mul(unreduced(d, d.c), x.where(single, product, without));
}

export const REDUCTIONS = {
  ReduceSum: reduction("ReduceSum", (d) => spread(d, d.c)),
  ReduceMean: reduction("ReduceMean", (d) => spread(d, d.x.div(d.c, reducedCount(d)))),
  ReduceMax: reduction("ReduceMax", reducedExtreme),
  ReduceMin: reduction("ReduceMin", reducedExtreme),
  ReduceL1: reduction("ReduceL1", (d) => d.x.mul(unreduced(d, d.c), d.x.apply("Sign", d.input))),
  ReduceL2: reduction("ReduceL2", unitDirection),
  ReduceSumSquare: reduction("ReduceSumSquare", (d) => d.x.mul(unreduced(d, d.x.mul(d.c, 2)), d.input)),
  ReduceLogSum: reduction("ReduceLogSum", (d) => spread(d, d.x.div(d.c, d.x.apply("Exp", d.output)))),
  ReduceProd: defineOp({
    type: "ReduceProd",
    samples: [...REDUCTION_SAMPLES, { inputs: [{ shape: [3, 4] }, axes([1])] }],
    vjp: (d) => [productOfOthers(d), undefined],
  }),
  ReduceLogSumExp: reduction("ReduceLogSumExp", (d) =>
    d.x.mul(unreduced(d, d.c), d.x.apply("Exp", d.x.sub(d.input, unreduced(d, d.output)))),
  ),
  TopK: defineOp({
    type: "TopK",
    samples: [{ inputs: [{ shape: [2, 5] }, { constant: [3], shape: [1], type: "int64" }] }],
    vjp: (d) => {
      const attributes = { axis: { int: axisAttribute(d, -1) }, reduction: { string: "add" } };
      const zeros = zerosLike(d, d.input);
      return [d.graph.op("ScatterElements", [zeros, d.node.outputs[1]!, d.c], { attributes }), undefined];
    },
  }),
  ...defineOps("ArgMax ArgMin Hardmax NonMaxSuppression", { piecewiseConstant: true }),
};
