/** Convolutions (Dumoulin and Visin, 2016, "A guide to convolution arithmetic") over any number of axes. */
import type { AttributeValue, GraphValue } from "../../../foundation/contracts/graph.js";
import { reachOf, type SlidingWindow, slidingWindows, transposedWindows } from "../../onnx/index.js";
import {
  type Derivation,
  defineOp,
  integerAttribute,
  type NodeUse,
  type OpSample,
  staticSizes,
} from "./definition.js";

const ints = (values: readonly number[]): AttributeValue => ({ ints: values });

function windowAttributes(windows: readonly SlidingWindow[]): Record<string, AttributeValue> {
  return {
    kernel_shape: ints(windows.map(({ kernel }) => kernel)),
    strides: ints(windows.map(({ stride }) => stride)),
    dilations: ints(windows.map(({ dilation }) => dilation)),
    pads: ints([...windows.map(({ begin }) => begin), ...windows.map(({ end }) => end)]),
  };
}

/** Elements behind the last window, which ConvTranspose has to be told of. */
const leftOver = (window: SlidingWindow): number =>
  window.size + window.begin + window.end - reachOf(window) - window.stride * (window.positions - 1);

/** For each window the sum of the kernels at its position: the transpose of a convolution as a linear map. */
export function spreadWindows(
  { graph }: NodeUse,
  value: GraphValue,
  kernel: GraphValue,
  windows: readonly SlidingWindow[],
  group: number,
): GraphValue {
  // A surplus of padding behind is cut there; a left-over is filled with zeros.
  const fitted = windows.map((window) => ({ ...window, extra: leftOver(window) }));
  const attributes = {
    ...windowAttributes(windows),
    group: { int: group },
    output_padding: ints(fitted.map(({ extra }) => extra)),
  };
  return graph.op("ConvTranspose", [value, kernel], { attributes });
}

/** Below so many channels a group the runtime is faster with the transposed convolution. */
const FLIPPED_FROM_CHANNELS = 8;

/**
 * Without strides a convolution with the turned kernel, which is faster than the transposed one; groups of one
 * channel (depthwise) have a kernel of their own in the runtime.
 */
function inputCotangent(
  d: Derivation,
  kernel: GraphValue,
  windows: readonly SlidingWindow[],
  group: number,
): GraphValue {
  const { graph, x, c } = d;
  const [outer, channels, ...sizes] = staticSizes(d, kernel.shape) as [number, number, ...number[]];
  const begins = windows.map((window) => reachOf(window) - 1 - window.begin);
  const ends = windows.map((window) => reachOf(window) - 1 - window.end);
  const fits = windows.every(({ stride }, k) => stride === 1 && begins[k]! >= 0 && ends[k]! >= 0);
  const isDepthwise = channels === 1 && outer === group && group > 1;
  if (!fits || !(isDepthwise || channels >= FLIPPED_FROM_CHANNELS)) {
    return spreadWindows(d, c, kernel, windows, group);
  }
  const apart = x.reshape(kernel, [group, outer / group, channels, ...sizes]);
  const order = apart.shape.map((_, axis) => axis);
  const swapped = x.transpose(apart, [0, 2, 1, ...order.slice(3)]);
  const axes = sizes.map((_, axis) => axis + 2);
  const turned = graph.op("Slice", [
    x.reshape(swapped, [group * channels, outer / group, ...sizes]),
    x.integers(axes.map(() => -1)),
    x.integers(axes.map(() => -(2 ** 31))),
    x.integers(axes),
    x.integers(axes.map(() => -1)),
  ]);
  const attributes = {
    ...windowAttributes(windows),
    pads: ints([...begins, ...ends]),
    group: { int: group },
  };
  return graph.op("Conv", [c, turned], { attributes });
}

/** Every combination of positions inside the kernel, the last axis running fastest. */
function offsets(windows: readonly SlidingWindow[]): number[][] {
  return windows.reduce<number[][]>(
    (found, { kernel, dilation }) =>
      found.flatMap((offset) => Array.from({ length: kernel }, (_, k) => [...offset, k * dilation])),
    [[]],
  );
}

