import type { Dimension, ElementType, GraphValue } from "../../foundation/contracts/graph.js";
import type { Tensor } from "../../foundation/contracts/tensor.js";
import { createGraph, Expressions, openBuiltModel } from "../onnx/index.js";
import { known } from "./execution/step.js";
import type { StepGraph, Training } from "./training.js";

export interface EvaluationDefinition {
  /** What is given to each run; sizes may be names. */
  readonly inputs: Readonly<
    Record<string, { readonly type: ElementType; readonly shape: readonly Dimension[] }>
  >;
  /** What the storages of the layout hold; default: what they hold in the training now. */
  contents?(): Readonly<Record<string, Float32Array>>;
  /** The values wanted, by name. */
  outputs(step: Omit<StepGraph, "update" | "form">): Readonly<Record<string, GraphValue>>;
}

export interface Evaluation {
  /** With the parameters as they are in the training now. */
  run(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
  close(): Promise<void>;
}

/** Computes values from the parameters of a training between its steps, on one thread. */
export async function createEvaluation(
  training: Training,
  { inputs, outputs, contents = () => training.state.contents }: EvaluationDefinition,
): Promise<Evaluation> {
  const graph = createGraph({ name: "evaluation" });
  const { parameters } = training.layout.declare(graph);
  const values = new Map<string, GraphValue>();
  for (const [name, { type, shape }] of Object.entries(inputs)) {
    values.set(name, graph.input(name, type, shape));
  }
  const step = { graph, x: new Expressions(graph), parameter: known(parameters), input: known(values) };
  for (const [name, value] of Object.entries(outputs(step))) graph.output(name, value);
  const session = await openBuiltModel(graph.toModel(), { threads: 1 });
  return {
    run(given) {
      const feeds: Record<string, Tensor> = { ...given };
      const now = contents();
      for (const { name, shape } of training.layout.storages) {
        feeds[name] = { type: "float32", shape, data: now[name]! };
      }
      return session.run(feeds);
    },
    close: () => session.close(),
  };
}
