/** The public face of a model's graph: which tensors go in and what comes out. */
import { type BundleOutputs, cellShape, type GraphInput } from "./bundle.js";
import { cast, type GraphBuilder, type GraphColumn, type GraphValue } from "./graph.js";
import { hasStructure, type StructuredOutputs } from "./structured-answers.js";

export const OUTPUT_TENSORS = {
  label: "label",
  probabilities: "probabilities",
  prediction: "prediction",
  low: "low",
  high: "high",
  tags: "tags",
  scores: "scores",
  boxes: "boxes",
  classes: "classes",
  mask: "mask",
  vector: "vector",
} as const;

/** Tensors of the kinds with a structure, in the order of the graph. */
const STRUCTURE_TENSORS: Readonly<Record<StructuredOutputs["kind"], readonly OutputTensor[]>> = {
  labels: [{ name: OUTPUT_TENSORS.probabilities, type: "float32" }],
  tags: [
    { name: OUTPUT_TENSORS.tags, type: "int64" },
    { name: OUTPUT_TENSORS.scores, type: "float32" },
  ],
  boxes: [
    { name: OUTPUT_TENSORS.boxes, type: "float32" },
    { name: OUTPUT_TENSORS.scores, type: "float32" },
    { name: OUTPUT_TENSORS.classes, type: "int64" },
  ],
  mask: [{ name: OUTPUT_TENSORS.mask, type: "uint8" }],
  vector: [{ name: OUTPUT_TENSORS.vector, type: "float32" }],
};

export interface OutputTensor {
  readonly name: string;
  readonly type: "float32" | "string" | "int64" | "uint8";
}

/** A column as the graph takes it. */
export interface GraphInputColumn {
  readonly name: string;
  readonly kind: GraphInput["kind"];
  /** Numbers only; default float32. */
  readonly precision?: "float32" | "float64" | undefined;
  /** Vectors, tokens (their length) and images; default 1. */
  readonly width?: number | undefined;
  readonly image?: GraphInput["image"];
}

/** The tensors that a model with these outputs gives, in the order of its graph. */
export function outputTensors(outputs: BundleOutputs): readonly OutputTensor[] {
  if (hasStructure(outputs)) return STRUCTURE_TENSORS[outputs.kind];
  const { label, probabilities, prediction, low, high } = OUTPUT_TENSORS;
  if (outputs.kind === "classes") {
    return [
      { name: label, type: "string" },
      { name: probabilities, type: "float32" },
    ];
  }
  const names = outputs.interval ? [prediction, low, high] : [prediction];
  return names.map((name) => ({ name, type: "float32" }));
}

const MAXIMUM_TENSOR_NAME = 100;

/**
 * Names a tensor for each column: the column's own name where the graph can carry it, otherwise `column_<k>`
 * (names that are empty, very long, begin with `/`, or belong to an output).
 */
export function planGraphInputs(columns: readonly GraphInputColumn[]): GraphInput[] {
  const reserved = new Set<string>(Object.values(OUTPUT_TENSORS));
  const usable = (name: string) =>
    name !== "" && name.length <= MAXIMUM_TENSOR_NAME && !name.startsWith("/") && !reserved.has(name);
  const taken = new Set(columns.map((column) => column.name).filter(usable));
  return columns.map(({ name, kind, precision, width = 1, image }, index) => {
    let tensor = name;
    if (!usable(name)) {
      tensor = `column_${index}`;
      while (taken.has(tensor)) tensor += "_";
    }
    const type = tensorType(kind, precision);
    return { tensor, column: name, kind, type, width, ...(image ? { image } : {}) };
  });
}

function tensorType(kind: GraphInput["kind"], precision: GraphInputColumn["precision"]): GraphInput["type"] {
  switch (kind) {
    case "number":
      return precision ?? "float32";
    case "boolean":
    case "vector":
      return "float32";
    case "datetime":
      return "int64";
    case "image":
      return "uint8";
    case "tokens":
      return "int32";
    default:
      return "string";
  }
}

export function declareInputs(graph: GraphBuilder, inputs: readonly GraphInput[]): GraphColumn[] {
  return inputs.map((input) => ({
    name: input.column,
    kind: input.kind,
    value: graph.input(input.tensor, input.type, ["N", ...cellShape(input)]),
  }));
}

export type TabularOutputs = Exclude<BundleOutputs, StructuredOutputs>;

/** Lower and upper end, float32 [N,1]. */
export interface IntervalEnds {
  readonly low: GraphValue;
  readonly high: GraphValue;
}

/**
 * Declares the outputs of a model. `value` is what the trainer emitted: probabilities [N,C] or values [N,1].
 * The label is the most probable class; with two classes the second one from `threshold` (default 0.5) up.
 */
export function declareOutputs(
  graph: GraphBuilder,
  outputs: TabularOutputs,
  value: GraphValue,
  { threshold = 0.5, ends }: { readonly threshold?: number; readonly ends?: IntervalEnds | undefined } = {},
): void {
  if (outputs.kind === "value") {
    graph.output(OUTPUT_TENSORS.prediction, value);
    if (ends) graph.output(OUTPUT_TENSORS.low, ends.low);
    if (ends) graph.output(OUTPUT_TENSORS.high, ends.high);
    return;
  }
  const labels = graph.constant("string", [outputs.classes.length], outputs.classes);
  graph.output(
    OUTPUT_TENSORS.label,
    graph.op("Gather", [labels, chosenClass(graph, outputs, value, threshold)]),
  );
  graph.output(OUTPUT_TENSORS.probabilities, value);
}

/** Declares the outputs of a model whose answers have a structure. @throws Error when a tensor is missing or of another type */
export function declareStructure(
  graph: GraphBuilder,
  outputs: StructuredOutputs,
  values: Readonly<Record<string, GraphValue>>,
): void {
  for (const { name, type } of outputTensors(outputs)) {
    const value = values[name];
    if (value?.type !== type) throw new Error(`The output ${name} is ${value?.type}, not ${type}.`);
    graph.output(name, value);
  }
}

/** Index of the class, int64 [N]. */
function chosenClass(
  graph: GraphBuilder,
  { classes }: Extract<BundleOutputs, { kind: "classes" }>,
  probabilities: GraphValue,
  threshold: number,
): GraphValue {
  if (classes.length > 2) {
    return graph.op("ArgMax", [probabilities], { attributes: { axis: { int: 1 }, keepdims: { int: 0 } } });
  }
  const one = graph.constant("int64", [], [1]);
  const positive = graph.op("Gather", [probabilities, one], { attributes: { axis: { int: 1 } } });
  const chosen = graph.op("GreaterOrEqual", [positive, graph.scalar(threshold)]);
  return cast(graph, chosen, "int64");
}
