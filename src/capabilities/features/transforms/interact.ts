import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import { createFrame, type NumberColumn } from "../../../foundation/contracts/frame.js";
import { cast, type GraphBuilder, type GraphColumn } from "../../../foundation/contracts/graph.js";
import { defineTransform } from "../../../foundation/contracts/transform.js";
import { where } from "../shared/emission.js";
import { float32Values } from "../shared/positions.js";

const OPERATIONS = ["product", "ratio", "difference", "square"] as const;
type Operation = (typeof OPERATIONS)[number];

const config = z.strictObject({
  operations: z
    .array(z.enum(OPERATIONS))
    .min(1)
    .default(["product"])
    .register(fields, { title: "Operations", help: "A ratio by zero is missing." }),
  maximumOutputs: z
    .number()
    .int()
    .min(1)
    .default(200)
    .register(fields, { title: "Most outputs", help: "Pairs of earlier columns come first." }),
});

interface Combination {
  readonly operation: Operation;
  /** Input columns by index; equal for squares. */
  readonly left: number;
  readonly right: number;
}
interface InteractState {
  readonly combinations: readonly Combination[];
}

const SYMBOLS: Record<Operation, string> = { product: "*", ratio: "/", difference: "-", square: "²" };

/** Products, ratios and differences of pairs of columns, and squares; inputs are usually kept beside them. */
export const interact = defineTransform<typeof config, InteractState>({
  id: "interact",
  version: 1,
  summary: "Products, ratios and differences of pairs of numbers.",
  config,
  accepts: ["number", "boolean"],
  fit: (frame, { operations, maximumOutputs }) => ({
    combinations: operations
      .flatMap((operation) => combinationsOf(operation, frame.columns.size))
      .slice(0, maximumOutputs),
  }),
  apply(frame, { combinations }) {
    const names = [...frame.columns.keys()];
    const inputs = [...frame.columns.values()].map(float32Values);
    const outputs = combinations.map((combination) => {
      const column: NumberColumn = { kind: "number", values: combine(inputs, combination) };
      return [outputName(names, combination), column] as const;
    });
    return createFrame(outputs, frame.rows);
  },
  emit: (graph, inputs, { combinations }) =>
    combinations.map((combination) => emitCombination(graph, inputs, combination)),
});

function combinationsOf(operation: Operation, columns: number): Combination[] {
  const all: Combination[] = [];
  for (let left = 0; left < columns; left++) {
    if (operation === "square") all.push({ operation, left, right: left });
    else for (let right = left + 1; right < columns; right++) all.push({ operation, left, right });
  }
  return all;
}

function outputName(names: readonly string[], { operation, left, right }: Combination): string {
  const symbol = SYMBOLS[operation];
  return operation === "square" ? `${names[left]}${symbol}` : `${names[left]}${symbol}${names[right]}`;
}

function combine(inputs: readonly Float32Array[], { operation, left, right }: Combination): Float32Array {
  const [a, b] = [inputs[left]!, inputs[right]!];
  switch (operation) {
    case "product":
    case "square":
      return a.map((value, row) => value * b[row]!);
    case "difference":
      return a.map((value, row) => value - b[row]!);
    case "ratio":
      return a.map((value, row) => (b[row] === 0 ? Number.NaN : value / b[row]!));
  }
}

function emitCombination(
  graph: GraphBuilder,
  inputs: readonly GraphColumn[],
  combination: Combination,
): GraphColumn {
  const { operation, left, right } = combination;
  const a = cast(graph, inputs[left]!.value, "float32");
  const b = cast(graph, inputs[right]!.value, "float32");
  const operators = { product: "Mul", square: "Mul", difference: "Sub", ratio: "Div" } as const;
  const result = graph.op(operators[operation], [a, b]);
  const isByZero = operation === "ratio" ? graph.op("Equal", [b, graph.scalar(0)]) : undefined;
  return {
    name: outputName(
      inputs.map(({ name }) => name),
      combination,
    ),
    kind: "number",
    value: isByZero ? where(graph, isByZero, graph.scalar(Number.NaN), result) : result,
  };
}
