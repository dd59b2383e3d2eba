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
  type SampleInput,
  zerosLike,
} from "./definition.js";

const integers = (...values: number[]): SampleInput => ({
  constant: values,
  shape: [values.length],
  type: "int64",
});
const int = (value: number): AttributeValue => ({ int: value });
const ints = (...values: number[]): AttributeValue => ({ ints: values });

/** The cotangent in the shape of the input: what all ops do that only regroup. */
const regrouped = ({ x, c, input }: Derivation) => [x.reshape(c, x.shapeOf(input)), undefined];

function staticShape({ node }: Derivation, shape: readonly Dimension[]): readonly number[] {
  if (isStatic(shape)) return shape;
  throw new Error(`The derivative of ${node.type} needs sizes that are known before it runs.`);
}

function transposeVjp({ x, c, node, input }: Derivation): GraphValue[] {
  const given = node.attributes.perm;
  const rank = input.shape.length;
  const order =
    given && "ints" in given
      ? Array.from(given.ints as ArrayLike<number>, Number)
      : input.shape.map((_, axis) => rank - 1 - axis);
  const inverse = order.map((_, axis) => order.indexOf(axis));
  return [x.transpose(c, inverse)];
}

function concatVjp(d: Derivation): readonly GraphValue[] {
  const axis = axisAttribute(d, 0);
  const sizes = d.node.inputs.map((input) => staticShape(d, [input!.shape[axis]!])[0]!);
  return d.x.split(d.c, sizes, axis);
}

function splitVjp(d: Derivation): GraphValue[] {
  const parts = d.node.outputs.map((output, index) => d.cotangents[index] ?? zerosLike(d, output));
  return [d.x.concat(parts, axisAttribute(d, 0))];
}

/** Zeros with the cotangent where the slice was taken; by positions, as steps may be of any size and sign. */
function sliceVjp(d: Derivation): (GraphValue | undefined)[] {
  const shape = staticShape(d, d.input.shape);
  const [starts, ends, given, steps] = [1, 2, 3, 4].map((index) => constantInput(d, index));
  const positions = shape.map((size) => Array.from({ length: size }, (_, position) => position));
  for (const [index, start] of starts!.entries()) {
    const axis = given?.[index] ?? index;
    const position = axis < 0 ? axis + shape.length : axis;
    positions[position] = slicePositions(shape[position]!, start, ends![index]!, steps?.[index] ?? 1);
  }
  let result = d.c;
  for (const [axis, kept] of positions.entries()) {
    if (kept.length === shape[axis]) continue;
    result = placed(d, result, kept, axis, shape[axis]!);
  }
  const reversed = positions.map((kept, axis) =>
    kept.length === shape[axis] && kept[0]! > 0 ? kept : undefined,
  );
  for (const [axis, order] of reversed.entries()) {
    if (order) result = d.x.gather(result, d.x.integers(order), axis);
  }
  return [result, undefined, undefined, undefined, undefined];
}

function slicePositions(size: number, start: number, end: number, step: number): number[] {
  const from = start < 0 ? start + size : start;
  const to = end < 0 ? end + size : end;
  const result: number[] = [];
  if (step > 0) {
    for (let at = Math.max(0, from); at < Math.min(size, to); at += step) result.push(at);
  } else {
    for (let at = Math.min(size - 1, from); at > Math.max(-1, end < -size ? -1 : to); at += step)
      result.push(at);
  }
  return result;
}

/** The value's slices along `axis` at the given distinct positions of `size`, zeros elsewhere. */
function placed(d: Derivation, value: GraphValue, positions: readonly number[], axis: number, size: number) {
  const { graph, x } = d;
  const from = staticShape(d, value.shape);
  const zeros = x.expand(
    graph.constant(value.type, [1], [0]),
    from.map((old, at) => (at === axis ? size : old)),
  );
  return scatterAdd(d, zeros, x.integers(positions), value, axis);
}

/**
 * Adds slices of `updates` at `indices` [n] along `axis`. ScatterElements, never ScatterND, whose kernel loses
 * updates of equal positions when it runs on two or more threads.
 */
function scatterAdd(
  { graph, x }: Derivation,
  onto: GraphValue,
  indices: GraphValue,
  updates: GraphValue,
  axis: number,
): GraphValue {
  const column = updates.shape.map((_, at) => (at === axis ? -1 : 1));
  const spread = x.expand(x.reshape(indices, column), x.shapeOf(updates));
  const attributes = { axis: int(axis), reduction: { string: "add" } };
  return graph.op("ScatterElements", [onto, spread, updates], { attributes });
}

