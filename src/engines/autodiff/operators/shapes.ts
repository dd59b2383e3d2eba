/** Ops that move, join, cut or make tensors. */
import type { AttributeValue, Dimension, GraphValue } from "../../../foundation/contracts/graph.js";
import { isStatic } from "../../onnx/index.js";
import {
  axisAttribute,
  constantInput,
  type Derivation,
  defineOp,
  defineOps,
  integerAttribute,
  integersAttribute,
  type NodeUse,
  refusal,
  type SampleInput,
  staticSizes,
  textAttribute,
  zerosLike,
} from "./definition.js";
import { scatterAdd } from "./indexing.js";
import { gatheredRows, turnedOver, withoutReturn } from "./layouts.js";

const integers = (...values: number[]): SampleInput => ({
  constant: values,
  shape: [values.length],
  type: "int64",
});
const int = (value: number): AttributeValue => ({ int: value });
const mode = (value: string) => ({ mode: { string: value } });
const ints = (...values: number[]): AttributeValue => ({ ints: values });

/** The cotangent in the shape of the input: what all ops do that only regroup. */
const regrouped = ({ x, c, input }: Derivation) => [x.reshape(c, x.shapeOf(input)), undefined];

function transposeVjp({ graph, x, c, node, input }: Derivation): GraphValue[] {
  const last = input.shape.length - 1;
  const order = integersAttribute(node, "perm") ?? input.shape.map((_, axis) => last - axis);
  const inverse = order.map((_, axis) => order.indexOf(axis));
  return [turnedOver(graph, inverse, c) ?? x.transpose(c, inverse)];
}

function concatVjp(d: Derivation): readonly GraphValue[] {
  const axis = axisAttribute(d, 0);
  const sizes = d.node.inputs.map((input) => staticSizes(d, [input!.shape[axis]!])[0]!);
  return d.x.split(d.c, sizes, axis);
}

function splitVjp(d: Derivation): GraphValue[] {
  const parts = d.node.outputs.map((output, index) => d.cotangents[index] ?? zerosLike(d, output));
  return [d.x.concat(parts, axisAttribute(d, 0))];
}

