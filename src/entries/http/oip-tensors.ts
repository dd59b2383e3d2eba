/** Tensors in the JSON of the Open Inference Protocol: flat or nested lists, 64-bit integers exact. */
import { QuernError } from "../../foundation/base/errors.js";
import type { PortType } from "../../foundation/contracts/graph.js";
import type { OipDatatype } from "../../foundation/contracts/http.js";
import { elementCount, type Tensor, type TensorPort } from "../../foundation/contracts/tensor.js";

const DATATYPES: Readonly<Record<PortType, OipDatatype>> = {
  float32: "FP32",
  float64: "FP64",
  int64: "INT64",
  int32: "INT32",
  uint8: "UINT8",
  bool: "BOOL",
  string: "BYTES",
};

export const datatypeOf = (type: PortType): OipDatatype => DATATYPES[type];

/** -1 = any size. */
export function portShape({ shape }: TensorPort): number[] {
  return shape.map((size) => (typeof size === "number" ? size : -1));
}

interface JsonTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: string;
  readonly data: readonly unknown[];
}

/** @throws QuernError PREDICTION_INPUT naming input and element */
export function readTensor({ name, shape, datatype, data }: JsonTensor, type: PortType): Tensor {
  if (datatype !== DATATYPES[type]) throw bad(name, `has datatype ${datatype}, not ${DATATYPES[type]}`);
  const count = elementCount(shape);
  const values = flatten(data, name, count);
  const reader = READERS[type];
  const target = reader.make(count);
  for (let index = 0; index < count; index++) {
    const value = reader.read(values[index]);
    if (value === undefined)
      throw bad(name, `element ${index}: ${show(values[index])} is not ${reader.wanted}`);
    target[index] = value;
  }
  // That the elements are of the type follows from the reader, which TypeScript cannot see for a type given as a value.
  return { type, shape, data: target } as unknown as Tensor;
}

type Element = number | bigint | string;
interface ElementReader {
  readonly wanted: string;
  make(length: number): { [index: number]: Element };
  read(value: unknown): Element | undefined;
}

const integerBetween =
  (low: number, high: number) =>
  (value: unknown): number | undefined =>
    typeof value === "number" && Number.isInteger(value) && value >= low && value <= high ? value : undefined;

/** JSON has no NaN: null stands for a missing number. */
const number = (value: unknown): number | undefined => {
  if (value === null) return Number.NaN;
  if (typeof value === "bigint") return Number(value);
  return typeof value === "number" ? value : undefined;
};

function int64(value: unknown): bigint | undefined {
  const exact = typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : value;
  return typeof exact === "bigint" && BigInt.asIntN(64, exact) === exact ? exact : undefined;
}

const READERS: Readonly<Record<PortType, ElementReader>> = {
  float32: { wanted: "a number or null", make: (length) => new Float32Array(length) as never, read: number },
  float64: { wanted: "a number or null", make: (length) => new Float64Array(length) as never, read: number },
  int64: { wanted: "a 64-bit integer", make: (length) => new BigInt64Array(length) as never, read: int64 },
  int32: {
    wanted: "a 32-bit integer",
    make: (length) => new Int32Array(length) as never,
    read: integerBetween(-(2 ** 31), 2 ** 31 - 1),
  },
  uint8: {
    wanted: "an integer from 0 to 255",
    make: (length) => new Uint8Array(length) as never,
    read: integerBetween(0, 255),
  },
  bool: {
    wanted: "true or false",
    make: (length) => new Uint8Array(length) as never,
    read: (value) => (typeof value === "boolean" ? Number(value) : undefined),
  },
  string: {
    wanted: "a text",
    make: (length) => new Array<string>(length) as never,
    read: (value) => (typeof value === "string" ? value : undefined),
  },
};

/** Row-major. Stops at the first value too many, so that a small shape cannot cost much. */
function flatten(data: readonly unknown[], name: string, count: number): unknown[] {
  const values: unknown[] = [];
  const visit = (items: readonly unknown[]): void => {
    for (const item of items) {
      if (Array.isArray(item)) visit(item);
      else values.push(item);
      if (values.length > count) throw bad(name, `has more values than its shape, which holds ${count}`);
    }
  };
  visit(data);
  if (values.length < count) throw bad(name, `has ${values.length} values; its shape holds ${count}`);
  return values;
}

/** As the protocol writes it. Written by hand: `JSON.stringify` knows no 64-bit integers. Not finite = null. */
export function writeTensor(name: string, { type, shape, data }: Tensor): string {
  let list: string;
  if (type === "int64") list = `[${(data as BigInt64Array).join(",")}]`;
  else if (type === "bool") list = JSON.stringify(Array.from(data as Uint8Array, (value) => value !== 0));
  else list = JSON.stringify(Array.from(data as ArrayLike<number | string>, shortest(type)));
  return `{"name":${JSON.stringify(name)},"datatype":"${DATATYPES[type]}","shape":${JSON.stringify(shape)},"data":${list}}`;
}

/** A float32 has no more than 9 significant digits; further ones would only be longer. */
function shortest(type: PortType): (value: number | string) => number | string {
  if (type !== "float32") return (value) => value;
  return (value) => (Number.isFinite(value) ? Number((value as number).toPrecision(9)) : value);
}

function show(value: unknown): string {
  const text = typeof value === "bigint" ? `${value}` : (JSON.stringify(value) ?? String(value));
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function bad(name: string, why: string): QuernError {
  return new QuernError("PREDICTION_INPUT", `Input ${JSON.stringify(name)} ${why}.`, {
    details: { input: name },
  });
}
