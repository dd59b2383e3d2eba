/** Texts that are read outside of training: short ones by short graphs, so that they do not pay for the padding of long ones. */
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import { elementCount, type Tensor } from "../../../foundation/contracts/tensor.js";
import { type NetworkAnswers, type NetworkTensors, networkAnswers } from "./inference.js";
import { longestTexts } from "./length-buckets.js";
import type { NetworkFunction } from "./scope.js";

/** Graphs are made for these numbers of pieces, and for the longest. A row's own texts alone decide by which it is read. */
const LENGTHS = [16, 32, 64, 128, 256, 512, 1024, 2048];

/** Numbers of pieces that texts of at most `longest` are read by, ascending. */
export function graphLengths(longest: number): number[] {
  return [...LENGTHS.filter((length) => length < longest), longest];
}

export interface RowsOfLength {
  /** Pieces that are read of each text. */
  readonly length: number;
  /** Ascending. */
  readonly rows: Int32Array;
}

/** The rows by the graph that reads them: the first as long as their longest text. Lengths without rows are left out. */
export function rowsByLength(texts: readonly Tensor[]): RowsOfLength[] {
  const rows = texts[0]!.shape[0]!;
  const pieces = longestTexts(texts, rows);
  const lengths = graphLengths(Math.max(...texts.map(({ shape }) => shape[1]!)));
  const needed = pieces.map((count) => lengths.find((length) => length >= count)!);
  return lengths
    .map((length) => ({
      length,
      rows: Int32Array.from(needed.keys()).filter((row) => needed[row] === length),
    }))
    .filter(({ rows: taken }) => taken.length > 0);
}

/** The given rows of a tensor, of texts [N, L] so many pieces. */
export function takeTensor(
  { type, shape, data }: Tensor,
  rows: Int32Array,
  pieces = Number.POSITIVE_INFINITY,
): Tensor {
  const width = elementCount(shape.slice(1));
  const kept = Math.min(width, pieces);
  const values = data as Float32Array;
  const taken = new (values.constructor as Float32ArrayConstructor)(rows.length * kept);
  for (const [at, row] of rows.entries())
    taken.set(values.subarray(row * width, row * width + kept), at * kept);
  const sizes = kept === width ? shape.slice(1) : [kept];
  return { type, shape: [rows.length, ...sizes], data: taken } as Tensor;
}

/** The same of all inputs of a network, of which `texts` are cut to a length. */
export function takeInputs(
  inputs: Readonly<Record<string, Tensor>>,
  texts: readonly string[],
  { rows, length }: RowsOfLength,
): Record<string, Tensor> {
  const taken = Object.entries(inputs).map(([name, tensor]) => {
    return [name, takeTensor(tensor, rows, texts.includes(name) ? length : undefined)];
  });
  return Object.fromEntries(taken);
}

/**
 * As `networkAnswers`, for a network some of whose inputs are texts, int32 [N, L], 0 where a text has ended, that may be cut. A
 * row's answer depends neither on the rows beside it nor on their order.
 * @param texts names of those inputs
 */
export function answersByLength(
  network: NetworkFunction<GraphValue>,
  tensors: NetworkTensors,
  texts: readonly string[],
  rowsAtOnce?: number,
): NetworkAnswers {
  const open = () => networkAnswers(network, tensors, rowsAtOnce);
  if (texts.length === 0) return open();
  const known = new Map<number, NetworkAnswers>();
  return (inputs) => {
    const rows = Object.values(inputs)[0]!.shape[0]!;
    if (rows === 0) return new Float32Array();
    let result: Float32Array | undefined;
    for (const part of rowsByLength(texts.map((name) => inputs[name]!))) {
      const answers = known.get(part.length) ?? open();
      known.set(part.length, answers);
      const made = answers(takeInputs(inputs, texts, part));
      const width = made.length / part.rows.length;
      result ??= new Float32Array(rows * width);
      for (const [at, row] of part.rows.entries())
        result.set(made.subarray(at * width, (at + 1) * width), row * width);
    }
    return result!;
  };
}
