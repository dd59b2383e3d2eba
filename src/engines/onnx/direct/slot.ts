/** Where the values of one row live while a graph is computed directly. */
import type { AttributeValue, ElementType } from "../../../foundation/contracts/graph.js";

/**
 * float32 as such; whole numbers, booleans and float64 as float64 (whole numbers are exact up to 2^53, and the mark of
 * a missing time, -2^63, is a power of two); texts as a list.
 */
export type SlotArray = Float32Array | Float64Array;

export interface Slot {
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Row-major; empty for texts. */
  readonly numbers: SlotArray;
  /** Row-major; empty for numbers. */
  readonly texts: string[];
  readonly length: number;
}

export function createSlot(type: ElementType, shape: readonly number[]): Slot {
  const length = shape.reduce((product, size) => product * size, 1);
  const isText = type === "string";
  const numbers = new (type === "float32" ? Float32Array : Float64Array)(isText ? 0 : length);
  return { type, shape, numbers, texts: isText ? new Array<string>(length).fill("") : [], length };
}

/** One use of an op. Left-out optional inputs are `undefined`. */
export interface StepCall {
  readonly inputs: readonly (Slot | undefined)[];
  readonly outputs: readonly Slot[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** Reads the inputs, writes the outputs. */
export type Step = () => void;

/** @returns `undefined` where this use of the op is not computed directly */
export type StepMaker = (call: StepCall) => Step | undefined;

export function integerOf({ attributes }: StepCall, name: string, fallback: number): number {
  const value = attributes[name];
  return value && "int" in value ? Number(value.int) : fallback;
}

export function floatOf({ attributes }: StepCall, name: string, fallback: number): number {
  const value = attributes[name];
  return value && "float" in value ? value.float : fallback;
}

export function textOf({ attributes }: StepCall, name: string, fallback: string): string {
  const value = attributes[name];
  return value && "string" in value ? value.string : fallback;
}

/** A list of numbers of any kind; `undefined` when absent. */
export function numbersOf({ attributes }: StepCall, name: string): number[] | undefined {
  const value = attributes[name];
  if (!value) return undefined;
  if ("ints" in value) return Array.from(value.ints as ArrayLike<number | bigint>, Number);
  if ("floats" in value) return Array.from(value.floats);
  return "tensor" in value && value.tensor.type !== "string"
    ? Array.from(value.tensor.data as ArrayLike<number | bigint>, Number)
    : undefined;
}

export function textsOf({ attributes }: StepCall, name: string): readonly string[] | undefined {
  const value = attributes[name];
  if (!value) return undefined;
  if ("strings" in value) return value.strings;
  return "tensor" in value && value.tensor.type === "string"
    ? (value.tensor.data as readonly string[])
    : undefined;
}

/** How a shape divides along an axis: [outer, size, inner]. */
export function around(shape: readonly number[], axis: number): [number, number, number] {
  const at = axis < 0 ? axis + shape.length : axis;
  const count = (sizes: readonly number[]) => sizes.reduce((product, size) => product * size, 1);
  return [count(shape.slice(0, at)), shape[at] ?? 1, count(shape.slice(at + 1))];
}
