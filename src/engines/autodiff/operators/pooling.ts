/** Poolings: over windows and over whole pictures. */
import type { AttributeValue, GraphValue } from "../../../foundation/contracts/graph.js";
import { reachOf, type SlidingWindow, slidingWindows } from "../../onnx/index.js";
import { spreadWindows } from "./convolutions.js";
import {
  aboveZero,
  type Derivation,
  defineOp,
  integerAttribute,
  integersAttribute,
  type NodeUse,
  type OpSample,
  type OpUse,
  refusal,
  staticSizes,
  zerosLike,
} from "./definition.js";

function windowsOf(d: Derivation): SlidingWindow[] {
  const kernel = integersAttribute(d.node, "kernel_shape")!;
  return slidingWindows(d.node.attributes, staticSizes(d, d.input.shape.slice(2)), kernel);
}

function maxPoolVjp(d: Derivation): GraphValue[] {
  if (d.cotangents[1]) throw refusal(d.node, "its positions are no real numbers");
  const windows = windowsOf(d);
  return [isTiling(windows) ? tiledMaximum(d, windows) : indexedMaximum(d, windows)];
}

/**
 * The greatest of what is cut at 0 is the greatest, cut at 0: cut behind the pooling, on the way back too, a value is
 * smaller by the size of a window. Elements that share a greatest of 0 get nothing either way.
 */
function pooledBeforeRelu({ graph, node, input }: OpUse): GraphValue[] | undefined {
  const before = graph.nodeOf(input);
  if (before?.type !== "Relu") return undefined;
  const [greatest, ...positions] = graph.node("MaxPool", before.inputs, { attributes: node.attributes });
  return [graph.op("Relu", [greatest!]), ...positions];
}

/** Whether each element lies in exactly one window. */
const isTiling = (windows: readonly SlidingWindow[]): boolean =>
  windows.every(
    ({ kernel, stride, dilation, begin, end, size, positions }) =>
      stride === kernel && dilation === 1 && begin + end === 0 && size === positions * stride,
  );

/** Each number for all elements of its window, where windows lie side by side. */
function overWindows({ graph }: NodeUse, value: GraphValue, windows: readonly SlidingWindow[]): GraphValue {
  const scales = graph.constant(
    "float32",
    [windows.length + 2],
    [1, 1, ...windows.map(({ kernel }) => kernel)],
  );
  const attributes = {
    mode: { string: "nearest" },
    coordinate_transformation_mode: { string: "asymmetric" },
    nearest_mode: { string: "floor" },
  };
  return graph.op("Resize", [value, undefined, scales], { attributes });
}

/**
 * Elements that equal the greatest of their window share its cotangent. Found by comparing, as the runtime's
 * kernel is many times slower when it has to tell positions.
 */
function tiledMaximum(d: Derivation, windows: readonly SlidingWindow[]): GraphValue {
  const { graph, x, c, input, output } = d;
  const kernel = windows.map((window) => window.kernel);
  const elements = kernel.reduce((count, size) => count * size, 1);
  const isLess = aboveZero(d, x.sub(overWindows(d, output, windows), input));
  const tiles = { kernel_shape: { ints: kernel }, strides: { ints: kernel } };
  const less = x.mul(graph.op("AveragePool", [isLess], { attributes: tiles }), elements);
  const share = overWindows(d, x.div(c, x.sub(elements, less)), windows);
  return x.sub(share, x.mul(share, isLess));
}

/** To where the greatest elements were, as output 1 of the node tells. */
function indexedMaximum(d: Derivation, windows: readonly SlidingWindow[]): GraphValue {
  const { graph, x, c, node, input } = d;
  if (integerAttribute(node, "storage_order", 0) === 1)
    throw refusal(node, "positions count column by column");
  const positions = node.outputs[1]!;
  if (windows.every((window) => window.stride >= reachOf(window))) {
    const attributes = {
      kernel_shape: { ints: windows.map(({ kernel }) => kernel) },
      strides: { ints: windows.map(({ stride }) => stride) },
    };
    return graph.op("MaxUnpool", [c, positions, x.shapeOf(input)], { attributes });
  }
  const flat = zerosLike(d, x.reshape(input, [-1]));
  const attributes = { axis: { int: 0 }, reduction: { string: "add" } };
  const inputs = [flat, x.reshape(positions, [-1]), x.reshape(c, [-1])];
  return x.reshape(graph.op("ScatterElements", inputs, { attributes }), x.shapeOf(input));
}

/** Elements that the mean at each position of one axis is taken over. */
function divisors(
  { kernel, stride, dilation, begin, end, size, positions }: SlidingWindow,
  withPads: boolean,
) {
  const [low, high] = withPads ? [-begin, size + end] : [0, size];
  return Array.from({ length: positions }, (_, position) => {
    const start = position * stride - begin;
    const touched = Array.from({ length: kernel }, (_, k) => start + k * dilation);
    return touched.filter((at) => at >= low && at < high).length;
  });
}

