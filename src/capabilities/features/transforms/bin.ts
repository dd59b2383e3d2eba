import { z } from "zod";
import { quantileOfSorted } from "../../../foundation/base/statistics.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { type Column, createFrame } from "../../../foundation/contracts/frame.js";
import { cast, splitMatrix } from "../../../foundation/contracts/graph.js";
import { defineTransform } from "../../../foundation/contracts/transform.js";
import { joinInputs, where } from "../shared/emission.js";
import { float32Values } from "../shared/positions.js";
import { countBelow, emitCountBelow } from "../shared/search.js";
import { sortedFinite } from "../shared/statistics.js";

const config = z.strictObject({
  bins: z
    .number()
    .int()
    .min(2)
    .max(255)
    .default(10)
    .register(fields, { title: "Bins", tune: { low: 3, high: 64, scale: "log", integer: true } }),
  strategy: z
    .enum(["quantile", "uniform"])
    .default("quantile")
    .register(fields, { title: "Edges", help: "Equal numbers of rows, or equal widths." }),
  encode: z
    .enum(["ordinal", "one-hot"])
    .default("ordinal")
    .register(fields, { title: "Encoding", help: "The bin's number, or one column for each bin." }),
});

/** Bins narrower than this are merged into their neighbour. */
const NARROWEST = 1e-8;

interface BinState {
  readonly encode: "ordinal" | "one-hot";
  /** Inner edges of each column, ascending; a value on an edge belongs to the bin above. */
  readonly edges: readonly Float64Array[];
}

/** Numbers to bins 0..n-1; a missing value stays missing, or is all zero when one-hot. */
export const bin = defineTransform<typeof config, BinState>({
  id: "bin",
  version: 1,
  summary: "Cuts a number into bins of equal size or width.",
  config,
  accepts: ["number"],
  fit: (frame, { bins, strategy, encode }) => ({
    encode,
    edges: [...frame.columns.values()].map((column) =>
      innerEdges(sortedFinite(float32Values(column)), bins, strategy),
    ),
  }),
  apply(frame, { encode, edges }) {
    const binned = [...frame.columns].map(([name, column], k) => {
      const numbers = float32Values(column).map((value) =>
        Number.isNaN(value) ? value : countBelow(edges[k]!, value),
      );
      return [
        name,
        encode === "ordinal" ? { kind: "number", values: numbers } : oneHot(name, numbers, edges[k]!),
      ] as const;
    });
    return createFrame(binned as [string, Column][], frame.rows);
  },
  emit(graph, inputs, { encode, edges }) {
    if (inputs.length === 0) return [];
    const matrix = joinInputs(graph, inputs, "float64");
    const counts = cast(graph, emitCountBelow(graph, matrix, edges), "float32");
    const numbers = where(graph, graph.op("IsNaN", [matrix]), graph.scalar(Number.NaN), counts);
    const columns = splitMatrix(
      graph,
      numbers,
      inputs.map(() => 1),
    );
    return inputs.map((input, k) => {
      if (encode === "ordinal") return { ...input, kind: "number" as const, value: columns[k]! };
      const bins = Float32Array.from({ length: edges[k]!.length + 1 }, (_, index) => index);
      const isBin = graph.op("Equal", [columns[k]!, graph.constant("float32", [1, bins.length], bins)]);
      return { name: input.name, kind: "vector" as const, value: cast(graph, isBin, "float32") };
    });
  },
});

function innerEdges(sorted: Float64Array, bins: number, strategy: "quantile" | "uniform"): Float64Array {
  if (sorted.length === 0) return new Float64Array();
  const low = sorted[0]!;
  const high = sorted.at(-1)!;
  const edges: number[] = [low];
  for (let index = 1; index <= bins; index++) {
    const share = index / bins;
    const edge = strategy === "quantile" ? quantileOfSorted(sorted, share) : low + (high - low) * share;
    if (edge - edges.at(-1)! > NARROWEST) edges.push(edge);
  }
  return Float64Array.from(edges.slice(1, -1));
}

function oneHot(name: string, numbers: Float32Array, edges: Float64Array): Column {
  const width = edges.length + 1;
  const values = new Float32Array(numbers.length * width);
  for (let row = 0; row < numbers.length; row++) {
    if (!Number.isNaN(numbers[row]!)) values[row * width + numbers[row]!] = 1;
  }
  const names = Array.from({ length: width }, (_, index) => `${name}=${range(edges, index)}`);
  return { kind: "vector", values, width, names };
}

/** `< 3`, `3 to 5`, `>= 5`. */
function range(edges: Float64Array, index: number): string {
  const show = (edge: number) => String(Number(edge.toPrecision(6)));
  if (edges.length === 0) return "any";
  if (index === 0) return `<${show(edges[0]!)}`;
  if (index === edges.length) return `>=${show(edges.at(-1)!)}`;
  return `${show(edges[index - 1]!)}..${show(edges[index]!)}`;
}