function gatherVjp(d: Derivation): (GraphValue | undefined)[] {
  const { x, c, node, input } = d;
  const axis = axisAttribute(d, 0);
  const indices = node.inputs[1]!;
  const rank = indices.shape.length;
  const flat = x.reshape(indices, [-1]);
  const after = c.shape.slice(axis + rank);
  const shape = [...c.shape.slice(0, axis), -1, ...after];
  const updates = rank === 1 ? c : x.reshape(c, staticShape(d, shape));
  return [scatterAdd(d, zerosLike(d, input), flat, updates, axis), undefined];
}

function gatherElementsVjp(d: Derivation): (GraphValue | undefined)[] {
  const attributes = { axis: int(axisAttribute(d, 0)), reduction: { string: "add" } };
  const zeros = zerosLike(d, d.input);
  return [d.graph.op("ScatterElements", [zeros, d.node.inputs[1]!, d.c], { attributes }), undefined];
}

function scatterElementsVjp(d: Derivation): (GraphValue | undefined)[] {
  const { graph, c, node } = d;
  const { reduction } = node.attributes;
  const kind = reduction && "string" in reduction ? reduction.string : "none";
  if (kind !== "none" && kind !== "add") {
    throw new Error(
      `The derivative of ScatterElements exists without reduction and with "add", not with "${kind}".`,
    );
  }
  const attributes = { axis: int(axisAttribute(d, 0)) };
  const indices = node.inputs[1]!;
  const updates = graph.op("GatherElements", [c, indices], { attributes });
  const zeros = zerosLike(d, node.inputs[2]!);
  const kept = kind === "add" ? c : graph.op("ScatterElements", [c, indices, zeros], { attributes });
  return [kept, undefined, updates];
}

function tileVjp(d: Derivation): (GraphValue | undefined)[] {
  const repeats = constantInput(d, 1)!;
  const shape = staticShape(d, d.input.shape);
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

function padVjp(d: Derivation): (GraphValue | undefined)[] {
  const { mode } = d.node.attributes;
  if (mode && "string" in mode && mode.string !== "constant") {
    throw new Error(`The derivative of Pad exists for constants, not for the mode "${mode.string}".`);
  }
  const pads = constantInput(d, 1)!;
  const axes = constantInput(d, 3) ?? d.input.shape.map((_, axis) => axis);
  const starts = axes.map((_, index) => pads[index]!);
  const ends = axes.map((axis, index) => pads[index]! + staticShape(d, [d.input.shape.at(axis)!])[0]!);
  const inputs = [d.c, d.x.integers(starts), d.x.integers(ends), d.x.integers(axes)];
  return [d.graph.op("Slice", inputs), undefined, undefined, undefined];
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
    samples: [{ inputs: [{ shape: [2, 3] }, integers(1, 0, 2, 1)] }],
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

const INDEXING = {
  Gather: defineOp({
    type: "Gather",
    samples: [
      { inputs: [{ shape: [4, 2] }, { constant: [1, 3, 1, 1], shape: [2, 2], type: "int64" }] },
      { inputs: [{ shape: [2, 4] }, integers(0, -1, 0)], attributes: { axis: int(1) } },
      {
        inputs: [{ shape: [2, 4] }, { constant: [2], shape: [], type: "int64" }],
        attributes: { axis: int(1) },
      },
    ],
    vjp: gatherVjp,
  }),
  GatherElements: defineOp({
    type: "GatherElements",
    samples: [
      {
        inputs: [{ shape: [2, 3] }, { constant: [0, 2, 2, 1], shape: [2, 2], type: "int64" }],
        attributes: { axis: int(1) },
      },
    ],
    vjp: gatherElementsVjp,
  }),
  ScatterElements: defineOp({
    type: "ScatterElements",
    samples: [
      {
        inputs: [{ shape: [3, 2] }, { constant: [2, 0], shape: [1, 2], type: "int64" }, { shape: [1, 2] }],
      },
      {
        inputs: [{ shape: [4] }, integers(1, 1, 3), { shape: [3] }],
        attributes: { reduction: { string: "add" } },
      },
    ],
    vjp: scatterElementsVjp,
  }),
};

export const SHAPES = {
  ...MOVING,
  ...INDEXING,
  ...defineOps("Shape Size ConstantOfShape Constant NonZero EyeLike Range OneHot", {
    piecewiseConstant: true,
  }),
  ...defineOps("StringSplit StringNormalizer", { piecewiseConstant: true }),
  ...defineOps("GatherND ScatterND", {
    notDifferentiable: "the runtime's ScatterND loses updates of equal positions; use GatherElements",
  }),
  ...defineOps("Compress", { notDifferentiable: "how many elements it keeps is known only when it runs" }),
};
