import { createGraph, Expressions, type OnnxGraph } from "../onnx/index.js";
import { derivativeOf } from "./operators/table.js";

/** A graph whose derivative will be asked for: ops leave in it what their rules want kept. */
export function createDifferentiableGraph(name: string): OnnxGraph {
  return createGraph({
    name,
    elaborate(graph, node) {
      const definition = derivativeOf(node.type);
      const input = node.inputs[0];
      if (!input || !definition || !("forward" in definition)) return undefined;
      return definition.forward?.({ graph, x: new Expressions(graph), node, input });
    },
  });
}
