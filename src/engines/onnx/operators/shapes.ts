/** Ops that move, join, cut or make tensors. */
import type { Dimension } from "../../../foundation/contracts/graph.js";
import { likeInput } from "./elementwise.js";
import {
  axisOf,
  broadcast,
  constant,
  fail,
  inputOf,
  integer,
  integers,
  listLength,
  type OperatorCall,
  type OperatorTable,
  operators,
  product,
  type SizeBound,
  sameType,
  sizeOfTerm,
  type TensorType,
} from "./operator.js";
import { quotientTerm, sumTerm } from "./size-terms.js";

/** A tensor whose sizes are the contents of another: known when those are, else only the rank is. */
function shapeFrom(call: OperatorCall, index: number, bound: SizeBound): Dimension[] {
  const known = call.contents(index);
  if (known) return [...known];
  const rank = inputOf(call, index).shape[0];
  if (typeof rank !== "number") fail(call, "the rank of the result is unknown; give `outputs`");
  return Array.from({ length: rank as number }, () => call.fresh(bound));
}

const concat = (call: OperatorCall): TensorType[] => {
  const type = sameType(call);
  const shape = [...inputOf(call, 0).shape];
  const axis = axisOf(call, integer(call, "axis", Number.NaN), shape.length);
  for (const [index, input] of call.inputs.entries()) {
    if (input?.shape.length !== shape.length) fail(call, "ranks differ");
    if (index === 0) continue;
    for (const [position, size] of input!.shape.entries()) {
      const known = shape[position]!;
      if (position === axis) {
        shape[position] =
          typeof known === "number" && typeof size === "number"
            ? known + size
            : sizeOfTerm(call, [], sumTerm(known, size), (sizeOf) => sizeOf(known) + sizeOf(size));
      } else if (typeof known === "string") shape[position] = size;
      else if (typeof size === "number" && size !== known) fail(call, `sizes ${known} and ${size} differ`);
    }
  }
  return [{ type, shape }];
};

const gather = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  const axis = axisOf(call, integer(call, "axis", 0), shape.length);
  return [{ type, shape: [...shape.slice(0, axis), ...inputOf(call, 1).shape, ...shape.slice(axis + 1)] }];
};

const gatherElements = (call: OperatorCall): TensorType[] => [
  { type: inputOf(call, 0).type, shape: inputOf(call, 1).shape },
];

const gatherNd = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  const indices = inputOf(call, 1).shape;
  const depth = indices.at(-1);
  if (typeof depth !== "number") return fail(call, "the last size of the indices must be known");
  const batch = integer(call, "batch_dims", 0);
  return [{ type, shape: [...indices.slice(0, -1), ...shape.slice(batch + depth)] }];
};

const slice = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  const starts = constant(call, 1);
  const ends = constant(call, 2);
  const axes = call.inputs[3] ? constant(call, 3) : shape.map((_, index) => index);
  const steps = call.inputs[4] ? constant(call, 4) : undefined;
  if (!axes) return [{ type, shape: shape.map((size) => call.fresh((sizeOf) => sizeOf(size))) }];
  const result = [...shape];
  for (const [index, axis] of axes.entries()) {
    if (index >= (starts?.length ?? axes.length)) break;
    const position = axisOf(call, axis, shape.length);
    const size = shape[position]!;
    const known = starts && ends && (!call.inputs[4] || steps) && typeof size === "number";
    // An end that is the size of another tensor bounds what is taken from the beginning.
    const end = starts?.[index] === 0 ? call.contents(2)?.[index] : undefined;
    const reach = (sizeOf: (dimension: Dimension) => number) =>
      typeof end === "string" ? Math.min(sizeOf(size), sizeOf(end)) : sizeOf(size);
    result[position] = known
      ? sliceSize(size, starts[index]!, ends[index]!, steps?.[index] ?? 1)
      : call.fresh(reach);
  }
  return [{ type, shape: result }];
};

function sliceSize(size: number, start: number, end: number, step: number): number {
  const clamp = (value: number, low: number, high: number) =>
    Math.min(Math.max(value < 0 ? value + size : value, low), high);
  const [from, to] =
    step > 0
      ? [clamp(start, 0, size), clamp(end, 0, size)]
      : [clamp(start, 0, size - 1), clamp(end, -1, size - 1)];
  return Math.max(0, Math.ceil((to - from) / step));
}

