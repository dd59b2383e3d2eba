/** Ops that change the resolution of pictures. */
import type { AttributeValue, GraphValue } from "../../../foundation/contracts/graph.js";
import {
  constantInput,
  type Derivation,
  defineOp,
  floatAttribute,
  integerAttribute,
  integersAttribute,
  type NodeUse,
  type OpSample,
  refusal,
  staticSizes,
  textAttribute,
} from "./definition.js";

/** One axis of a Resize: `weights[output][input]`, since every mode is a linear map along each axis. */
type ResizeMatrix = readonly (readonly number[])[];

interface AxisScale {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
}

/** Where an output element lies among the input's, by the coordinate transformations of the standard. */
function coordinateOf(mode: string, { from, to, scale }: AxisScale): ((at: number) => number) | undefined {
  switch (mode) {
    case "half_pixel":
      return (at) => (at + 0.5) / scale - 0.5;
    case "pytorch_half_pixel":
      return (at) => (to > 1 ? (at + 0.5) / scale - 0.5 : 0);
    case "half_pixel_symmetric": {
      const adjustment = to / (scale * from);
      const centre = from / 2;
      return (at) => centre * (1 - adjustment) + (at + 0.5) / scale - 0.5;
    }
    case "align_corners":
      return (at) => (to === 1 ? 0 : (at * (from - 1)) / (to - 1));
    case "asymmetric":
      return (at) => at / scale;
    default:
      return undefined;
  }
}

const ROUNDING: Readonly<Record<string, (at: number) => number>> = {
  round_prefer_floor: (at) => Math.ceil(at - 0.5),
  round_prefer_ceil: (at) => Math.floor(at + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** Keys (1981): weights of the four elements around a place at distances 1 + t, t, 1 - t, 2 - t. */
function cubicWeights(t: number, a: number): number[] {
  const inner = (d: number) => ((a + 2) * d - (a + 3)) * d * d + 1;
  const outer = (d: number) => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  return [outer(1 + t), inner(t), inner(1 - t), outer(2 - t)];
}

/** Weights of the elements around a coordinate, by their positions, which may lie outside. */
function neighbours({ node }: NodeUse, mode: string, at: number): [number, number][] {
  if (mode === "nearest") {
    const rounding = ROUNDING[textAttribute(node, "nearest_mode", "round_prefer_floor")]!;
    return [[rounding(at), 1]];
  }
  const left = Math.floor(at);
  const t = at - left;
  if (mode === "linear")
    return [
      [left, 1 - t],
      [left + 1, t],
    ];
  return cubicWeights(t, floatAttribute(node, "cubic_coeff_a", -0.75)).map((weight, k) => [
    left - 1 + k,
    weight,
  ]);
}

function resizeMatrix(d: NodeUse, axis: AxisScale): ResizeMatrix {
  const { node } = d;
  const transformation = textAttribute(node, "coordinate_transformation_mode", "half_pixel");
  const coordinate = coordinateOf(transformation, axis);
  if (!coordinate) throw refusal(node, `the transformation ${transformation} has no rule`);
  const mode = textAttribute(node, "mode", "nearest");
  const excludes = integerAttribute(node, "exclude_outside", 0) === 1 && mode === "cubic";
  return Array.from({ length: axis.to }, (_, output) => {
    const row = new Array<number>(axis.from).fill(0);
    const around = neighbours(d, mode, coordinate(output));
    const inside = excludes ? around.filter(([at]) => at >= 0 && at < axis.from) : around;
    const total = excludes ? inside.reduce((sum, [, weight]) => sum + weight, 0) : 1;
    for (const [at, weight] of inside) row[Math.min(Math.max(at, 0), axis.from - 1)]! += weight / total;
    return row;
  });
}

/** Whole blocks of equal elements, as enlarging by a whole factor makes them: its size, otherwise 0. */
function blockSize(matrix: ResizeMatrix): number {
  const [to, from] = [matrix.length, matrix[0]!.length];
  const block = to / from;
  const isBlocked =
    Number.isInteger(block) && matrix.every((row, output) => row[Math.floor(output / block)] === 1);
  return isBlocked ? block : 0;
}

/** The transposed map along one axis. */
function resizedBack(
  { graph, x }: NodeUse,
  value: GraphValue,
  axis: number,
  matrix: ResizeMatrix,
): GraphValue {
  const [to, from] = [matrix.length, matrix[0]!.length];
  const block = blockSize(matrix);
  const before = value.shape.slice(0, axis).map(() => 0);
  if (block > 0) {
    const rest = value.shape.slice(axis + 1) as readonly number[];
    return x.sum(x.reshape(value, [...before, from, block, ...rest]), [axis + 1]);
  }
  const weights = graph.constant(value.type, [to, from], matrix.flat());
  const last = value.shape.length - 1;
  if (axis === last) return x.matmul(value, weights);
  const order = value.shape.map((_, at) => (at === axis ? last : at === last ? axis : at));
  return x.transpose(x.matmul(x.transpose(value, order), weights), order);
}

function resizeVjp(d: Derivation): (GraphValue | undefined)[] {
  const { node, input, output, c } = d;
  if (integerAttribute(node, "antialias", 0) === 1) throw refusal(node, "it smooths (antialias)");
  const axes =
    integersAttribute(node, "axes")?.map((axis) => (axis < 0 ? axis + input.shape.length : axis)) ??
    input.shape.map((_, axis) => axis);
  const scales = constantInput(d, 2);
  const given = scales && scales.length > 0 ? scales : undefined;
  let result = c;
  for (const [index, axis] of axes.entries()) {
    if (input.shape[axis] === output.shape[axis] && (given?.[index] ?? 1) === 1) continue;
    const [from, to] = staticSizes(d, [input.shape[axis]!, output.shape[axis]!]) as [number, number];
    const matrix = resizeMatrix(d, { from, to, scale: given?.[index] ?? to / from });
    staticSizes(d, input.shape.slice(axis + 1));
    result = resizedBack(d, result, axis, matrix);
  }
  return [result];
}

/** Blocks of a picture to channels and back: [N, C, H b, W b] and [N, C b b, H, W]. */
interface Blocks {
  readonly block: number;
  readonly channels: number;
  readonly sizes: readonly number[];
}

function toSpace(
  { x }: NodeUse,
  value: GraphValue,
  { block, channels, sizes }: Blocks,
  columnFirst: boolean,
) {
  const [height, width] = sizes as [number, number];
  const shape = columnFirst
    ? [-1, channels, block, block, height, width]
    : [-1, block, block, channels, height, width];
  const order = columnFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2];
  const apart = x.transpose(x.reshape(value, shape), order);
  return x.reshape(apart, [-1, channels, height * block, width * block]);
}

function toDepth(
  { x }: NodeUse,
  value: GraphValue,
  { block, channels, sizes }: Blocks,
  columnFirst: boolean,
) {
  const [height, width] = sizes as [number, number];
  const apart = x.reshape(value, [-1, channels, height, block, width, block]);
  const order = columnFirst ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4];
  return x.reshape(x.transpose(apart, order), [-1, channels * block * block, height, width]);
}