/** For each element of the kernel what it sees at all positions: the value [.., .., ...sizes] cut to [.., .., ...positions]. */
function seenByElement(
  { graph, x }: NodeUse,
  value: GraphValue,
  windows: readonly SlidingWindow[],
): GraphValue[] {
  const axes = windows.map((_, axis) => axis + 2);
  const begins = windows.map(({ begin }) => begin);
  const ends = windows.map(({ end }) => end);
  const isPadded = [...begins, ...ends].some((size) => size > 0);
  const padded = isPadded ? graph.op("Pad", [value, x.integers([0, 0, ...begins, 0, 0, ...ends])]) : value;
  const strides = x.integers(windows.map(({ stride }) => stride));
  return offsets(windows).map((offset) => {
    const last = windows.map((window, k) => offset[k]! + window.stride * (window.positions - 1) + 1);
    return graph.op("Slice", [padded, x.integers(offset), x.integers(last), x.integers(axes), strides]);
  });
}

/** im2col: [N, C, kernel elements, positions] of a value [N, C, ...sizes]. */
function columnsOf(d: NodeUse, value: GraphValue, windows: readonly SlidingWindow[]): GraphValue {
  const { x } = d;
  const [channels] = staticSizes(d, [value.shape[1]!]);
  const positions = windows.reduce((count, window) => count * window.positions, 1);
  const seen = seenByElement(d, value, windows);
  return x.concat(
    seen.map((slice) => x.reshape(slice, [-1, channels!, 1, positions])),
    2,
  );
}

/** From so many channels on, products for single elements of the kernel are wide enough to be fast. */
const APART_FROM_CHANNELS = 16;

/**
 * Cotangent of the kernel, by large products, which are faster than a convolution whose kernel is as large as the picture:
 * the sums over all windows of (side with one element a window) x (windowed side).
 * @param single [N, M, ...positions]; @param windowed [N, C, ...sizes]; @param shape [M, C / group, ...kernel]
 */
function kernelCotangent(
  d: NodeUse,
  single: GraphValue,
  windowed: GraphValue,
  shape: readonly number[],
  windows: readonly SlidingWindow[],
  group: number,
): GraphValue {
  const { x } = d;
  const [outer, inner, ...kernel] = shape as [number, number, ...number[]];
  if (group === 1 && inner >= APART_FROM_CHANNELS)
    return kernelElementsApart(d, single, windowed, shape, windows);
  const positions = windows.reduce((count, window) => count * window.positions, 1);
  const elements = kernel.reduce((count, size) => count * size, inner);
  const rows = x.reshape(single, [-1, group, outer / group, positions]);
  const columns = x.reshape(columnsOf(d, windowed, windows), [-1, group, elements, positions]);
  return x.reshape(x.sum(x.matmul(rows, x.transposeMatrices(columns)), [0]), shape);
}

/** The same without a group, one product over batch and positions for each element of the kernel: no columns are made. */
function kernelElementsApart(
  d: NodeUse,
  single: GraphValue,
  windowed: GraphValue,
  shape: readonly number[],
  windows: readonly SlidingWindow[],
): GraphValue {
  const { graph, x } = d;
  const byChannel = (value: GraphValue) =>
    x.transpose(value, [1, 0, ...value.shape.slice(2).map((_, axis) => axis + 2)]);
  const rows = x.reshape(byChannel(single), [shape[0]!, -1]);
  const products = seenByElement(d, byChannel(windowed), windows).map((seen) => {
    const columns = x.reshape(seen, [shape[1]!, -1]);
    return graph.op("Gemm", [rows, columns], { attributes: { transB: { int: 1 } } });
  });
  return x.reshape(
    x.concat(
      products.map((product) => x.unsqueeze(product, [2])),
      2,
    ),
    shape,
  );
}

const biasCotangent = ({ x, c }: Derivation): GraphValue =>
  x.sum(
    c,
    c.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis])),
  );

function convolutionVjp(d: Derivation): (GraphValue | undefined)[] {
  const { node, input, c } = d;
  const [, kernel, bias] = node.inputs;
  const shape = staticSizes(d, kernel!.shape);
  const group = integerAttribute(node, "group", 1);
  const windows = slidingWindows(node.attributes, staticSizes(d, input.shape.slice(2)), shape.slice(2));
  return [
    inputCotangent(d, kernel!, windows, group),
    kernelCotangent(d, c, input, shape, windows, group),
    bias && biasCotangent(d),
  ];
}