const split = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  const axis = axisOf(call, integer(call, "axis", 0), shape.length);
  const size = shape[axis]!;
  const parts = call.inputs[1] ? constant(call, 1) : evenParts(size, integer(call, "num_outputs", 0));
  if (!parts) return fail(call, "the parts must be a constant or the size known");
  return parts.map((part) => ({ type, shape: shape.map((old, index) => (index === axis ? part : old)) }));
};

function evenParts(size: Dimension, count: number): number[] | undefined {
  if (typeof size !== "number" || count < 1) return undefined;
  const part = Math.ceil(size / count);
  return Array.from({ length: count }, (_, index) => Math.max(0, Math.min(part, size - index * part)));
}

const squeeze = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  const axes = constant(call, 1)?.map((axis) => axisOf(call, axis, shape.length));
  return [{ type, shape: shape.filter((size, index) => (axes ? !axes.includes(index) : size !== 1)) }];
};

const unsqueeze = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  const axes = constant(call, 1) ?? fail(call, "axes must be a constant");
  const rank = shape.length + axes.length;
  const added = new Set(axes.map((axis) => axisOf(call, axis, rank)));
  const rest = [...shape];
  return [
    { type, shape: Array.from({ length: rank }, (_, index) => (added.has(index) ? 1 : rest.shift()!)) },
  ];
};

const reshape = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  const target = call.contents(1);
  if (!target) return [{ type, shape: shapeFrom(call, 1, "inputs") }];
  const keepsZero = integer(call, "allowzero", 0) === 0;
  const result: Dimension[] = target.map((size, index) => (size === 0 && keepsZero ? shape[index]! : size));
  const open = result.indexOf(-1);
  if (open >= 0) result[open] = openSize(call, shape, result);
  return [{ type, shape: result }];
};

/** What -1 stands for: sizes common to both sides cancel out. */
function openSize(call: OperatorCall, from: readonly Dimension[], to: readonly Dimension[]): Dimension {
  const left = [...from];
  const right = to.filter((size) => {
    if (size === -1) return false;
    const position = left.indexOf(size);
    if (position >= 0) left.splice(position, 1);
    return position < 0;
  });
  // Sizes of the target that are known only when it runs are at least 1 where there is anything at all.
  const divisor = right.reduce<number>((divided, size) => divided * (typeof size === "number" ? size : 1), 1);
  const bound: SizeBound = (sizeOf) =>
    left.reduce<number>((elements, size) => elements * sizeOf(size), 1) / Math.max(1, divisor);
  const term = quotientTerm(left, right);
  if (term !== undefined) return sizeOfTerm(call, from, term, bound);
  const known = [...left, ...right].every((size) => typeof size === "number");
  if (!known) return call.fresh(bound);
  return right.includes(0) ? 0 : fail(call, `cannot reshape [${from}] to [${to}]`);
}

const flatten = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  const given = integer(call, "axis", 1);
  const axis = given < 0 ? given + shape.length : given;
  return [{ type, shape: [product(call, shape.slice(0, axis)), product(call, shape.slice(axis))] }];
};

const transpose = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  const order = integers(call, "perm") ?? shape.map((_, index) => shape.length - 1 - index);
  return [{ type, shape: order.map((index) => shape[index] ?? fail(call, "perm does not fit the rank")) }];
};

const expand = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  return [{ type, shape: broadcast(call, [shape, shapeFrom(call, 1, "unbounded")]) }];
};

const tile = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  const repeats = constant(call, 1);
  const sized = shape.map((size, index) => {
    const times = repeats?.[index];
    if (times === 1) return size;
    if (times === undefined) return call.fresh("unbounded");
    return typeof size === "number" ? size * times : call.fresh((sizeOf) => sizeOf(size) * times);
  });
  return [{ type, shape: sized }];
};

const pad = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  const pads = constant(call, 1);
  const axes = call.inputs[3] ? constant(call, 3) : shape.map((_, index) => index);
  if (!pads || !axes) return [{ type, shape: shape.map(() => call.fresh("unbounded")) }];
  const result = [...shape];
  for (const [index, axis] of axes.entries()) {
    const position = axisOf(call, axis, shape.length);
    const added = pads[index]! + pads[index + axes.length]!;
    const size = shape[position]!;
    if (added === 0) continue;
    result[position] =
      typeof size === "number" ? size + added : call.fresh((sizeOf) => sizeOf(size) + Math.max(0, added));
  }
  return [{ type, shape: result }];
};

