/** Weights as small integers with scales: symmetric, so that 0 stays 0. */
import { elementCount } from "../../foundation/contracts/tensor.js";

export interface QuantizedWeights {
  readonly codes: Int8Array;
  /** One for each index of the axis, or for each block; always positive. */
  readonly scales: Float32Array;
}

/**
 * Seven bits: sums of two products of unsigned and signed bytes saturate at 16 bits on processors without VNNI, where
 * eight bits would give other results than elsewhere.
 */
const LARGEST_INT8 = 63;
const LARGEST_INT4 = 7;
/** Beyond it a number in half precision becomes infinite. */
export const LARGEST_HALF = 65504;
/** Below it a number in half precision loses digits. */
export const SMALLEST_HALF = 2 ** -14;

/** A scale for each index of an axis of a row-major tensor. */
export function quantizeAlong(data: Float32Array, shape: readonly number[], axis: number): QuantizedWeights {
  const size = shape[axis]!;
  const inner = elementCount(shape.slice(axis + 1));
  const placeOf = (index: number) => Math.floor(index / inner) % size;
  return quantize(data, size, placeOf, LARGEST_INT8);
}

/** A scale for `block` rows of each column of a matrix [rows, columns]; scales are [rows / block, columns]. */
export function quantizeBlocks(
  data: Float32Array,
  rows: number,
  columns: number,
  block: number,
): QuantizedWeights {
  const placeOf = (index: number) =>
    Math.floor(Math.floor(index / columns) / block) * columns + (index % columns);
  return quantize(data, Math.ceil(rows / block) * columns, placeOf, LARGEST_INT4);
}

function quantize(
  data: Float32Array,
  count: number,
  placeOf: (index: number) => number,
  largest: number,
): QuantizedWeights {
  const scales = new Float32Array(count);
  for (let index = 0; index < data.length; index++) {
    const place = placeOf(index);
    scales[place] = Math.max(scales[place]!, Math.abs(data[index]!) / largest);
  }
  // Of nothing but zeros.
  for (let place = 0; place < count; place++) scales[place] ||= 1;
  const codes = new Int8Array(data.length);
  for (let index = 0; index < data.length; index++) {
    codes[index] = Math.max(-largest, Math.min(largest, Math.round(data[index]! / scales[placeOf(index)]!)));
  }
  return { codes, scales };
}
