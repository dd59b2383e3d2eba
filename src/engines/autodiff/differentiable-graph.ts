import { createGraph, Expressions, type OnnxGraph } from "../onnx/index.js";
import { derivativeOf } from "./operators/table.js";

/** A graph whose derivative will be asked for: ops leave in it what their rules want kept, in forms that train fast. */
export function createDifferentiableGraph(name: string): OnnxGraph {
  return createGraph({
    name,
    rewrite(graph, node) {
      const definition = derivativeOf(node.type);
      const input = node.inputs[0];
      if (!input || !definition || !("rewrite" in definition)) return undefined;
      return definition.rewrite?.({ graph, x: new Expressions(graph), node, input });
    },
    elaborate(graph, node) {
      const definition = derivativeOf(node.type);
      const input = node.inputs[0];
      if (!input || !definition || !("forward" in definition)) return undefined;
      return definition.forward?.({ graph, x: new Expressions(graph), node, input });
    },
  });
}
