/** A network whose parameters are given: evaluated between steps, exported, or computed at once. */
import {
  createGraph,
  Expressions,
  type ImmediateSession,
  openImmediately,
} from "../../../engines/onnx/index.js";
import type { GraphBuilder, GraphValue } from "../../../foundation/contracts/graph.js";
import { elementCount, type Tensor } from "../../../foundation/contracts/tensor.js";
import { createScope, type NetworkFunction, type Scope, type Values } from "./scope.js";

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
  rowsAtOnce?: number,
): NetworkAnswers {
  const results = networkResults(
    (scope, inputs) => ({ answer: network(scope, inputs) }),
    tensors,
    rowsAtOnce === undefined ? {} : { atOnce: rowsAtOnce },
  );
  // Of no rows there are no results.
  return (inputs) => (results(inputs).answer?.data ?? new Float32Array()) as Float32Array;
}

/** Tensors by name; first dimensions count the rows. */
export type NetworkResults = (inputs: Readonly<Record<string, Tensor>>) => Record<string, Tensor>;

export interface RowParts {
  /** Rows computed at once, a multiple of `multiple`. */
  readonly atOnce?: number;
  /** Default 16; 1 where a row meets no product of matrices over the rows: pictures under convolutions. */
  readonly multiple?: number;
}

/** As `networkAnswers`, for a network that answers several tensors of numbers. */
export function networkResults(
  network: NetworkFunction<Values>,
  tensors: NetworkTensors,
  { atOnce = ROWS_AT_ONCE, multiple = ROWS_MULTIPLE }: RowParts = {},
): NetworkResults {
  let session: ImmediateSession | undefined;
  return (inputs) => {
    session ??= openNetwork(network, tensors, inputs);
    const rows = Object.values(inputs)[0]!.shape[0]!;
    const parts: Record<string, Tensor>[] = [];
    for (let start = 0; start < rows; start += atOnce) {
      const end = Math.min(rows, start + atOnce);
      const part = Object.entries(inputs).map(([name, tensor]) => {
        return [name, filledRange(tensor, start, end, multiple)];
      });
      const made = Object.entries(session.run(Object.fromEntries(part))).map(([name, tensor]) => {
        return [name, takeRange(tensor, 0, end - start)];
      });
      parts.push(Object.fromEntries(made));
    }
    const names = Object.keys(parts[0] ?? {});
    return Object.fromEntries(names.map((name) => [name, concatenated(parts.map((part) => part[name]!))]));
  };
}

function openNetwork(
  network: NetworkFunction<Values>,
  tensors: NetworkTensors,
  inputs: Readonly<Record<string, Tensor>>,
): ImmediateSession {
  const graph = createGraph({ name: "network" });
  const values = Object.entries(inputs).map(([name, { type, shape }]) => {
    return [name, graph.input(name, type, ["N", ...shape.slice(1)])] as const;
  });
  const made = network(exportScope(graph, tensors), Object.fromEntries(values));
  for (const [name, value] of Object.entries(made)) graph.output(name, value);
  return openImmediately(graph.toModel());
}

/** Rows `start` to `end` of numbers, not copied. */
export function takeRange({ type, shape, data }: Tensor, start: number, end: number): Tensor {
  const width = elementCount(shape.slice(1));
  const part = (data as Float32Array).subarray(start * width, end * width);
  return { type, shape: [end - start, ...shape.slice(1)], data: part } as Tensor;
}

/** Rows `start` to `end` of numbers, and rows of zeros up to a multiple. */
function filledRange(tensor: Tensor, start: number, end: number, multiple: number): Tensor {
  const range = takeRange(tensor, start, end);
  const rows = Math.ceil((end - start) / multiple) * multiple;
  if (rows === end - start) return range;
  const { type, shape } = tensor;
  const [part, sizes] = [range.data as Float32Array, [rows, ...shape.slice(1)]];
  const width = elementCount(shape.slice(1));
  const filled = new (part.constructor as Float32ArrayConstructor)(rows * width);
  filled.set(part);
  return { type, shape: sizes, data: filled } as Tensor;
}

function concatenated(parts: readonly Tensor[]): Tensor {
  const [first] = parts as readonly [Tensor];
  const arrays = parts.map(({ data }) => data as Float32Array);
  const length = arrays.reduce((sum, part) => sum + part.length, 0);
  const result = new (first.data.constructor as Float32ArrayConstructor)(length);
  let start = 0;
  for (const part of arrays) {
    result.set(part, start);
    start += part.length;
  }
  const rows = parts.reduce((sum, { shape }) => sum + shape[0]!, 0);
  return { type: first.type, shape: [rows, ...first.shape.slice(1)], data: result } as Tensor;
}
