/** Rotary position embedding (Su et al., 2021). */
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import type { Expressions } from "../../expressions.js";
import {
  floatOf,
  type ImportCall,
  type ImportRule,
  integerOf,
  staticSize,
  taking,
  unsupportedForm,
} from "./rule.js";
import { joinHeads, placesAlong, reshaped, splitHeads } from "./shapes.js";

/**
 * Turns pairs of columns by an angle.
 * @param value [B, heads, S, D]
 * @param cosine [B or 1, 1, S, R/2] with R <= D: how many columns are turned
 * @param interleaved pairs are neighbours; otherwise column i goes with i + R/2
 */
export function rotate(
  x: Expressions,
  value: GraphValue,
  cosine: GraphValue,
  sine: GraphValue,
  interleaved: boolean,
): GraphValue {
  const width = value.shape[3];
  const half = cosine.shape[3];
  if (typeof width !== "number" || typeof half !== "number")
    throw new Error("the width of a head is unknown");
  const [turned, rest] = width > 2 * half ? x.split(value, [2 * half, width - 2 * half], 3) : [value];
  const outer = value.shape.slice(0, 3);
  let result: GraphValue;
  if (interleaved) {
    const pairs = reshaped(x, turned!, [...outer, half, 2]);
    const [first, second] = x.split(pairs, [1, 1], 4);
    const [cosines, sines] = [x.unsqueeze(cosine, [4]), x.unsqueeze(sine, [4])];
    result = reshaped(x, x.concat(turn(x, first!, second!, cosines, sines), 4), [...outer, 2 * half]);
  } else {
    const [first, second] = x.split(turned!, [half, half], 3);
    result = x.concat(turn(x, first!, second!, cosine, sine), 3);
  }
  return rest ? x.concat([result, rest], 3) : result;
}

function turn(
  x: Expressions,
  a: GraphValue,
  b: GraphValue,
  cosine: GraphValue,
  sine: GraphValue,
): GraphValue[] {
  return [x.sub(x.mul(a, cosine), x.mul(b, sine)), x.add(x.mul(a, sine), x.mul(b, cosine))];
}

/** Rows of a cache [positions, R/2] for positions [B or 1, S], as `rotate` takes them; cut to `columns`. */
export function cachedAngles(
  x: Expressions,
  cache: GraphValue,
  positions: GraphValue,
  columns: number | undefined,
): GraphValue {
  const rows = x.gather(cache, positions);
  return x.unsqueeze(firstColumns(x, rows, columns), [1]);
}

function firstColumns(x: Expressions, rows: GraphValue, columns: number | undefined): GraphValue {
  const width = rows.shape.at(-1);
  if (columns === undefined || width === columns) return rows;
  const [zero, end, axis] = [x.integers([0]), x.integers([columns]), x.integers([rows.shape.length - 1])];
  return x.graph.op("Slice", [rows, zero, end, axis]);
}

interface RotaryInputs {
  readonly cosine: GraphValue;
  readonly sine: GraphValue;
  readonly positions: GraphValue | undefined;
}

function rotaryEmbedding(call: ImportCall, { cosine, sine, positions }: RotaryInputs): GraphValue {
  const { x } = call;
  const given = call.input(0);
  const heads = integerOf(call, "num_heads", 0);
  const rotated = integerOf(call, "rotary_embedding_dim", 0);
  const isFlat = given.shape.length === 3;
  const width = rotated > 0 && heads === 0 && isFlat ? unsupportedForm(call, "needs num_heads") : heads;
  const perHead = staticSize(call, cosine.shape.at(-1), "the width of its caches") * 2;
  const columns = staticSize(call, given.shape.at(-1), "its width");
  const value = isFlat ? splitHeads(x, given, width || columns / perHead) : given;
  const half = rotated > 0 ? rotated / 2 : undefined;
  const angles = (cache: GraphValue): GraphValue =>
    positions ? cachedAngles(x, cache, positions, half) : x.unsqueeze(firstColumns(x, cache, half), [1]);
  const interleaved = integerOf(call, "interleaved", 0) === 1;
  const result = rotate(x, value, angles(cosine), angles(sine), interleaved);
  return isFlat ? joinHeads(x, result) : result;
}

/** ai.onnx 23: X, cos_cache, sin_cache, position_ids?; without positions the caches are [B, S, R/2]. */
const standard: ImportRule = (call) => [
  rotaryEmbedding(call, { cosine: call.input(1), sine: call.input(2), positions: call.optional(3) }),
];

/** com.microsoft: input, position_ids ([B, S], or [1]: the first), cos_cache, sin_cache. */
const contrib: ImportRule = (call) => {
  const { x } = call;
  if (floatOf(call, "scale", 1) !== 1) unsupportedForm(call, "scales its positions");
  const given = call.input(1);
  const sequence = call.input(0).shape.length === 3 ? 1 : 2;
  const positions =
    given.shape.length === 2
      ? given
      : x.unsqueeze(x.add(placesAlong(x, call.input(0), sequence), given), [0]);
  return [rotaryEmbedding(call, { cosine: call.input(2), sine: call.input(3), positions })];
};

/** Positions [1, S] that follow `past` (int64 [1]). */
export function positionsAfter(x: Expressions, past: GraphValue | undefined, query: GraphValue): GraphValue {
  const own = placesAlong(x, query, 2);
  return x.unsqueeze(past ? x.add(own, past) : own, [0]);
}

export const STANDARD_ROTARY: Readonly<Record<string, ImportRule>> = {
  RotaryEmbedding: taking("interleaved num_heads rotary_embedding_dim", standard),
};
export const CONTRIB_ROTARY: Readonly<Record<string, ImportRule>> = {
  RotaryEmbedding: taking("interleaved num_heads rotary_embedding_dim scale is_packed_batching", contrib),
};
