/** Transforms that map each number by itself, with a few fitted numbers per column: one definition for both. */
import type { z } from "zod";
import { type Column, createFrame, type Frame } from "../../../foundation/contracts/frame.js";
import { cast, type GraphBuilder, type GraphValue } from "../../../foundation/contracts/graph.js";
import { defineTransform, type Transform } from "../../../foundation/contracts/transform.js";
import { joinInputs, rowConstant, splitLike } from "./emission.js";
import { columnWidth, float32Values, framePositions, positionValues } from "./positions.js";

export interface ElementwiseState {
  /** By parameter name: one value for each position of the inputs, in order. */
  readonly parameters: Readonly<Record<string, Float64Array>>;
}

export interface Elementwise<Config extends z.ZodObject, Name extends string> {
  readonly id: string;
  readonly version: number;
  readonly summary: string;
  readonly config: Config;
  /** Arithmetic of `compute` and `emit`. Inputs and results are float32 either way. */
  readonly precision: "float32" | "float64";
  readonly parameters: readonly Name[];
  /** `values` may hold NaN and infinities, or nothing. Results must be finite or deliberate bounds. */
  fit(values: Float32Array, config: z.infer<Config>): Record<Name, number>;
  /** One value. Where precision is float32, rounds after each operation as the graph does. */
  compute(value: number, parameters: Readonly<Record<Name, number>>): number;
  /** `values` [N,k] and each parameter [1,k], in the declared precision. */
  emit(graph: GraphBuilder, values: GraphValue, parameters: Readonly<Record<Name, GraphValue>>): GraphValue;
}

export function defineElementwise<Config extends z.ZodObject, Name extends string>(
  definition: Elementwise<Config, Name>,
): Transform<Config, ElementwiseState> {
  const { id, version, summary, config, precision } = definition;
  return defineTransform<Config, ElementwiseState>({
    id,
    version,
    summary,
    config,
    accepts: ["number", "vector"],
    fit: (frame, settings) => fitElementwise(definition, frame, settings),
    apply: (frame, state) => applyElementwise(definition, frame, state),
    emit(graph, inputs, { parameters }) {
      if (inputs.length === 0) return [];
      const rows = Object.fromEntries(
        definition.parameters.map((name) => [name, rowConstant(graph, parameters[name]!, precision)]),
      ) as Record<Name, GraphValue>;
      const result = definition.emit(graph, joinInputs(graph, inputs, precision), rows);
      return splitLike(graph, cast(graph, result, "float32"), inputs);
    },
  });
}

function fitElementwise<Config extends z.ZodObject, Name extends string>(
  definition: Elementwise<Config, Name>,
  frame: Frame,
  config: z.infer<Config>,
): ElementwiseState {
  const round = definition.precision === "float32" ? Math.fround : (value: number) => value;
  const fitted = framePositions(frame).map((position) =>
    definition.fit(positionValues(position, frame.rows), config),
  );
  const parameters = definition.parameters.map(
    (name) => [name, Float64Array.from(fitted, (values) => round(values[name]))] as const,
  );
  return { parameters: Object.fromEntries(parameters) };
}

function applyElementwise<Config extends z.ZodObject, Name extends string>(
  definition: Elementwise<Config, Name>,
  frame: Frame,
  { parameters }: ElementwiseState,
): Frame {
  let position = 0;
  const columns = [...frame.columns].map(([name, column]) => {
    const source = float32Values(column);
    const width = columnWidth(column);
    const values = new Float32Array(source.length);
    for (let offset = 0; offset < width; offset++) {
      const own = Object.fromEntries(
        definition.parameters.map((key) => [key, parameters[key]![position]!]),
      ) as Record<Name, number>;
      for (let i = offset; i < source.length; i += width) values[i] = definition.compute(source[i]!, own);
      position++;
    }
    return [name, withValues(column, values)] as const;
  });
  return createFrame(columns, frame.rows);
}

/** The same column with other numbers; codes of categories become plain numbers. */
export function withValues(column: Column, values: Float32Array): Column {
  return column.kind === "vector" ? { ...column, values } : { kind: "number", values };
}
