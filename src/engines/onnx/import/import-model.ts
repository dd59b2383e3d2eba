import type { GraphValue } from "../../../foundation/contracts/graph.js";
import { createGraph, type OnnxGraph } from "../graph-builder.js";
import { appendModel, type ImportOptions } from "./append-model.js";
import { inputPorts, type SourceModel } from "./source-model.js";

export interface ImportedModel {
  /** With the model's inputs and outputs declared under their own names. */
  readonly graph: OnnxGraph;
  readonly inputs: Readonly<Record<string, GraphValue>>;
  readonly outputs: Readonly<Record<string, GraphValue>>;
}

/** Names that begin with a slash are the builder's own. */
const publicName = (name: string): string => name.replace(/^\/+/, "");

/** A model from elsewhere as a graph of its own. @throws QuernError MODEL_REFUSED, UNSUPPORTED */
export function importModel(source: SourceModel, options: ImportOptions = {}): ImportedModel {
  const graph = createGraph({ name: source.model.graph?.name || "imported" });
  const inputs: Record<string, GraphValue> = Object.create(null);
  for (const { name, type, shape } of inputPorts(source)) {
    inputs[name] = graph.input(publicName(name), type, shape);
  }
  const outputs = appendModel(graph, source, inputs, options);
  for (const [name, value] of Object.entries(outputs)) graph.output(publicName(name), value);
  return { graph, inputs, outputs };
}
