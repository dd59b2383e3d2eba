/** Graph idioms. Columns are joined, computed on together and split again, so that a graph has few nodes. */
import {
  cast,
  type ElementType,
  type GraphBuilder,
  type GraphColumn,
  type GraphValue,
  joinMatrices,
  splitMatrix,
} from "../../../foundation/contracts/graph.js";

/** Second dimension of a column's value. */
export function valueWidth(value: GraphValue): number {
  const width = value.shape[1];
  if (typeof width !== "number") throw new Error(`Value ${value.name} has no fixed width.`);
  return width;
}

/** [N, sum of widths], cast to `type`. */
export function joinInputs(
  graph: GraphBuilder,
  inputs: readonly GraphColumn[],
  type: ElementType = "float32",
): GraphValue {
  const values = inputs.map(({ value }) => value);
  const isAlike = values.every((value) => value.type === values[0]!.type);
  if (isAlike) return cast(graph, joinMatrices(graph, values), type);
  return joinMatrices(
    graph,
    values.map((value) => cast(graph, value, type)),
  );
}

/** Gives each input its share of a matrix computed from all of them. */
export function splitLike(
  graph: GraphBuilder,
  whole: GraphValue,
  inputs: readonly GraphColumn[],
): GraphColumn[] {
  const parts = splitMatrix(
    graph,
    whole,
    inputs.map((input) => valueWidth(input.value)),
  );
  return inputs.map((input, k) => ({ ...input, value: parts[k]! }));
}

/** A constant [1, n], broadcast over rows. */
export function rowConstant(
  graph: GraphBuilder,
  values: ArrayLike<number>,
  type: "float32" | "float64",
): GraphValue {
  const data = type === "float32" ? Float32Array.from(values) : Float64Array.from(values);
  return graph.constant(type, [1, values.length], data);
}

export function int64Vector(graph: GraphBuilder, values: readonly number[]): GraphValue {
  return graph.constant("int64", [values.length], BigInt64Array.from(values, BigInt));
}

export function where(
  graph: GraphBuilder,
  condition: GraphValue,
  yes: GraphValue,
  no: GraphValue,
): GraphValue {
  return graph.op("Where", [condition, yes, no]);
}

/** String column to float32 numbers through a table; strings that are not keys get `otherwise`. */
export function mapStrings(
  graph: GraphBuilder,
  value: GraphValue,
  keys: readonly string[],
  numbers: ArrayLike<number>,
  otherwise: number,
): GraphValue {
  // The encoder wants at least one key; "" is the missing value, so this one changes nothing.
  const isEmpty = keys.length === 0;
  return graph.op("LabelEncoder", [value], {
    domain: "ai.onnx.ml",
    attributes: {
      keys_strings: { strings: isEmpty ? [""] : keys },
      values_floats: { floats: isEmpty ? [otherwise] : Float32Array.from(numbers) },
      default_float: { float: otherwise },
    },
  });
}

/** String column to int64 positions in `keys`; strings that are not keys get `otherwise`. */
export function indexStrings(
  graph: GraphBuilder,
  value: GraphValue,
  keys: readonly string[],
  otherwise: number,
): GraphValue {
  const isEmpty = keys.length === 0;
  return graph.op("LabelEncoder", [value], {
    domain: "ai.onnx.ml",
    attributes: {
      keys_strings: { strings: isEmpty ? [""] : keys },
      values_int64s: { ints: isEmpty ? [otherwise] : keys.map((_, index) => index) },
      default_int64: { int: otherwise },
    },
  });
}