function transposedConvolutionVjp(d: Derivation): (GraphValue | undefined)[] {
  const { graph, node, input, c } = d;
  const [, kernel, bias] = node.inputs;
  const shape = staticSizes(d, kernel!.shape);
  const group = integerAttribute(node, "group", 1);
  const windows = transposedWindows(node.attributes, staticSizes(d, input.shape.slice(2)), shape.slice(2));
  const attributes = { ...windowAttributes(windows), group: { int: group } };
  return [
    graph.op("Conv", [c, kernel], { attributes }),
    kernelCotangent(d, input, c, shape, windows, group),
    bias && biasCotangent(d),
  ];
}

function sample(
  input: readonly number[],
  kernel: readonly number[],
  attributes: Record<string, AttributeValue> = {},
  bias?: number,
): OpSample {
  const inputs = [{ shape: input }, { shape: kernel }, ...(bias ? [{ shape: [bias] }] : [])];
  return { inputs, attributes };
}

const text = (value: string): AttributeValue => ({ string: value });
const strides = (...values: number[]) => ({ strides: ints(values) });
const pads = (...values: number[]) => ({ pads: ints(values) });
const dilations = (...values: number[]) => ({ dilations: ints(values) });
const group = (count: number) => ({ group: { int: count } });

export const CONVOLUTIONS = {
  Conv: defineOp({
    type: "Conv",
    samples: [
      sample([2, 2, 4, 3], [3, 2, 3, 3], pads(1, 1, 1, 1), 3),
      sample([1, 2, 5, 6], [2, 2, 2, 3], { ...strides(2, 2), ...pads(1, 0, 0, 2) }),
      sample([1, 1, 7, 5], [2, 1, 3, 2], { ...dilations(2, 3), ...strides(1, 2), ...pads(0, 1, 1, 2) }),
      sample([1, 8, 3, 3], [2, 8, 2, 3], pads(1, 0, 0, 2)),
      sample([2, 16, 4, 3], [2, 16, 3, 2], { ...pads(1, 0, 0, 2), ...strides(2, 1), ...dilations(1, 2) }),
      sample([1, 3, 4, 3], [3, 1, 3, 3], { ...group(3), ...pads(1, 1, 1, 1) }),
      sample([1, 16, 2, 3], [4, 8, 1, 2], { ...group(2), ...dilations(1, 2) }),
      sample([2, 4, 3, 3], [6, 2, 2, 2], { ...group(2), ...pads(0, 0, 1, 1) }, 6),
      sample([2, 3, 4, 4], [3, 1, 3, 3], { ...group(3), ...strides(2, 2), ...pads(1, 1, 1, 1) }, 3),
      sample([1, 2, 3, 3], [4, 1, 1, 1], group(2)),
      sample([2, 3, 3, 2], [2, 3, 1, 1], strides(2, 1)),
      sample([1, 2, 6], [3, 2, 3], { ...pads(2, 0), ...dilations(2) }, 3),
      sample([1, 1, 3, 2, 3], [2, 1, 2, 2, 2], strides(1, 1, 2)),
      sample([1, 1, 5, 4], [1, 1, 3, 2], { ...strides(2, 2), auto_pad: text("SAME_UPPER") }),
      sample([1, 1, 5, 4], [1, 1, 2, 3], { ...strides(2, 3), auto_pad: text("SAME_LOWER") }),
      sample([1, 1, 6, 6], [1, 1, 3, 3], { ...strides(2, 2), auto_pad: text("VALID") }),
    ],
    vjp: convolutionVjp,
  }),
  ConvTranspose: defineOp({
    type: "ConvTranspose",
    samples: [
      sample([2, 2, 3, 2], [2, 3, 2, 2], strides(2, 2), 3),
      sample([1, 2, 3, 3], [2, 2, 3, 3], {
        ...strides(2, 2),
        ...pads(1, 1, 1, 1),
        output_padding: ints([1, 1]),
      }),
      sample([1, 4, 2, 3], [4, 1, 3, 2], { ...group(2), ...pads(1, 0, 0, 1) }, 2),
      sample([1, 2, 3, 2], [2, 1, 2, 3], { ...dilations(2, 1), ...strides(1, 2) }),
      sample([2, 2, 3, 2], [2, 16, 2, 3], { ...strides(2, 1), ...pads(1, 0, 0, 1) }),
      sample([1, 2, 4], [2, 2, 4], { ...strides(2), ...pads(1, 1) }, 2),
      sample([1, 1, 3, 3], [1, 1, 3, 3], { ...strides(2, 2), output_shape: ints([6, 5]) }),
    ],
    vjp: transposedConvolutionVjp,
  }),
};
