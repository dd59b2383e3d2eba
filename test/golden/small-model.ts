/** A small model with a column of every kind, made by hand: what bundle tests and golden bundles hold. */
import type { BundleParts } from "../../src/capabilities/bundles/index.js";
import { describeInputs } from "../../src/capabilities/bundles/index.js";
import { createGraph } from "../../src/engines/onnx/index.js";
import type { ColumnSchema } from "../../src/foundation/contracts/column.js";
import { createFrame, type Frame } from "../../src/foundation/contracts/frame.js";
import type { GraphBuilder, GraphColumn, GraphValue } from "../../src/foundation/contracts/graph.js";
import {
  declareInputs,
  declareOutputs,
  planGraphInputs,
} from "../../src/foundation/contracts/model-graph.js";

export const COLUMNS: readonly ColumnSchema[] = [
  { name: "age", kind: "number", reason: "numbers" },
  { name: "balance", kind: "number", reason: "numbers", precision: "float64" },
  { name: "member", kind: "boolean", reason: "two words", format: { trueText: ["yes"], falseText: ["no"] } },
  { name: "city", kind: "category", reason: "few values" },
  { name: "since", kind: "datetime", reason: "dates", format: { datetime: "iso" } },
  { name: "label", kind: "text", reason: "long texts" },
  { name: "place", kind: "vector", reason: "lists", format: { width: 2 } },
];

export function trainingFrame(): Frame {
  return createFrame([
    ["age", { kind: "number", values: Float32Array.of(18, 30, Number.NaN, 70) }],
    ["balance", { kind: "number", values: Float64Array.of(1e9, 1e9 + 1, 1e9 + 2, 1e9 + 3) }],
    ["member", { kind: "boolean", values: Float32Array.of(1, 0, 1, 0) }],
    ["city", { kind: "category", codes: Int32Array.of(0, 1, -1, 0), dictionary: ["北京", "Lyon"] }],
    ["since", { kind: "datetime", values: Float64Array.of(0, 86_400_000, 1.6e12, Number.NaN) }],
    ["label", { kind: "text", values: ["good", "bad", "good", ""] }],
    ["place", { kind: "vector", values: Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7), width: 2 }],
  ]);
}

/** One number a column, so that each of them moves the answer: [N, 8]. */
function features(graph: GraphBuilder, columns: readonly GraphColumn[]): GraphValue {
  const known = (value: GraphValue) =>
    graph.op("Where", [graph.op("IsNaN", [value]), graph.scalar(0.5), value]);
  const cast = (value: GraphValue) => graph.op("Cast", [value], { attributes: { to: { int: 1 } } });
  const parts = columns.map(({ name, kind, value }) => {
    if (name === "balance") return cast(graph.op("Sub", [value, graph.scalar(1e9, "float64")]));
    if (kind === "datetime") {
      const days = graph.op("Div", [value, graph.constant("int64", [1, 1], [86_400_000])]);
      return graph.op("Mul", [
        cast(graph.op("Max", [days, graph.constant("int64", [1, 1], [-1])])),
        graph.scalar(1e-4),
      ]);
    }
    if (value.type === "string") {
      return graph.op("LabelEncoder", [value], {
        attributes: {
          keys_strings: { strings: ["北京", "Lyon", "good", "bad"] },
          values_floats: { floats: [1, 2, 0.5, -0.5] },
          default_float: { float: 0 },
        },
      });
    }
    return known(value);
  });
  return graph.op("Concat", parts, { attributes: { axis: { int: 1 } } });
}

function linear(graph: GraphBuilder, columns: readonly GraphColumn[], outputs: number): GraphValue {
  const x = features(graph, columns);
  const width = x.shape[1] as number;
  const weights = Float32Array.from({ length: width * outputs }, (_, index) => Math.sin(index + 1) / 10);
  return graph.op("MatMul", [x, graph.constant("float32", [width, outputs], weights)]);
}

export type SmallTask = "binary" | "multiclass" | "regression";

const CLASSES: Record<SmallTask, readonly string[]> = {
  binary: ["no", "yes"],
  multiclass: ["red", "green", "__proto__"],
  regression: [],
};

export function smallModel(task: SmallTask, columnsTaken = COLUMNS): BundleParts {
  const graph = createGraph({ name: "small" });
  const graphInputs = planGraphInputs(
    columnsTaken.map(({ name, kind, precision, format }) => ({
      name,
      kind: kind as "number",
      precision,
      width: format?.width,
    })),
  );
  const columns = declareInputs(graph, graphInputs);
  const classes = [...CLASSES[task]];
  const value = linear(graph, columns, Math.max(1, classes.length));
  if (task === "regression") declareOutputs(graph, { kind: "value" }, value);
  else {
    const probabilities = graph.op("Softmax", [value], { attributes: { axis: { int: 1 } } });
    declareOutputs(graph, { kind: "classes", classes }, probabilities);
  }
  return {
    name: `small-${task}`,
    version: 1,
    task,
    target: "outcome",
    inputs: describeInputs(columnsTaken, trainingFrame()),
    graphInputs,
    outputs: task === "regression" ? { kind: "value" } : { kind: "classes", classes },
    lineage: { run: "run-1" },
    model: graph.toBytes(),
    metrics: { test: { accuracy: 0.75, rows: 4, auc: null } },
  };
}
