/** What a rule sees of one node of a foreign model, and the vocabulary that rules share. */
import type { AttributeValue, Dimension, GraphValue } from "../../../../foundation/contracts/graph.js";
import type { Expressions } from "../../expressions.js";
import type { OnnxGraph } from "../../graph-builder.js";
import type { FileTensor } from "../file-tensor.js";
import { malformedModel, unsupportedModel } from "../limits.js";

export type Attributes = Readonly<Record<string, AttributeValue>>;

export interface ImportCall {
  readonly type: string;
  readonly domain: string;
  /** Version of the operator set of the op's domain that the model names. */
  readonly version: number;
  readonly attributes: Attributes;
  readonly inputCount: number;
  readonly outputCount: number;
  readonly graph: OnnxGraph;
  readonly x: Expressions;
  has(index: number): boolean;
  /** @throws QuernError MODEL_REFUSED when the input is missing */
  input(index: number): GraphValue;
  optional(index: number): GraphValue | undefined;
  /** The input as it lies in the file, where it is a tensor of the file and no value of the graph yet. */
  stored(index: number): FileTensor | undefined;
  /** A value of a tensor that was computed of stored ones: a weight, if they are. */
  handOut(stored: FileTensor): GraphValue;
  /** TensorProto.DataType that the model gives the input, where it is narrower than the type in the graph. */
  code(index: number): number | undefined;
  /** The elements of a small input, where they are known before the graph runs. */
  numbers(index: number): readonly number[] | undefined;
  /** As `numbers`, with symbols for sizes that are known at run time only. */
  contents(index: number): readonly Dimension[] | undefined;
}

/** A result: a value of the graph, with the type that it had in the file where that is narrower. */
export interface TypedValue {
  readonly value: GraphValue;
  readonly code: number;
}

export type ImportResult = GraphValue | FileTensor | TypedValue | undefined;

/** Replaces a node by ops that graphs have. One result for each output that the rule covers. */
export type ImportRule = (call: ImportCall) => readonly ImportResult[];

/** Rules by op type, each for the versions up to its `until`, the oldest first. */
export interface VersionedRule {
  /** Last version of the operator set whose form of the op the rule reads. */
  readonly until: number;
  readonly rule: ImportRule;
}

export function integerOf({ type, attributes }: ImportCall, name: string, fallback: number): number {
  const value = attributes[name];
  if (value === undefined) return fallback;
  return "int" in value ? Number(value.int) : malformedModel(`${type}.${name} is no integer`);
}

export function floatOf({ type, attributes }: ImportCall, name: string, fallback: number): number {
  const value = attributes[name];
  if (value === undefined) return fallback;
  return "float" in value ? value.float : malformedModel(`${type}.${name} is no number`);
}

export function textOf({ type, attributes }: ImportCall, name: string, fallback: string): string {
  const value = attributes[name];
  if (value === undefined) return fallback;
  return "string" in value ? value.string : malformedModel(`${type}.${name} is no text`);
}

export function integersOf({ type, attributes }: ImportCall, name: string): number[] | undefined {
  const value = attributes[name];
  if (value === undefined) return undefined;
  return "ints" in value
    ? Array.from(value.ints as ArrayLike<number>, Number)
    : malformedModel(`${type}.${name} is no list of integers`);
}

export function floatsOf({ type, attributes }: ImportCall, name: string): number[] | undefined {
  const value = attributes[name];
  if (value === undefined) return undefined;
  return "floats" in value
    ? Array.from(value.floats)
    : malformedModel(`${type}.${name} is no list of numbers`);
}

/** The attributes without those named. */
export function without(attributes: Attributes, ...names: string[]): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)));
}

/** The inputs in order, as the builder takes them. */
export function inputsOf(call: ImportCall, count = call.inputCount): (GraphValue | undefined)[] {
  return Array.from({ length: count }, (_, index) => call.optional(index));
}

/** A form of an op that has no counterpart: says which, and what to do. */
export function unsupportedForm(call: ImportCall, why: string): never {
  const name = call.domain === "" ? call.type : `${call.domain}.${call.type}`;
  return unsupportedModel(
    `${name} ${why}`,
    "Export the model without this option, or with standard ops of operator sets 17 to 23.",
    { operator: name },
  );
}

/** A size that must be known before the graph runs. */
export function staticSize(call: ImportCall, size: Dimension | undefined, what: string): number {
  return typeof size === "number" ? size : unsupportedForm(call, `needs ${what} to be a fixed size`);
}

/** A rule for nodes that have no other attributes than these: what a rule does not know it must not pass over. */
export function taking(names: string, rule: ImportRule): ImportRule {
  const known = new Set(names.split(" "));
  return (call) => {
    const strange = Object.keys(call.attributes).find((name) => !known.has(name));
    if (strange !== undefined)
      unsupportedForm(call, `has the attribute ${JSON.stringify(strange.slice(0, 80))}`);
    return rule(call);
  };
}