function depthToSpaceVjp(d: Derivation): GraphValue[] {
  const block = integerAttribute(d.node, "blocksize", 1);
  const [channels] = staticSizes(d, [d.output.shape[1]!]) as [number];
  const sizes = staticSizes(d, d.input.shape.slice(2));
  const columnFirst = textAttribute(d.node, "mode", "DCR") === "CRD";
  return [toDepth(d, d.c, { block, channels, sizes }, columnFirst)];
}

function spaceToDepthVjp(d: Derivation): GraphValue[] {
  const block = integerAttribute(d.node, "blocksize", 1);
  const [channels] = staticSizes(d, [d.input.shape[1]!]) as [number];
  const sizes = staticSizes(d, d.output.shape.slice(2));
  return [toSpace(d, d.c, { block, channels, sizes }, false)];
}

/** To whence the elements were put: positions count through the whole tensor. */
function maxUnpoolVjp(d: Derivation): (GraphValue | undefined)[] {
  const { x, c, node, input } = d;
  const picked = x.gather(x.reshape(c, [-1]), x.reshape(node.inputs[1]!, [-1]));
  return [x.reshape(picked, x.shapeOf(input))];
}

const text = (value: string): AttributeValue => ({ string: value });
const shape = [1, 2, 3, 4];
const scaled = (attributes: Record<string, AttributeValue>, ...scales: number[]): OpSample => ({
  inputs: [{ shape }, undefined, { constant: [1, 1, ...scales], shape: [4] }],
  attributes,
});
const sized = (attributes: Record<string, AttributeValue>, ...sizes: number[]): OpSample => ({
  inputs: [{ shape }, undefined, undefined, { constant: [1, 2, ...sizes], shape: [4], type: "int64" }],
  attributes,
});
const linear = { mode: text("linear") };
const transformed = (mode: string) => ({ coordinate_transformation_mode: text(mode) });

const blocks = (value: number) => ({ blocksize: { int: value } });

export const RESAMPLING = {
  Resize: defineOp({
    type: "Resize",
    samples: [
      scaled({ ...transformed("asymmetric"), nearest_mode: text("floor") }, 2, 2),
      scaled({}, 2, 2),
      scaled({ ...transformed("asymmetric"), nearest_mode: text("ceil") }, 1.5, 0.5),
      scaled({ nearest_mode: text("round_prefer_ceil") }, 0.7, 1.3),
      scaled(linear, 2, 2),
      scaled(linear, 0.6, 1.7),
      sized({ ...linear, ...transformed("align_corners") }, 5, 7),
      sized({ ...linear, ...transformed("pytorch_half_pixel") }, 1, 9),
      sized({ ...linear, ...transformed("asymmetric") }, 6, 3),
      sized({ mode: text("cubic") }, 6, 9),
      {
        inputs: [{ shape: [1, 1, 3, 3] }, undefined, { constant: [2, 1.5], shape: [2] }],
        attributes: { ...linear, axes: { ints: [2, 3] } },
      },
    ],
    vjp: resizeVjp,
  }),
  DepthToSpace: defineOp({
    type: "DepthToSpace",
    samples: [
      { inputs: [{ shape: [2, 8, 1, 2] }], attributes: blocks(2) },
      { inputs: [{ shape: [1, 8, 2, 3] }], attributes: { ...blocks(2), mode: text("CRD") } },
    ],
    vjp: depthToSpaceVjp,
  }),
  SpaceToDepth: defineOp({
    type: "SpaceToDepth",
    samples: [{ inputs: [{ shape: [2, 2, 4, 2] }], attributes: blocks(2) }],
    vjp: spaceToDepthVjp,
  }),
  MaxUnpool: defineOp({
    type: "MaxUnpool",
    samples: [
      {
        inputs: [{ shape: [1, 1, 2, 2] }, { constant: [5, 7, 13, 8], shape: [1, 1, 2, 2], type: "int64" }],
        attributes: { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } },
      },
    ],
    vjp: maxUnpoolVjp,
  }),
};
