import { z } from "zod";
import { finiteValues } from "../../../foundation/base/gather.js";
import { quantileOfSorted } from "../../../foundation/base/statistics.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { type Column, createFrame } from "../../../foundation/contracts/frame.js";
import {
  cast,
  type GraphBuilder,
  type GraphColumn,
  type GraphValue,
} from "../../../foundation/contracts/graph.js";
import { defineTransform } from "../../../foundation/contracts/transform.js";
import { rankedCategories } from "../shared/categories.js";
import { withValues } from "../shared/elementwise.js";
import { joinInputs, rowConstant, splitLike, where } from "../shared/emission.js";
import { columnWidth, float32Values, framePositions, positionValues } from "../shared/positions.js";
import { mean, mode, sortedFinite } from "../shared/statistics.js";

const config = z.strictObject({
  strategy: z.enum(["median", "mean", "mode", "constant"]).default("median").register(fields, {
    title: "Strategy",
    help: "What replaces a missing number. Booleans and categories take the commonest value unless constant.",
  }),
  value: z
    .number()
    .default(0)
    .register(fields, { title: "Number", help: "For constant: numbers and booleans." }),
  text: z
    .string()
    .min(1)
    .default("(missing)")
    .register(fields, { title: "Text", help: "For constant: categories and text." }),
  indicator: z.enum(["none", "seen", "always"]).default("seen").register(fields, {
    title: "Missing indicator",
    help: "Adds a boolean column that tells where a value was missing; `seen`: if any was in training.",
  }),
});
type Config = z.infer<typeof config>;

interface ImputedColumn {
  /** One number for each position, or the one string. */
  readonly fill: Float64Array | string;
  readonly indicator: boolean;
}
interface ImputeState {
  readonly columns: readonly ImputedColumn[];
}

/** Fills missing values; `name.missing` columns say where. Infinities are values. */
export const impute = defineTransform<typeof config, ImputeState>({
  id: "impute",
  version: 1,
  summary: "Fills missing values by median, mean, mode or a constant, and tells where they were.",
  config,
  accepts: ["number", "boolean", "category", "text", "vector"],
  fit: (frame, settings) => ({
    columns: [...frame.columns.values()].map((column) => fitColumn(column, frame.rows, settings)),
  }),
  apply(frame, { columns }) {
    const filled = [...frame.columns].map(
      ([name, column], k) => [name, fillColumn(column, columns[k]!.fill)] as const,
    );
    const indicators = [...frame.columns].flatMap(([name, column], k) =>
      columns[k]!.indicator ? [[`${name}.missing`, missingIndicator(column)] as const] : [],
    );
    return createFrame([...filled, ...indicators], frame.rows);
  },
  emit(graph, inputs, { columns }) {
    const isText = (input: GraphColumn) => input.kind === "category" || input.kind === "text";
    const numbers = fillNumbers(graph, inputs, columns);
    const filled = inputs.map((input, k) =>
      isText(input) ? fillText(graph, input, columns[k]!.fill as string) : numbers.get(input)!,
    );
    const indicators = inputs.flatMap((input, k) =>
      columns[k]!.indicator ? [emitIndicator(graph, input)] : [],
    );
    return [...filled, ...indicators];
  },
});

function fitColumn(column: Column, rows: number, settings: Config): ImputedColumn {
  const { strategy, indicator } = settings;
  const marks =
    indicator === "always" || (indicator === "seen" && missingIndicator(column).values.includes(1));
  switch (column.kind) {
    case "category": {
      const commonest = strategy === "constant" ? undefined : rankedCategories(column, 1)[0];
      return { fill: commonest ?? settings.text, indicator: marks };
    }
    case "text":
      return { fill: settings.text, indicator: marks };
    case "vector":
      return { fill: fitNumbers(column, rows, settings), indicator: false };
    case "boolean":
      return {
        fill: fitNumbers(
          column,
          rows,
          strategy === "constant" ? settings : { ...settings, strategy: "mode" },
        ),
        indicator: marks,
      };
    default:
      return { fill: fitNumbers(column, rows, settings), indicator: marks };
  }
}

function fitNumbers(column: Column, rows: number, { strategy, value }: Config): Float64Array {
  const statistic = (values: Float32Array): number => {
    switch (strategy) {
      case "constant":
        return value;
      case "mean":
        return mean(finiteValues(values));
      case "median":
        return quantileOfSorted(sortedFinite(values), 0.5);
      case "mode":
        return mode(sortedFinite(values));
    }
  };
  const positions = framePositions(createFrame([["", column]]));
  return Float64Array.from(positions, (position) => {
    const fill = Math.fround(statistic(positionValues(position, rows)));
    return Number.isNaN(fill) ? 0 : fill;
  });
}

function fillColumn(column: Column, fill: Float64Array | string): Column {
  if (typeof fill !== "string") {
    const source = float32Values(column);
    const width = columnWidth(column);
    const values = source.slice();
    for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i]!)) values[i] = fill[i % width]!;
    return column.kind === "boolean" ? { kind: "boolean", values } : withValues(column, values);
  }
  if (column.kind === "text") {
    return { kind: "text", values: column.values.map((value) => (value === "" ? fill : value)) };
  }
  if (column.kind !== "category") throw new Error(`A ${column.kind} column takes no text.`);
  const known = column.dictionary.indexOf(fill);
  const code = known < 0 ? column.dictionary.length : known;
  return {
    kind: "category",
    codes: column.codes.map((value) => (value < 0 ? code : value)),
    dictionary: known < 0 ? [...column.dictionary, fill] : column.dictionary,
  };
}

function missingIndicator(column: Column): { kind: "boolean"; values: Float32Array } {
  switch (column.kind) {
    case "category":
      return { kind: "boolean", values: Float32Array.from(column.codes, (code) => (code < 0 ? 1 : 0)) };
    case "text":
    case "id":
      return { kind: "boolean", values: Float32Array.from(column.values, (text) => (text === "" ? 1 : 0)) };
    default:
      return {
        kind: "boolean",
        values: Float32Array.from(column.values, (value) => (Number.isNaN(value) ? 1 : 0)),
      };
  }
}

function fillNumbers(
  graph: GraphBuilder,
  inputs: readonly GraphColumn[],
  columns: readonly ImputedColumn[],
): Map<GraphColumn, GraphColumn> {
  const numeric = inputs.filter((_, k) => typeof columns[k]!.fill !== "string");
  if (numeric.length === 0) return new Map();
  const fills = columns.flatMap(({ fill }) => (typeof fill === "string" ? [] : [...fill]));
  const matrix = joinInputs(graph, numeric);
  const filled = where(graph, graph.op("IsNaN", [matrix]), rowConstant(graph, fills, "float32"), matrix);
  const outputs = splitLike(graph, filled, numeric);
  return new Map(numeric.map((input, k) => [input, outputs[k]!]));
}

const isEmptyText = (graph: GraphBuilder, value: GraphValue): GraphValue =>
  graph.op("Equal", [value, graph.constant("string", [1, 1], [""])]);

function fillText(graph: GraphBuilder, input: GraphColumn, fill: string): GraphColumn {
  const value = where(
    graph,
    isEmptyText(graph, input.value),
    graph.constant("string", [1, 1], [fill]),
    input.value,
  );
  return { ...input, value };
}

function emitIndicator(graph: GraphBuilder, input: GraphColumn): GraphColumn {
  const isMissing =
    input.value.type === "string" ? isEmptyText(graph, input.value) : graph.op("IsNaN", [input.value]);
  return { name: `${input.name}.missing`, kind: "boolean", value: cast(graph, isMissing, "float32") };
}
