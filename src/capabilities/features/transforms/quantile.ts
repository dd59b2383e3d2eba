import { z } from "zod";
import { quantileOfSorted } from "../../../foundation/base/statistics.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { createFrame } from "../../../foundation/contracts/frame.js";
import { cast, type GraphBuilder, type GraphValue } from "../../../foundation/contracts/graph.js";
import { defineTransform } from "../../../foundation/contracts/transform.js";
import { withValues } from "../shared/elementwise.js";
import { joinInputs, splitLike, where } from "../shared/emission.js";
import { emitNormalQuantile, normalQuantile, SMALLEST_SHARE } from "../shared/normal-quantile.js";
import { columnWidth, float32Values, framePositions, positionValues } from "../shared/positions.js";
import { countBelow, emitCountBelow } from "../shared/search.js";
import { sortedFinite } from "../shared/statistics.js";

const config = z.strictObject({
  quantiles: z.number().int().min(2).max(10_000).default(256).register(fields, {
    title: "Quantiles",
    help: "Knots of the empirical distribution; at most one for each row.",
  }),
  output: z
    .enum(["uniform", "normal"])
    .default("uniform")
    .register(fields, { title: "Output distribution", help: "Uniform on [0, 1], or standard normal." }),
});

/** The empirical distribution of one position. Where a value is common, its share jumps from `low` to `high`. */
interface Distribution {
  /** Distinct, ascending. */
  readonly knots: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
}
interface QuantileState {
  readonly output: "uniform" | "normal";
  readonly positions: readonly Distribution[];
}

/**
 * Maps each value to its share in the training distribution, linearly between quantiles; a value that fills
 * several quantiles gets their middle (scikit-learn moves the smallest and the largest to 0 and 1 instead).
 */
export const quantile = defineTransform<typeof config, QuantileState>({
  id: "quantile",
  version: 1,
  summary: "Maps a column to a uniform or normal distribution by its quantiles.",
  config,
  accepts: ["number", "vector"],
  fit: (frame, { quantiles, output }) => ({
    output,
    positions: framePositions(frame).map((position) =>
      distributionOf(sortedFinite(positionValues(position, frame.rows)), quantiles),
    ),
  }),
  apply(frame, { output, positions }) {
    let next = 0;
    const columns = [...frame.columns].map(([name, column]) => {
      const source = float32Values(column);
      const width = columnWidth(column);
      const values = new Float32Array(source.length);
      for (let offset = 0; offset < width; offset++) {
        const distribution = positions[next++]!;
        for (let i = offset; i < source.length; i += width) {
          const share = shareOf(source[i]!, distribution);
          values[i] = output === "uniform" ? share : normalQuantile(bounded(share));
        }
      }
      return [name, withValues(column, values)] as const;
    });
    return createFrame(columns, frame.rows);
  },
  emit(graph, inputs, { output, positions }) {
    if (inputs.length === 0) return [];
    const matrix = joinInputs(graph, inputs, "float64");
    const share = emitShares(graph, matrix, positions);
    const shaped = output === "uniform" ? share : emitNormal(graph, share);
    const isMissing = graph.op("IsNaN", [matrix]);
    const result = where(graph, isMissing, graph.scalar(Number.NaN), cast(graph, shaped, "float32"));
    return splitLike(graph, result, inputs);
  },
});

function distributionOf(sorted: Float64Array, quantiles: number): Distribution {
  if (sorted.length === 0) {
    return { knots: Float64Array.of(0), low: Float64Array.of(0), high: Float64Array.of(0) };
  }
  const count = Math.max(2, Math.min(quantiles, sorted.length));
  const knots: number[] = [];
  const low: number[] = [];
  const high: number[] = [];
  for (let index = 0; index < count; index++) {
    const share = index / (count - 1);
    const knot = quantileOfSorted(sorted, share);
    if (knots.at(-1) !== knot) {
      knots.push(knot);
      low.push(share);
      high.push(share);
    } else high[high.length - 1] = share;
  }
  return { knots: Float64Array.from(knots), low: Float64Array.from(low), high: Float64Array.from(high) };
}

function shareOf(value: number, { knots, low, high }: Distribution): number {
  if (Number.isNaN(value)) return value;
  const count = countBelow(knots, value);
  if (count === 0) return 0;
  const index = count - 1;
  const knot = knots[index]!;
  if (knot === value) return (low[index]! + high[index]!) / 2;
  if (count === knots.length) return 1;
  const share = (value - knot) / (knots[count]! - knot);
  return high[index]! + share * (low[count]! - high[index]!);
}

const bounded = (share: number): number => Math.max(SMALLEST_SHARE, Math.min(1 - SMALLEST_SHARE, share));

function emitNormal(graph: GraphBuilder, share: GraphValue): GraphValue {
  const least = graph.scalar(SMALLEST_SHARE, "float64");
  const most = graph.scalar(1 - SMALLEST_SHARE, "float64");
  return emitNormalQuantile(graph, graph.op("Max", [least, graph.op("Min", [most, share])]));
}

/** `shareOf` on float64 [N,k]; 0 where missing. */
function emitShares(graph: GraphBuilder, matrix: GraphValue, positions: readonly Distribution[]): GraphValue {
  const count = emitCountBelow(
    graph,
    matrix,
    positions.map(({ knots }) => knots),
  );
  const integers = (values: readonly number[]) =>
    graph.constant("int64", [1, values.length], BigInt64Array.from(values, BigInt));
  const lengths = positions.map(({ knots }) => knots.length);
  const last = integers(lengths.map((length) => length - 1));
  const starts = integers(
    lengths.map((_, k) => lengths.slice(0, k).reduce((sum, length) => sum + length, 0)),
  );
  const lower = graph.op("Max", [
    graph.op("Sub", [count, graph.scalar(1, "int64")]),
    graph.scalar(0, "int64"),
  ]);
  const upper = graph.op("Min", [count, last]);
  const [atLower, atUpper] = [graph.op("Add", [starts, lower]), graph.op("Add", [starts, upper])];
  const table = (of: (distribution: Distribution) => ArrayLike<number>) => {
    const values = positions.flatMap((distribution) => Array.from(of(distribution)));
    return graph.constant("float64", [values.length], Float64Array.from(values));
  };
  const [knots, low, high] = [table(({ knots }) => knots), table((d) => d.low), table((d) => d.high)];
  const knot = graph.op("Gather", [knots, atLower]);
  const start = graph.op("Gather", [high, atLower]);
  const part = graph.op("Div", [
    graph.op("Sub", [matrix, knot]),
    graph.op("Sub", [graph.op("Gather", [knots, atUpper]), knot]),
  ]);
  const between = graph.op("Add", [
    start,
    graph.op("Mul", [part, graph.op("Sub", [graph.op("Gather", [low, atUpper]), start])]),
  ]);
  const middle = graph.op("Mul", [
    graph.op("Add", [graph.op("Gather", [low, atLower]), start]),
    graph.scalar(0.5, "float64"),
  ]);
  const isPast = graph.op("Greater", [count, last]);
  const inside = where(graph, isPast, graph.scalar(1, "float64"), between);
  const exact = where(graph, graph.op("Equal", [matrix, knot]), middle, inside);
  const isBefore = graph.op("Equal", [count, graph.scalar(0, "int64")]);
  return where(graph, isBefore, graph.scalar(0, "float64"), exact);
}