/** Negative ends count from the last dimension. */
const shapeOf = (call: OperatorCall): TensorType[] => {
  const rank = inputOf(call, 0).shape.length;
  const at = (index: number) => Math.min(Math.max(index < 0 ? index + rank : index, 0), rank);
  const size = at(integer(call, "end", rank)) - at(integer(call, "start", 0));
  return [{ type: "int64", shape: [Math.max(0, size)] }];
};

const constantOfShape = (call: OperatorCall): TensorType[] => {
  const value = call.attributes.value;
  return [
    {
      type: value && "tensor" in value ? value.tensor.type : "float32",
      shape: shapeFrom(call, 0, "unbounded"),
    },
  ];
};

const CONSTANT_TYPES = {
  value_float: "float32",
  value_floats: "float32",
  value_int: "int64",
  value_ints: "int64",
  value_string: "string",
  value_strings: "string",
} as const;

const constantNode = (call: OperatorCall): TensorType[] => {
  const tensor = call.attributes.value;
  if (tensor && "tensor" in tensor) return [{ type: tensor.tensor.type, shape: tensor.tensor.shape }];
  for (const [name, type] of Object.entries(CONSTANT_TYPES)) {
    if (call.attributes[name]) return [{ type, shape: name.endsWith("s") ? [listLength(call, name)] : [] }];
  }
  return fail(call, "there is no value");
};

const range = (call: OperatorCall): TensorType[] => {
  const [start, limit, delta] = [constant(call, 0)?.[0], constant(call, 1)?.[0], constant(call, 2)?.[0]];
  const known = start !== undefined && limit !== undefined && delta !== undefined;
  const end = call.contents(1)?.[0];
  // The places along another tensor.
  if (start === 0 && delta === 1 && typeof end === "string") return [{ type: sameType(call), shape: [end] }];
  const size = known ? Math.max(0, Math.ceil((limit - start) / delta)) : call.fresh("unbounded");
  return [{ type: sameType(call), shape: [size] }];
};

const oneHot = (call: OperatorCall): TensorType[] => {
  const shape = [...inputOf(call, 0).shape];
  const axis = axisOf(call, integer(call, "axis", -1), shape.length + 1);
  shape.splice(axis, 0, call.contents(1)?.[0] ?? call.fresh("unbounded"));
  return [{ type: inputOf(call, 2).type, shape }];
};

const compress = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  const axis = integer(call, "axis", Number.NaN);
  if (Number.isNaN(axis)) return [{ type, shape: [call.fresh()] }];
  const position = axisOf(call, axis, shape.length);
  return [{ type, shape: shape.map((size, index) => (index === position ? call.fresh() : size)) }];
};

const stringSplit = (call: OperatorCall): TensorType[] => {
  const { shape } = inputOf(call, 0);
  return [
    { type: "string", shape: [...shape, call.fresh()] },
    { type: "int64", shape },
  ];
};

/** Only stop words make it drop elements. */
const stringNormalizer = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  if (listLength(call, "stopwords") === 0) return [{ type, shape }];
  return [{ type, shape: [...shape.slice(0, -1), call.fresh()] }];
};

export const SHAPES = {
  ...operators("", "ScatterElements ScatterND", likeInput),
  Concat: { domain: "", infer: concat },
  Gather: { domain: "", infer: gather },
  GatherElements: { domain: "", infer: gatherElements },
  GatherND: { domain: "", infer: gatherNd },
  Slice: { domain: "", infer: slice },
  Split: { domain: "", infer: split },
  Squeeze: { domain: "", infer: squeeze },
  Unsqueeze: { domain: "", infer: unsqueeze },
  Reshape: { domain: "", infer: reshape },
  Flatten: { domain: "", infer: flatten },
  Transpose: { domain: "", infer: transpose },
  Expand: { domain: "", infer: expand },
  Tile: { domain: "", infer: tile },
  Pad: { domain: "", infer: pad },
  Shape: { domain: "", infer: shapeOf },
  Size: { domain: "", infer: () => [{ type: "int64", shape: [] }] },
  ConstantOfShape: { domain: "", infer: constantOfShape },
  Range: { domain: "", infer: range },
  NonZero: {
    domain: "",
    infer: (call) => [{ type: "int64", shape: [inputOf(call, 0).shape.length, call.fresh()] }],
  },
  OneHot: { domain: "", infer: oneHot },
  Compress: { domain: "", infer: compress },
  EyeLike: { domain: "", infer: likeInput },
  Constant: { domain: "", infer: constantNode },
  StringSplit: { domain: "", infer: stringSplit },
  StringNormalizer: { domain: "", infer: stringNormalizer },
} satisfies OperatorTable;
