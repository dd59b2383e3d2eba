/** A network whose parameters are given: evaluated between steps, exported, or computed at once. */
import { Expressions } from "../../../engines/onnx/index.js";
import type { GraphBuilder, GraphValue } from "../../../foundation/contracts/graph.js";
import { createScope, type Scope } from "./scope.js";

/** Row-major. */
export interface NetworkTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** The parameters and statistics of a network by name; a plain value. */
export type NetworkTensors = Readonly<Record<string, NetworkTensor>>;

/** @param tensor the parameter or statistic of a name, already in the graph */
export function inferenceScope(x: Expressions, tensor: (name: string) => GraphValue): Scope {
  const ignored = () => {
    throw new Error("Only a training replaces statistics or drops values.");
  };
  return createScope({
    x,
    mode: "inference",
    tensor: ({ name }) => tensor(name),
    update: ignored,
    dropout: ignored,
  });
}

/** The parameters become constants of the graph. */
export function exportScope(graph: GraphBuilder, tensors: NetworkTensors): Scope {
  return inferenceScope(new Expressions(graph), (name) => {
    const tensor = tensors[name];
    if (!tensor) throw new Error(`The network has no parameter ${JSON.stringify(name)}.`);
    return graph.constant("float32", tensor.shape, tensor.values);
  });
}

/** Number of elements of all together. */
export function tensorElements(tensors: NetworkTensors): number {
  return Object.values(tensors).reduce((sum, { values }) => sum + values.length, 0);
}