/** Which elements of an axis a slice took: `count` from `first` on, `step` apart; backwards with a negative step. */
interface SlicedAxis {
  readonly size: number;
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

function slicedAxis(size: number, start: number, end: number, step: number): SlicedAxis {
  const within = (at: number, low: number, high: number) =>
    Math.min(Math.max(at < 0 ? at + size : at, low), high);
  const forward = step > 0;
  const first = forward ? within(start, 0, size) : within(start, 0, size - 1);
  const last = forward ? within(end, 0, size) : within(end, -1, size - 1);
  return { size, first, step, count: Math.max(0, Math.ceil((last - first) / step)) };
}

/** The slices put back where they were taken, zeros elsewhere. */
function unsliced(d: NodeUse, value: GraphValue, axis: number, { size, first, step, count }: SlicedAxis) {
  const { graph, x } = d;
  const axes = x.integers([axis]);
  const ordered =
    step > 0
      ? value
      : graph.op("Slice", [value, x.integers([-1]), x.integers([-count - 1]), axes, x.integers([-1])]);
  const stride = Math.abs(step);
  const start = step > 0 ? first : first - (count - 1) * stride;
  const pad = (of: GraphValue, at: number, before: number, behind: number) =>
    before === 0 && behind === 0
      ? of
      : graph.op("Pad", [of, x.integers([before, behind]), undefined, x.integers([at])]);
  if (stride === 1) return pad(ordered, axis, start, size - start - count);
  const gaps = pad(x.unsqueeze(ordered, [axis + 1]), axis + 1, 0, stride - 1);
  const before = value.shape.slice(0, axis).map(() => 0);
  const behind = staticSizes(d, value.shape.slice(axis + 1));
  const spread = x.reshape(gaps, [...before, count * stride, ...behind]);
  return pad(spread, axis, start, size - start - count * stride);
}

function sliceVjp(d: Derivation): (GraphValue | undefined)[] {
  const { shape } = d.input;
  const [starts, ends, axes, steps] = [1, 2, 3, 4].map((index) => constantInput(d, index));
  const toInput = starts!.reduce((value, start, index) => {
    const given = axes?.[index] ?? index;
    const axis = given < 0 ? given + shape.length : given;
    const [size] = staticSizes(d, [shape[axis]!]) as [number];
    const sliced = slicedAxis(size, start, ends![index]!, steps?.[index] ?? 1);
    if (sliced.count === 0) throw refusal(d.node, "it takes no element");
    return unsliced(d, value, axis, sliced);
  }, d.c);
  return [toInput];
}

function tileVjp(d: Derivation): (GraphValue | undefined)[] {
  const repeats = constantInput(d, 1)!;
  const shape = staticSizes(d, d.input.shape);
  const apart = d.x.reshape(
    d.c,
    shape.flatMap((size, axis) => [repeats[axis]!, size]),
  );
  return [
    d.x.sum(
      apart,
      shape.map((_, axis) => 2 * axis),
    ),
    undefined,
  ];
}

/** Elements of a padded axis, by their positions in the input. */
function paddedPositions(mode: string, size: number, before: number, behind: number): number[] {
  const period = 2 * (size - 1);
  const remainder = (at: number, by: number) => ((at % by) + by) % by;
  return Array.from({ length: before + size + behind }, (_, k) => {
    const at = k - before;
    if (mode === "edge") return Math.min(Math.max(at, 0), size - 1);
    if (mode === "wrap") return remainder(at, size);
    const mirrored = period === 0 ? 0 : remainder(at, period);
    return mirrored < size ? mirrored : period - mirrored;
  });
}

function padVjp(d: Derivation): (GraphValue | undefined)[] {
  const { graph, x, c, node, input } = d;
  const mode = textAttribute(node, "mode", "constant");
  const pads = constantInput(d, 1)!;
  const given = constantInput(d, 3) ?? input.shape.map((_, axis) => axis);
  const axes = given.map((axis) => (axis < 0 ? axis + input.shape.length : axis));
  if (mode !== "constant") {
    const toInput = axes.reduce((value, axis, index) => {
      const [before, behind] = [pads[index]!, pads[index + axes.length]!];
      if (before === 0 && behind === 0) return value;
      const [size] = staticSizes(d, [input.shape[axis]!]) as [number];
      const positions = paddedPositions(mode, size, before, behind);
      const shape = value.shape.map((old, at) => (at === axis ? size : old));
      const zeros = zerosOf(d, value, shape, axis, size);
      return scatterAdd(d, zeros, x.integers(positions), value, axis);
    }, c);
    return [toInput];
  }
  const inner = graph.op("Pad", [c, x.integers(pads.map((pad) => 0 - pad)), undefined, x.integers(axes)]);
  return [inner, undefined, node.inputs[2] && x.sub(x.sum(c), x.sum(inner))];
}

/** Zeros as `value` is shaped, but for one axis. */
function zerosOf(d: NodeUse, value: GraphValue, shape: readonly Dimension[], axis: number, size: number) {
  const { graph, x } = d;
  const zero = { tensor: { type: value.type, shape: [1], data: [0] } };
  const sizes = isStatic(shape)
    ? x.integers(shape)
    : x.concat(
        shape.map((_, at) =>
          at === axis
            ? x.integers([size])
            : graph.op("Shape", [value], { attributes: { start: int(at), end: int(at + 1) } }),
        ),
        0,
      );
  return graph.op("ConstantOfShape", [sizes], { attributes: { value: zero } });
}

const MOVING = {
  Reshape: defineOp({
    type: "Reshape",
    samples: [{ inputs: [{ shape: [2, 6] }, integers(3, -1)] }],
    vjp: regrouped,
  }),
  Squeeze: defineOp({
    type: "Squeeze",
    samples: [{ inputs: [{ shape: [2, 1, 3] }, integers(1)] }],
    vjp: regrouped,
  }),
  Unsqueeze: defineOp({
    type: "Unsqueeze",
    samples: [{ inputs: [{ shape: [2, 3] }, integers(0, -1)] }],
    vjp: regrouped,
  }),
  Flatten: defineOp({
    type: "Flatten",
    samples: [{ inputs: [{ shape: [2, 3, 2] }], attributes: { axis: int(2) } }],
    vjp: regrouped,
  }),
  Transpose: defineOp({
    type: "Transpose",
    samples: [
      { inputs: [{ shape: [2, 3, 4] }], attributes: { perm: ints(2, 0, 1) } },
      { inputs: [{ shape: [2, 3] }] },
    ],
    rewrite: withoutReturn,
    forward: gatheredRows,
    vjp: transposeVjp,
  }),
  Concat: defineOp({
    type: "Concat",
    samples: [
      { inputs: [{ shape: [2, 1] }, { shape: [2, 3] }, { shape: [2, 2] }], attributes: { axis: int(-1) } },
    ],
    vjp: concatVjp,
  }),
  Split: defineOp({
    type: "Split",
    samples: [{ inputs: [{ shape: [2, 5] }, integers(2, 3)], attributes: { axis: int(1) } }],
    vjp: splitVjp,
  }),
  Slice: defineOp({
    type: "Slice",
    samples: [
      { inputs: [{ shape: [4, 5] }, integers(1, 0), integers(3, 5), integers(0, 1), integers(1, 2)] },
      { inputs: [{ shape: [5] }, integers(-1), integers(-1000), integers(0), integers(-1)] },
      { inputs: [{ shape: [2, 6] }, integers(4), integers(0), integers(-1), integers(-2)] },
      { inputs: [{ shape: [2, 7, 2] }, integers(1), integers(1000), integers(1), integers(3)] },
      { inputs: [{ shape: [3, 4] }, integers(-2, -3), integers(1000, -1)] },
    ],
    vjp: sliceVjp,
  }),
  // The driver sums over what was repeated.
  Expand: defineOp({
    type: "Expand",
    samples: [{ inputs: [{ shape: [2, 1] }, integers(3, 2, 4)] }],
    vjp: ({ c }) => [c, undefined],
  }),
  Tile: defineOp({
    type: "Tile",
    samples: [{ inputs: [{ shape: [2, 3] }, integers(2, 3)] }],
    vjp: tileVjp,
  }),
  Pad: defineOp({
    type: "Pad",
    samples: [
      { inputs: [{ shape: [2, 3] }, integers(1, 0, 2, 1), { shape: [] }] },
      { inputs: [{ shape: [4, 3] }, integers(-1, 2, -1, 0)] },
      { inputs: [{ shape: [2, 4] }, integers(2, 1), undefined, integers(-1)], attributes: mode("reflect") },
      { inputs: [{ shape: [3, 2] }, integers(1, 2, 3, 0)], attributes: mode("edge") },
      { inputs: [{ shape: [3] }, integers(2, 4)], attributes: mode("wrap") },
    ],
    vjp: padVjp,
  }),
  CumSum: defineOp({
    type: "CumSum",
    samples: [
      { inputs: [{ shape: [2, 4] }, { constant: [1], shape: [], type: "int64" }] },
      {
        inputs: [{ shape: [3, 2] }, { constant: [0], shape: [], type: "int64" }],
        attributes: { exclusive: int(1), reverse: int(1) },
      },
    ],
    vjp: ({ graph, c, node }) => {
      const reverse = int(1 - integerAttribute(node, "reverse", 0));
      const attributes = { reverse, exclusive: int(integerAttribute(node, "exclusive", 0)) };
      return [graph.op("CumSum", [c, node.inputs[1]], { attributes }), undefined];
    },
  }),
  Trilu: defineOp({
    type: "Trilu",
    samples: [{ inputs: [{ shape: [2, 3, 3] }], attributes: { upper: int(0) } }],
    vjp: ({ graph, c, node }) => [
      graph.op("Trilu", [c, node.inputs[1]], { attributes: node.attributes }),
      undefined,
    ],
  }),
};

export const SHAPES = {
  ...MOVING,
  ...defineOps("Shape Size ConstantOfShape Constant NonZero EyeLike Range OneHot", {
    piecewiseConstant: true,
  }),
  ...defineOps("StringSplit StringNormalizer", { piecewiseConstant: true }),
  ...defineOps("Compress", { notDifferentiable: "how many elements it keeps is known only when it runs" }),
};
