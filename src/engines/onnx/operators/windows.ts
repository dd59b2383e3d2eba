/** Convolutions, poolings and what changes the resolution of pictures. */
import type { Dimension } from "../../../foundation/contracts/graph.js";
import {
  axisOf,
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
import { isKnown, slidingWindows, transposedWindows, windowGrowth } from "./sliding-windows.js";

/** Sizes after a sliding window over the axes behind batch and channel. */
export function windowed(
  call: OperatorCall,
  spatial: readonly Dimension[],
  kernel: readonly number[],
): Dimension[] {
  if (spatial.length !== kernel.length) fail(call, `the window has ${kernel.length} axes`);
  return spatial.map((size, axis) => {
    if (typeof size === "string") {
      const grown = windowGrowth(call.attributes, kernel);
      return call.fresh((sizeOf) => grown(sizeOf(size)));
    }
    // Axes do not depend on each other, so an unknown neighbour may have any size.
    const sizes = spatial.map((other) => (typeof other === "number" ? other : 1));
    return slidingWindows(call.attributes, sizes, kernel)[axis]!.positions;
  });
}

const convolution = (call: OperatorCall): TensorType[] => {
  const [batch, , ...spatial] = inputOf(call, 0).shape;
  const [channels, , ...kernel] = inputOf(call, 1).shape;
  if (!isKnown(kernel)) return fail(call, "the sizes of the kernel must be known");
  return [{ type: sameType(call), shape: [batch!, channels!, ...windowed(call, spatial, kernel)] }];
};

const transposedConvolution = (call: OperatorCall): TensorType[] => {
  const [batch, , ...spatial] = inputOf(call, 0).shape;
  const [, channels, ...kernel] = inputOf(call, 1).shape;
  if (!isKnown(kernel) || typeof channels !== "number") return fail(call, "the kernel's sizes must be known");
  const sizeAt = (axis: number, positions: number) =>
    transposedWindows(
      call.attributes,
      kernel.map(() => positions),
      kernel,
    )[axis]!.size;
  const sizes = spatial.map((size, axis) =>
    typeof size === "number" ? sizeAt(axis, size) : call.fresh((sizeOf) => sizeAt(axis, sizeOf(size))),
  );
  return [{ type: sameType(call), shape: [batch!, channels * integer(call, "group", 1), ...sizes] }];
};

const pool = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  const kernel = integers(call, "kernel_shape") ?? fail(call, "kernel_shape is missing");
  const result = [...shape.slice(0, 2), ...windowed(call, shape.slice(2), kernel)];
  const values: TensorType = { type, shape: result };
  return call.type === "MaxPool" ? [values, { type: "int64", shape: result }] : [values];
};

/** The shape that is asked for; without one, what a MaxPool of the same attributes had before it. */
const maxUnpool = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  if (call.inputs[2]) {
    const wanted = call.contents(2);
    return [{ type, shape: wanted ?? shape.map(() => call.fresh("unbounded")) }];
  }
  const kernel = integers(call, "kernel_shape") ?? fail(call, "kernel_shape is missing");
  const sizes = shape.slice(2);
  if (!isKnown(sizes)) return fail(call, "spatial sizes must be known");
  const windows = transposedWindows(call.attributes, sizes, kernel);
  return [{ type, shape: [...shape.slice(0, 2), ...windows.map(({ size }) => size)] }];
};

const globalPool = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  return [{ type, shape: shape.map((size, index) => (index < 2 ? size : 1)) }];
};

/** Sizes are given, or scales of which each size's product is rounded down. */
const resize = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  const axes = integers(call, "axes")?.map((axis) => axisOf(call, axis, shape.length));
  const resized = axes ?? shape.map((_, axis) => axis);
  const sizes = call.inputs[3] ? call.contents(3) : undefined;
  const scales = call.inputs[2] ? constant(call, 2) : undefined;
  const result = [...shape];
  for (const [index, axis] of resized.entries()) {
    const size = shape[axis]!;
    const [wanted, scale] = [sizes?.[index], scales?.[index]];
    if (wanted !== undefined) result[axis] = wanted;
    else if (scale === undefined) result[axis] = call.fresh("unbounded");
    else if (typeof size === "number") result[axis] = Math.floor(size * scale);
    else if (scale !== 1) result[axis] = call.fresh((sizeOf) => Math.floor(sizeOf(size) * scale));
  }
  return [{ type, shape: result }];
};

function times(call: OperatorCall, size: Dimension, factor: number): Dimension {
  if (typeof size === "number") return size * factor;
  return call.fresh((sizeOf) => sizeOf(size) * factor);
}

function divided(call: OperatorCall, size: Dimension, divisor: number): Dimension {
  if (typeof size === "string") return call.fresh((sizeOf) => sizeOf(size) / divisor);
  return size % divisor === 0 ? size / divisor : fail(call, `size ${size} is no multiple of ${divisor}`);
}

const depthToSpace = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  const [batch, channels, ...spatial] = shape;
  const block = integer(call, "blocksize", 0);
  if (block < 1 || shape.length !== 4) fail(call, "it takes [N, C, H, W] and a block size");
  const sizes = spatial.map((size) => times(call, size, block));
  return [{ type, shape: [batch!, divided(call, channels!, block * block), ...sizes] }];
};

const spaceToDepth = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  const [batch, channels, ...spatial] = shape;
  const block = integer(call, "blocksize", 0);
  if (block < 1 || shape.length !== 4) fail(call, "it takes [N, C, H, W] and a block size");
  const sizes = spatial.map((size) => divided(call, size, block));
  return [{ type, shape: [batch!, times(call, channels!, block * block), ...sizes] }];
};

const gridSample = (call: OperatorCall): TensorType[] => {
  const { type, shape } = inputOf(call, 0);
  const grid = inputOf(call, 1).shape;
  if (grid.length !== shape.length || grid.at(-1) !== shape.length - 2) {
    fail(call, "the grid must give one coordinate for each spatial axis");
  }
  return [{ type, shape: [...shape.slice(0, 2), ...grid.slice(1, -1)] }];
};

export const WINDOWS = {
  ...operators("", "AveragePool LpPool", pool),
  MaxPool: { domain: "", requiredOutputs: 1, infer: pool },
  ...operators("", "GlobalAveragePool GlobalMaxPool", globalPool),
  Conv: { domain: "", infer: convolution },
  ConvTranspose: { domain: "", infer: transposedConvolution },
  MaxUnpool: { domain: "", infer: maxUnpool },
  Resize: { domain: "", infer: resize },
  DepthToSpace: { domain: "", infer: depthToSpace },
  SpaceToDepth: { domain: "", infer: spaceToDepth },
  GridSample: { domain: "", infer: gridSample },
} satisfies OperatorTable;
