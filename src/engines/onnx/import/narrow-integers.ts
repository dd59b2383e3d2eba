/** Integers narrower than those of graphs: carried in wider ones, and brought back into their range after arithmetic. */
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import type { OnnxGraph } from "../graph-builder.js";
import type { ImportResult } from "./rules/rule.js";
import { DATA_TYPE, widenedType } from "./tensor-decoding.js";

/** Least value and number of values, by TensorProto.DataType. */
const RANGES: Readonly<Record<number, readonly [number, number]>> = {
  [DATA_TYPE.int8]: [-128, 256],
  [DATA_TYPE.uint16]: [0, 65536],
  [DATA_TYPE.int16]: [-32768, 65536],
  [DATA_TYPE.uint32]: [0, 2 ** 32],
  [DATA_TYPE.uint4]: [0, 16],
  [DATA_TYPE.int4]: [-8, 16],
};
const CAN_OVERFLOW = new Set([
  "Add",
  "Sub",
  "Mul",
  "Neg",
  "Abs",
  "Pow",
  "Sum",
  "BitShift",
  "BitwiseNot",
  "CumSum",
]);

/** The result of an op that was applied to wider integers than the model has. */
export function narrowed(
  graph: OnnxGraph,
  op: string,
  value: GraphValue,
  codes: readonly (number | undefined)[],
): ImportResult {
  const code = codes.find(
    (given) => given !== undefined && RANGES[given] && widenedType(given) === value.type,
  );
  if (code === undefined) return value;
  return { value: CAN_OVERFLOW.has(op) ? wrapped(graph, value, code) : value, code };
}

/** The value modulo the range of a narrow type, as two's complement has it; other types stay as they are. */
export function wrapped(graph: OnnxGraph, value: GraphValue, code: number): GraphValue {
  const range = RANGES[code];
  if (!range) return value;
  const [least, count] = range;
  const constant = (number: number) => graph.constant(value.type, [], [number]);
  const shifted = least === 0 ? value : graph.op("Sub", [value, constant(least)]);
  const remainder = graph.op("Mod", [shifted, constant(count)]);
  return least === 0 ? remainder : graph.op("Add", [remainder, constant(least)]);
}

/** Least and greatest value of an integer type of the file. */
export function integerRange(code: number): readonly [number, number] | undefined {
  if (code === DATA_TYPE.uint8) return [0, 255];
  const range = RANGES[code];
  return range && [range[0], range[0] + range[1] - 1];
}
