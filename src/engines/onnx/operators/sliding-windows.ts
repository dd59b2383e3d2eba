/** Where the windows of convolutions and poolings lie, with every way to say so resolved to numbers. */
import type { AttributeValue, Dimension } from "../../../foundation/contracts/graph.js";

type Attributes = Readonly<Record<string, AttributeValue>>;

/** Windows along one spatial axis: position p covers begin-padded elements p * stride + k * dilation, k < kernel. */
export interface SlidingWindow {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Padding before and behind. */
  readonly begin: number;
  readonly end: number;
  /** Elements of the side that is windowed: the input of Conv, the output of ConvTranspose. */
  readonly size: number;
  /** Windows: elements of the other side. */
  readonly positions: number;
}

/** From the first to the last element that a window touches. */
export const reachOf = ({ kernel, dilation }: Pick<SlidingWindow, "kernel" | "dilation">): number =>
  dilation * (kernel - 1) + 1;

interface AxisWindow extends Pick<SlidingWindow, "kernel" | "stride" | "dilation" | "begin" | "end"> {
  readonly automatic: string;
  readonly rounding: "floor" | "ceil";
}

function integersOf(attributes: Attributes, name: string): readonly number[] | undefined {
  const value = attributes[name];
  return value && "ints" in value ? Array.from(value.ints as ArrayLike<number>, Number) : undefined;
}

function axisWindows(attributes: Attributes, kernel: readonly number[]): AxisWindow[] {
  const { auto_pad: automatic, ceil_mode: rounding } = attributes;
  const strides = integersOf(attributes, "strides");
  const dilations = integersOf(attributes, "dilations");
  const pads = integersOf(attributes, "pads");
  return kernel.map((size, axis) => ({
    kernel: size,
    stride: strides?.[axis] ?? 1,
    dilation: dilations?.[axis] ?? 1,
    begin: pads?.[axis] ?? 0,
    end: pads?.[axis + kernel.length] ?? 0,
    automatic: automatic && "string" in automatic ? automatic.string : "NOTSET",
    rounding: rounding && "int" in rounding && Number(rounding.int) === 1 ? "ceil" : "floor",
  }));
}

/** An odd element of padding goes behind with SAME_UPPER, before with SAME_LOWER. */
function shared(total: number, mode: string): { begin: number; end: number } {
  const small = Math.floor(total / 2);
  return mode === "SAME_LOWER" ? { begin: total - small, end: small } : { begin: small, end: total - small };
}

/** Of Conv and the poolings: over spatial input sizes. */
export function slidingWindows(
  attributes: Attributes,
  sizes: readonly number[],
  kernel: readonly number[],
): SlidingWindow[] {
  return axisWindows(attributes, kernel).map(({ automatic, rounding, ...window }, axis) => {
    const size = sizes[axis]!;
    const { stride } = window;
    if (automatic.startsWith("SAME")) {
      const positions = Math.ceil(size / stride);
      const total = Math.max(0, (positions - 1) * stride + reachOf(window) - size);
      return { ...window, ...shared(total, automatic), size, positions };
    }
    const padding = automatic === "VALID" ? { begin: 0, end: 0 } : { begin: window.begin, end: window.end };
    const room = size + padding.begin + padding.end - reachOf(window);
    const positions = Math[rounding](room / stride) + 1;
    // A window that would begin in the padding behind is left out.
    const startsOutside = rounding === "ceil" && (positions - 1) * stride >= size + padding.begin;
    return { ...window, ...padding, size, positions: startsOutside ? positions - 1 : positions };
  });
}

/** Of ConvTranspose: over spatial input sizes, which are the positions. */
export function transposedWindows(
  attributes: Attributes,
  positions: readonly number[],
  kernel: readonly number[],
): SlidingWindow[] {
  const extra = integersOf(attributes, "output_padding");
  const wanted = integersOf(attributes, "output_shape")?.slice(-kernel.length);
  return axisWindows(attributes, kernel).map(({ automatic, rounding: _, ...window }, axis) => {
    const count = positions[axis]!;
    const full = window.stride * (count - 1) + (extra?.[axis] ?? 0) + reachOf(window);
    const isSame = automatic.startsWith("SAME");
    if (!wanted && !isSame) {
      const { begin, end } = automatic === "VALID" ? { begin: 0, end: 0 } : window;
      return { ...window, begin, end, size: full - begin - end, positions: count };
    }
    const size = wanted?.[axis] ?? count * window.stride;
    // Without an automatic mode the odd element goes before, by the standard.
    const mode = automatic === "SAME_UPPER" ? automatic : "SAME_LOWER";
    return { ...window, ...shared(Math.max(0, full - size), mode), size, positions: count };
  });
}

/** How much padding can add to a size that is known only at run time. */
export function windowGrowth(attributes: Attributes, kernel: readonly number[]): (size: number) => number {
  const pads = Math.max(0, ...axisWindows(attributes, kernel).map(({ begin, end }) => begin + end));
  return (size) => size + pads;
}

export const isKnown = (sizes: readonly Dimension[]): sizes is readonly number[] =>
  sizes.every((size) => typeof size === "number");
