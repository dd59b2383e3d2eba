/** A network whose parameters are given: evaluated between steps, exported, or computed at once. */
import {
  createGraph,
  Expressions,
  type ImmediateSession,
  openImmediately,
} from "../../../engines/onnx/index.js";
import type { GraphBuilder, GraphValue } from "../../../foundation/contracts/graph.js";
import { elementCount, type Tensor } from "../../../foundation/contracts/tensor.js";
import { createScope, type NetworkFunction, type Scope } from "./scope.js";

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

/** Rows computed at once where a row is small, so that intermediate values stay in the processor's caches. */
const ROWS_AT_ONCE = 256;

/**
 * Parts are filled up with zeros to a multiple of this: the runtime's kernels take other paths for one row, and for what
 * is left beside whole vectors.
 */
const ROWS_MULTIPLE = 16;

/** Float32 [rows, ...] of the network for inputs whose first dimension counts the rows. */
export type NetworkAnswers = (inputs: Readonly<Record<string, Tensor>>) => Float32Array;

/**
 * The network as a function, computed by the same kernels as the exported graph. The runtime is opened at the first
 * call. A row's answer does not depend on the rows beside it.
 * @param rowsAtOnce a multiple of 16; fewer where a row takes much memory: images, sequences
 */
export function networkAnswers(
  network: NetworkFunction<GraphValue>,
  tensors: NetworkTensors,
  rowsAtOnce = ROWS_AT_ONCE,
): NetworkAnswers {
  let session: ImmediateSession | undefined;
  return (inputs) => {
    session ??= openNetwork(network, tensors, inputs);
    const rows = Object.values(inputs)[0]!.shape[0]!;
    const parts: Float32Array[] = [];
    for (let start = 0; start < rows; start += rowsAtOnce) {
      const end = Math.min(rows, start + rowsAtOnce);
      const part = Object.entries(inputs).map(([name, tensor]) => [name, filledRange(tensor, start, end)]);
      const answer = session.run(Object.fromEntries(part)).answer!;
      const width = elementCount(answer.shape.slice(1));
      parts.push((answer.data as Float32Array).subarray(0, (end - start) * width));
    }
    return concatenated(parts);
  };
}

function openNetwork(
  network: NetworkFunction<GraphValue>,
  tensors: NetworkTensors,
  inputs: Readonly<Record<string, Tensor>>,
): ImmediateSession {
  const graph = createGraph({ name: "network" });
  const values = Object.entries(inputs).map(([name, { type, shape }]) => {
    return [name, graph.input(name, type, ["N", ...shape.slice(1)])] as const;
  });
  graph.output("answer", network(exportScope(graph, tensors), Object.fromEntries(values)));
  return openImmediately(graph.toModel());
}

/** Rows `start` to `end` of numbers, not copied. */
export function takeRange({ type, shape, data }: Tensor, start: number, end: number): Tensor {
  const width = elementCount(shape.slice(1));
  const part = (data as Float32Array).subarray(start * width, end * width);
  return { type, shape: [end - start, ...shape.slice(1)], data: part } as Tensor;
}

/** Rows `start` to `end` of numbers, and rows of zeros. */
function filledRange(tensor: Tensor, start: number, end: number): Tensor {
  const range = takeRange(tensor, start, end);
  const rows = Math.ceil((end - start) / ROWS_MULTIPLE) * ROWS_MULTIPLE;
  if (rows === end - start) return range;
  const { type, shape } = tensor;
  const [part, sizes] = [range.data as Float32Array, [rows, ...shape.slice(1)]];
  const width = elementCount(shape.slice(1));
  const filled = new (part.constructor as Float32ArrayConstructor)(rows * width);
  filled.set(part);
  return { type, shape: sizes, data: filled } as Tensor;
}

function concatenated(parts: readonly Float32Array[]): Float32Array {
  const result = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let start = 0;
  for (const part of parts) {
    result.set(part, start);
    start += part.length;
  }
  return result;
}