/** Each element's cotangent divided by its window's count, handed out over the window. */
function averagePoolVjp(d: Derivation): GraphValue[] {
  const { graph, x, c, node, input } = d;
  const windows = windowsOf(d);
  const [channels] = staticSizes(d, [input.shape[1]!]);
  const withPads = integerAttribute(node, "count_include_pad", 0) === 1;
  const shares = windows.reduce((value, window, axis) => {
    const counts = divisors(window, withPads);
    const column = windows.map((_, at) => (at === axis ? counts.length : 1));
    if (counts.every((count) => count === counts[0])) return x.mul(value, 1 / counts[0]!);
    return x.mul(
      value,
      graph.constant(
        c.type,
        column,
        counts.map((count) => 1 / count),
      ),
    );
  }, c);
  if (isTiling(windows)) return [overWindows(d, shares, windows)];
  const shape = [channels!, 1, ...windows.map(({ kernel }) => kernel)];
  const elements = shape.reduce((count, size) => count * size, 1);
  const ones = graph.constant(c.type, shape, new Array<number>(elements).fill(1));
  return [spreadWindows(d, shares, ones, windows.map(closed), channels!)];
}

/** With ceil_mode the last window may reach beyond the padding, which then has to be there. */
function closed(window: SlidingWindow): SlidingWindow {
  const needed = (window.positions - 1) * window.stride + reachOf(window) - window.size - window.begin;
  return { ...window, end: Math.max(window.end, needed) };
}

/** Elements that equal the extreme share its cotangent, as in PyTorch's amax. */
function globalMaxVjp(d: Derivation): GraphValue[] {
  const { x, c, input, output } = d;
  const axes = input.shape.map((_, axis) => axis).slice(2);
  const hits = x.indicator(x.equal(input, output), input);
  return [x.mul(hits, x.div(c, x.sum(hits, axes, true)))];
}

function globalAverageVjp(d: Derivation): GraphValue[] {
  const { x, c, input } = d;
  const elements = staticSizes(d, input.shape.slice(2)).reduce((count, size) => count * size, 1);
  return [x.expand(x.mul(c, 1 / elements), x.shapeOf(input))];
}

/** (sum of |x|^p)^(1/p): the mean of the powers, times how many there are. */
function normComposition({ graph, x, node, input }: NodeUse): GraphValue[] {
  const { p: _, ...attributes } = node.attributes;
  const exponent = integerAttribute(node, "p", 2);
  if (integerAttribute(node, "ceil_mode", 0) === 1)
    throw refusal(node, "its windows reach outside (ceil_mode)");
  const powers = x.power(x.apply("Abs", input), exponent);
  const means = graph.op("AveragePool", [powers], {
    attributes: { ...attributes, count_include_pad: { int: 1 } },
  });
  const count = integersAttribute(node, "kernel_shape")!.reduce((product, size) => product * size, 1);
  return [x.power(x.mul(means, count), 1 / exponent)];
}

const ints = (...values: number[]): AttributeValue => ({ ints: values });
const flag: AttributeValue = { int: 1 };

function samples(...attributes: Readonly<Record<string, AttributeValue>>[]): OpSample[] {
  const pooled = attributes.map((each) => ({
    inputs: [{ shape: [2, 2, 5, 4] }],
    attributes: each,
    outputs: 1,
  }));
  const line = { kernel_shape: ints(3), strides: ints(2), pads: ints(1, 1) };
  return [...pooled, { inputs: [{ shape: [1, 2, 6] }], attributes: line, outputs: 1 }];
}

const WINDOW_SAMPLES = samples(
  { kernel_shape: ints(2, 2), strides: ints(2, 2) },
  { kernel_shape: ints(1, 2), strides: ints(1, 2) },
  { kernel_shape: ints(3, 2), pads: ints(1, 0, 1, 1) },
  { kernel_shape: ints(3, 3), strides: ints(2, 2), pads: ints(1, 1, 1, 1) },
  { kernel_shape: ints(3, 3), strides: ints(2, 2), ceil_mode: flag },
  { kernel_shape: ints(2, 2), dilations: ints(2, 3) },
  { kernel_shape: ints(2, 3), strides: ints(2, 2), auto_pad: { string: "SAME_UPPER" } },
);

export const POOLING = {
  MaxPool: defineOp({
    type: "MaxPool",
    samples: WINDOW_SAMPLES,
    rewrite: pooledBeforeRelu,
    vjp: maxPoolVjp,
  }),
  AveragePool: defineOp({
    type: "AveragePool",
    samples: [
      ...WINDOW_SAMPLES,
      ...samples({
        kernel_shape: ints(3, 3),
        strides: ints(2, 2),
        pads: ints(1, 1, 1, 1),
        count_include_pad: flag,
      }),
    ],
    vjp: averagePoolVjp,
  }),
  LpPool: defineOp({
    type: "LpPool",
    samples: samples(
      { kernel_shape: ints(2, 2), strides: ints(2, 1) },
      { kernel_shape: ints(2, 3), p: { int: 3 } },
    ),
    composition: normComposition,
  }),
  GlobalAveragePool: defineOp({
    type: "GlobalAveragePool",
    samples: [{ inputs: [{ shape: [2, 2, 3, 2] }] }, { inputs: [{ shape: [2, 3, 4] }] }],
    vjp: globalAverageVjp,
  }),
  GlobalMaxPool: defineOp({
    type: "GlobalMaxPool",
    samples: [{ inputs: [{ shape: [2, 2, 3, 2] }] }],
    vjp: globalMaxVjp,
  }),
};
