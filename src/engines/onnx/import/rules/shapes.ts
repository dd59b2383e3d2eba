/** Moving between layouts without losing the names of sizes. */
import type { Dimension, GraphValue } from "../../../../foundation/contracts/graph.js";
import type { Expressions } from "../../expressions.js";

/** Int64 [1]: a size of a value, a constant where it is known. */
export function sizeOf(x: Expressions, value: GraphValue, axis: number): GraphValue {
  const size = value.shape[axis]!;
  if (typeof size === "number") return x.integers([size]);
  return x.graph.op("Shape", [value], {
    attributes: { start: { int: axis }, end: { int: axis + 1 } },
  });
}

/**
 * Reshape to sizes of which the caller knows the names: those of the value at the same place are kept, and one
 * more may be left to the runtime.
 */
export function reshaped(x: Expressions, value: GraphValue, shape: readonly Dimension[]): GraphValue {
  let isOpen = false;
  const target = shape.map((size, axis) => {
    if (typeof size === "number") return size;
    if (value.shape[axis] === size) return 0;
    if (isOpen) throw new Error(`[${value.shape}] has too many unknown sizes to become [${shape}]`);
    isOpen = true;
    return -1;
  });
  return x.graph.op("Reshape", [value, x.integers(target)], { outputs: [{ type: value.type, shape }] });
}

/** [B, S, heads * D] as [B, heads, S, D]. */
export function splitHeads(x: Expressions, value: GraphValue, heads: number): GraphValue {
  const [batch, length, width] = value.shape as [Dimension, Dimension, Dimension];
  if (typeof width !== "number") throw new Error("the width of an attention input is unknown");
  if (width % heads !== 0) throw new Error(`${width} columns do not divide among ${heads} heads`);
  return x.transpose(reshaped(x, value, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
}

/** [B, heads, S, D] as [B, S, heads * D]. */
export function joinHeads(x: Expressions, value: GraphValue): GraphValue {
  const [batch, heads, length, width] = value.shape as [Dimension, number, Dimension, number];
  return reshaped(x, x.transpose(value, [0, 2, 1, 3]), [batch, length, heads * width]);
}

/** [B, heads, T, D] with each head `times` times side by side: [B, heads * times, T, D]. */
export function repeatHeads(x: Expressions, value: GraphValue, times: number): GraphValue {
  if (times === 1) return value;
  const [batch, heads, length, width] = value.shape as [Dimension, number, Dimension, Dimension];
  const repeated = x.graph.op("Tile", [x.unsqueeze(value, [2]), x.integers([1, 1, times, 1, 1])]);
  return reshaped(x, repeated, [batch, heads * times, length, width]);
}

/** Int64 [size]: 0, 1, … up to a size of a value. */
export function placesAlong(x: Expressions, value: GraphValue, axis: number): GraphValue {
  const size = value.shape[axis]!;
  if (typeof size === "number") return x.integers(Array.from({ length: size }, (_, index) => index));
  const integer = (number: number) => x.graph.constant("int64", [], [number]);
  const limit = x.graph.op("Squeeze", [sizeOf(x, value, axis), x.integers([0])]);
  return x.graph.op("Range", [integer(0), limit, integer(1)], {
    outputs: [{ type: "int64", shape: [size] }],
  });
}
