/** What the operator table says about each op, and the vocabulary its rules share. */
import type {
  AttributeValue,
  Dimension,
  ElementType,
  GraphValue,
} from "../../../foundation/contracts/graph.js";

import { productTerm } from "./size-terms.js";

export interface TensorType {
  readonly type: ElementType;
  readonly shape: readonly Dimension[];
}

/**
 * How large a size that is known only at run time can become: at most the elements of all inputs together
 * (the default), anything, or what a formula says.
 */
export type SizeBound = "inputs" | "unbounded" | ((sizeOf: (size: Dimension) => number) => number);

/** One use of an op, as its rule sees it. Left-out optional inputs are `undefined`. */
export interface OperatorCall {
  readonly type: string;
  readonly inputs: readonly (GraphValue | undefined)[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** The elements of a small numeric input: numbers where known, symbols where they are sizes of other tensors. */
  contents(index: number): readonly Dimension[] | undefined;
  /**
   * A name for a size that cannot be known before run time.
   * @param term what it is in terms of other sizes; equal terms may get one name
   */
  fresh(bound?: SizeBound, term?: string): string;
}

/** The numbers of an input that is a constant. */
export function constant(call: OperatorCall, index: number): readonly number[] | undefined {
  const contents = call.contents(index);
  return contents?.every((item) => typeof item === "number") ? (contents as readonly number[]) : undefined;
}

export type Inference = (call: OperatorCall) => readonly TensorType[];

export interface Operator {
  readonly domain: "" | "ai.onnx.ml";
  /** The operator set that brought it, where that is newer than the one graphs declare otherwise. */
  readonly since?: number;
  /** Outputs behind these are optional. Default: none is. */
  readonly requiredOutputs?: number;
  /** Types and shapes of all outputs. @throws Error when the inputs do not fit the op: a bug of the caller. */
  readonly infer: Inference;
}

export type OperatorTable = Readonly<Record<string, Operator>>;

/** The words of a text as a union of literals: "Add Sub" is "Add" | "Sub". */
type Words<Text extends string> = Text extends `${infer Word} ${infer Rest}` ? Word | Words<Rest> : Text;

/** Ops that share a rule; the table keeps their names as types. */
export function operators<const Types extends string>(
  domain: Operator["domain"],
  types: Types,
  infer: Inference,
): Readonly<Record<Words<Types>, Operator>> {
  const entries = types.split(" ").map((type) => [type, { domain, infer }] as const);
  return Object.fromEntries(entries) as Record<Words<Types>, Operator>;
}

export function fail(call: OperatorCall, why: string): never {
  const inputs = call.inputs.map((input) => (input ? `${input.type}[${input.shape.join(",")}]` : "-"));
  throw new Error(`${call.type}(${inputs.join(", ")}): ${why}`);
}

export function inputOf(call: OperatorCall, index: number): GraphValue {
  return call.inputs[index] ?? fail(call, `input ${index} is missing`);
}

export function integer(call: OperatorCall, name: string, fallback: number): number {
  const value = call.attributes[name];
  if (value === undefined) return fallback;
  return "int" in value ? Number(value.int) : fail(call, `attribute ${name} is not an integer`);
}

export function integers(call: OperatorCall, name: string): readonly number[] | undefined {
  const value = call.attributes[name];
  if (value === undefined) return undefined;
  return "ints" in value
    ? Array.from(value.ints as ArrayLike<number>, Number)
    : fail(call, `attribute ${name} is not a list of integers`);
}

/** Length of a list attribute, 0 when absent. */
export function listLength(call: OperatorCall, name: string): number {
  const value = call.attributes[name];
  if (value === undefined) return 0;
  if ("ints" in value) return value.ints.length;
  if ("floats" in value) return value.floats.length;
  if ("strings" in value) return value.strings.length;
  if ("tensor" in value) return value.tensor.data.length;
  return fail(call, `attribute ${name} is not a list`);
}

export function axisOf(call: OperatorCall, axis: number, rank: number): number {
  const result = axis < 0 ? axis + rank : axis;
  if (result < 0 || result >= rank) fail(call, `axis ${axis} is outside rank ${rank}`);
  return result;
}

export function product(call: OperatorCall, shape: readonly Dimension[]): Dimension {
  return sizeOfTerm(call, shape, productTerm(shape), (sizeOf) =>
    shape.reduce((count: number, part) => count * sizeOf(part), 1),
  );
}

/** The size that a term of given sizes stands for: a number, one of them, or a new one. */
export function sizeOfTerm(
  call: OperatorCall,
  given: readonly Dimension[],
  term: Dimension,
  bound?: SizeBound,
): Dimension {
  return typeof term === "number" || given.includes(term) ? term : call.fresh(bound, term);
}

/** Shape of an elementwise op on all given shapes. */
export function broadcast(
  call: OperatorCall,
  shapes: readonly (readonly Dimension[])[],
): readonly Dimension[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, position) => {
    let result: Dimension = 1;
    for (const shape of shapes) {
      const size = shape[position - (rank - shape.length)] ?? 1;
      result = broadcastSize(call, result, size);
    }
    return result;
  });
}

function broadcastSize(call: OperatorCall, a: Dimension, b: Dimension): Dimension {
  if (a === b || b === 1) return a;
  if (a === 1) return b;
  if (typeof a === "number") return typeof b === "number" ? fail(call, `sizes ${a} and ${b} differ`) : a;
  return typeof b === "number" ? b : call.fresh((sizeOf) => Math.max(sizeOf(a), sizeOf(b)));
}

export function sameType(call: OperatorCall, from = 0): ElementType {
  const first = inputOf(call, from).type;
  for (const input of call.inputs.slice(from)) {
    if (input && input.type !== first) fail(call, "element types differ");
  }
  return first;
}
