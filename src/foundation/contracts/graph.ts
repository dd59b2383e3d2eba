/**
 * What an extension needs to emit itself as ONNX. The implementation is `engines/onnx`; extensions see only
 * this interface, so that a transform or a trainer depends on no runtime.
 */
export type ElementType =
  | "float32"
  | "float64"
  | "int64"
  | "int32"
  | "uint8"
  | "bool"
  | "string"
  /** What only shrunk weights and what is made of them are. */
  | StorageType;
export type StorageType = "int8" | "int4" | "float16";
/** What enters and leaves models. */
export type PortType = Exclude<ElementType, StorageType>;

/** TensorProto.DataType of onnx.proto3. */
export const ELEMENT_CODES = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float64: 11,
  int8: 3,
  int4: 22,
  float16: 10,
} as const satisfies Record<ElementType, number>;

/** A number, or a name for a size known only at run time; "N" is the number of rows. */
export type Dimension = number | string;

/** An edge of the graph: one tensor, made once. */
export interface GraphValue {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly Dimension[];
}

export type TensorData =
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint8Array
  | Int8Array
  | Uint16Array
  | BigInt64Array
  | readonly string[]
  | readonly number[]
  | readonly boolean[];

/** One kind of attribute; ONNX tells integers from floats, so the key says which. */
export type AttributeValue =
  | { readonly int: number | bigint }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: readonly number[] | BigInt64Array }
  | { readonly floats: readonly number[] | Float32Array }
  | { readonly strings: readonly string[] }
  | { readonly tensor: { type: ElementType; shape: readonly number[]; data: TensorData } };

export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** "" (ai.onnx) or "ai.onnx.ml"; default: where the op lives. */
  readonly domain?: "" | "ai.onnx.ml";
  /** Types and shapes of the outputs, where the builder cannot infer them. Length = number of outputs. */
  readonly outputs?: readonly { readonly type: ElementType; readonly shape: readonly Dimension[] }[];
}

/**
 * Builds one graph in SSA form. Nodes are appended in topological order by construction. Equal constants
 * and equal nodes are shared, so emitting a transform twice costs nothing.
 */
export interface GraphBuilder {
  /** Declares a graph input. Names are unique. */
  input(name: string, type: ElementType, shape: readonly Dimension[]): GraphValue;
  /** A constant tensor (an initializer). `shape` [] is a scalar. */
  constant(type: ElementType, shape: readonly number[], data: TensorData): GraphValue;
  /** Float32 scalar constant: the commonest operand. */
  scalar(value: number, type?: ElementType): GraphValue;
  /**
   * Appends a node; returns its outputs. Output type and shape are inferred for every op Quern emits.
   * `undefined` leaves out an optional input.
   */
  node(op: string, inputs: readonly (GraphValue | undefined)[], options?: NodeOptions): GraphValue[];
  /** `node` for the common case of one output. */
  op(op: string, inputs: readonly (GraphValue | undefined)[], options?: NodeOptions): GraphValue;
  /** Declares a graph output under a public name. */
  output(name: string, value: GraphValue): void;
}

/**
 * A column inside the graph. Shapes: [N,1]; vectors [N,width]; images [N,height,width,channels]; tokens [N,length].
 * number, boolean: float32 (float64 only at the raw input of a column that float32 would damage);
 * category, text, id: string; datetime: int64 (smallest int64 = missing); image: uint8; tokens: int32.
 */
export interface GraphColumn {
  readonly name: string;
  readonly kind:
    | "number"
    | "boolean"
    | "category"
    | "text"
    | "datetime"
    | "id"
    | "vector"
    | "image"
    | "tokens";
  readonly value: GraphValue;
}

/** The value as another element type; the same shape. */
export function cast(graph: GraphBuilder, value: GraphValue, type: ElementType): GraphValue {
  if (value.type === type) return value;
  return graph.op("Cast", [value], { attributes: { to: { int: ELEMENT_CODES[type] } } });
}

/** The matrix whose parts a Split made, so that joining the parts again costs no node. */
const wholes = new WeakMap<
  GraphValue,
  { readonly whole: GraphValue; readonly parts: readonly GraphValue[] }
>();

/** Cuts [N, sum of widths] into parts side by side. */
export function splitMatrix(
  graph: GraphBuilder,
  whole: GraphValue,
  widths: readonly number[],
): readonly GraphValue[] {
  if (widths.length === 1) return [whole];
  const sizes = graph.constant("int64", [widths.length], BigInt64Array.from(widths, BigInt));
  const parts = graph.node("Split", [whole, sizes], { attributes: { axis: { int: 1 } } });
  for (const part of parts) wholes.set(part, { whole, parts });
  return parts;
}

/** Side by side, along the second dimension; all parts of a `splitMatrix` in order become their whole again. */
export function joinMatrices(graph: GraphBuilder, values: readonly GraphValue[]): GraphValue {
  const joined: GraphValue[] = [];
  for (let start = 0; start < values.length; ) {
    const known = wholes.get(values[start]!);
    const isWhole = known?.parts.every((part, k) => part === values[start + k]) ?? false;
    joined.push(isWhole ? known!.whole : values[start]!);
    start += isWhole ? known!.parts.length : 1;
  }
  return joined.length === 1 ? joined[0]! : graph.op("Concat", joined, { attributes: { axis: { int: 1 } } });
}

/** Joins feature columns into one float32 matrix [N, D], in order; the counterpart of `featureViews`. */
export function concatFeatures(graph: GraphBuilder, columns: readonly GraphColumn[]): GraphValue {
  return joinMatrices(
    graph,
    columns.map((column) => column.value),
  );
}

/** Missing datetime in the graph: the smallest int64. */
export const MISSING_DATETIME = -(2n ** 63n);
