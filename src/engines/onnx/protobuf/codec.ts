/** Reads and writes protobuf messages by a field table; one table drives both directions. */
import {
  malformed,
  ReverseWriter,
  WIRE_BYTES,
  WIRE_FIXED32,
  WIRE_FIXED64,
  WIRE_VARINT,
  WireReader,
} from "./wire.js";

/**
 * How a field appears in JavaScript; repeated numbers are typed arrays.
 * `integer`: int32, enum or an int64 that stays below 2^53 (number, repeated: number[]);
 * `int32`: repeated only (Int32Array); `int64`: bigint (BigInt64Array); `uint64`: bigint (BigUint64Array);
 * `float`: number (Float32Array); `double`: number (Float64Array); `bytes`: a view of the input.
 */
export type FieldKind =
  | "integer"
  | "int32"
  | "int64"
  | "uint64"
  | "float"
  | "double"
  | "string"
  | "bytes"
  | "message";

export interface Field {
  readonly number: number;
  readonly kind: FieldKind;
  readonly repeated: boolean;
  /** A function, because messages refer to one another in circles. */
  readonly message?: () => MessageTable;
}
export type MessageTable = Readonly<Record<string, Field>>;
/** A table with exactly the fields of `T`. */
export type TableOf<T> = { readonly [Name in keyof Required<T>]: Field };

export const one = (number: number, kind: FieldKind): Field => ({ number, kind, repeated: false });
export const many = (number: number, kind: FieldKind): Field => ({ number, kind, repeated: true });
export const oneMessage = (number: number, message: () => MessageTable): Field => ({
  ...one(number, "message"),
  message,
});
export const manyMessages = (number: number, message: () => MessageTable): Field => ({
  ...many(number, "message"),
  message,
});

/** Where a decoded message has the fields that its table lacks: tags and contents, in the order of the file. */
const UNKNOWN_FIELDS = Symbol("unknown fields");

type Message = Record<string | symbol, unknown>;
type NamedField = Field & { readonly name: string };

interface CompiledTable {
  readonly byNumber: readonly (NamedField | undefined)[];
  /** Highest number first: the writer works back to front. */
  readonly descending: readonly NamedField[];
}

const compiled = new WeakMap<MessageTable, CompiledTable>();

function compile(table: MessageTable): CompiledTable {
  const known = compiled.get(table);
  if (known) return known;
  const named = Object.entries(table).map(([name, field]) => ({ ...field, name }));
  const byNumber: NamedField[] = [];
  for (const field of named) byNumber[field.number] = field;
  const result = { byNumber, descending: named.sort((a, b) => b.number - a.number) };
  compiled.set(table, result);
  return result;
}

export interface DecodeLimits {
  /** Nesting of messages. */
  readonly depth: number;
  /** Messages and texts in the whole file: what bounds the memory of the decoded form. */
  readonly elements: number;
  /** Keeps fields that the table lacks, to be written again as they were; default: they are dropped. */
  readonly keepUnknown?: boolean;
}
export const DEFAULT_DECODE_LIMITS: DecodeLimits = { depth: 64, elements: 20_000_000 };

/**
 * Absent fields are absent in the result, empty repeated ones too. Unknown fields are skipped, or kept for the writer. A second
 * occurrence of a singular field is refused: protobuf would merge the two, which no exporter relies on and
 * which lets one reader see another model than the next.
 * @throws QuernError MODEL_REFUSED
 */
export function decodeMessage<T>(
  table: TableOf<T>,
  bytes: Uint8Array,
  limits: DecodeLimits = DEFAULT_DECODE_LIMITS,
): T {
  return new Decoder(bytes, limits).message(table as MessageTable, bytes.length, 0) as T;
}

class Decoder {
  readonly #reader: WireReader;
  readonly #limits: DecodeLimits;
  #elements = 0;

  constructor(bytes: Uint8Array, limits: DecodeLimits) {
    this.#reader = new WireReader(bytes);
    this.#limits = limits;
  }

  message(table: MessageTable, end: number, depth: number): Message {
    const reader = this.#reader;
    if (depth > this.#limits.depth) throw malformed("messages are nested too deeply", reader.position);
    const { byNumber } = compile(table);
    const result: Message = {};
    /** Repeated numbers written one by one, turned into typed arrays at the end. */
    let loose: Map<NamedField, unknown[]> | undefined;
    let unknown: Uint8Array[] | undefined;
    while (reader.position < end) {
      const start = reader.position;
      reader.varint(end);
      const wire = reader.low & 7;
      if (reader.high !== 0 || reader.low >>> 3 === 0) throw malformed("a field number is invalid", start);
      const field = byNumber[reader.low >>> 3];
      if (!field) {
        reader.skip(wire, end);
        if (this.#limits.keepUnknown) {
          unknown ??= [];
          unknown.push(reader.bytes.subarray(start, reader.position));
        }
      } else if (!field.repeated) {
        if (result[field.name] !== undefined) throw malformed(`${field.name} is given twice`, start);
        result[field.name] = this.#single(field, wire, end, depth);
      } else if (wire === WIRE_BYTES && isNumeric(field)) {
        if (result[field.name] !== undefined) throw malformed(`${field.name} is given in parts`, start);
        const packed = this.#packed(field, end);
        if (packed.length > 0) result[field.name] = packed;
      } else {
        loose ??= new Map();
        const items = loose.get(field) ?? [];
        if (items.length === 0) loose.set(field, items);
        items.push(this.#single(field, wire, end, depth));
      }
    }
    if (unknown) result[UNKNOWN_FIELDS] = unknown;
    if (loose) for (const [field, items] of loose) this.#gather(result, field, items);
    return result;
  }

  #gather(result: Message, field: NamedField, items: unknown[]): void {
    if (result[field.name] !== undefined)
      throw malformed(`${field.name} is given in parts`, this.#reader.position);
    result[field.name] = toTypedArray(field, items);
  }

  #single(field: NamedField, wire: number, end: number, depth: number): unknown {
    const reader = this.#reader;
    if (wire !== wireOf(field)) throw malformed(`${field.name} has wire type ${wire}`, reader.position);
    if (!isNumeric(field) && ++this.#elements > this.#limits.elements) {
      throw malformed(`there are more than ${this.#limits.elements} elements`, reader.position);
    }
    switch (field.kind) {
      case "string":
        return reader.string(reader.length(end));
      case "bytes":
        return reader.slice(reader.length(end));
      case "message": {
        const length = reader.length(end);
        return this.message(field.message!(), reader.position + length, depth + 1);
      }
      default:
        return this.#number(field, end);
    }
  }

  #number(field: NamedField, end: number): number | bigint {
    const reader = this.#reader;
    if (field.kind === "float") return reader.float(end);
    if (field.kind === "double") return reader.double(end);
    if (field.kind === "int64") return reader.bigint(end);
    if (field.kind === "uint64") return BigInt.asUintN(64, reader.bigint(end));
    return reader.integer(end);
  }

  #packed(field: NamedField, end: number): { readonly length: number } {
    const reader = this.#reader;
    const length = reader.length(end);
    const start = reader.position;
    if (field.kind === "float" || field.kind === "double") {
      const width = field.kind === "float" ? 4 : 8;
      if (length % width !== 0) throw malformed(`${field.name} has a broken length`, start);
      const copy = reader.slice(length).slice().buffer;
      return width === 4 ? new Float32Array(copy) : new Float64Array(copy);
    }
    const stop = start + length;
    const count = countVarints(reader.bytes, start, stop);
    if (field.kind === "integer") {
      return Array.from({ length: count }, () => reader.integer(stop));
    }
    if (field.kind === "int32") {
      return Int32Array.from({ length: count }, () => Number(BigInt.asIntN(32, reader.bigint(stop))));
    }
    const halves = new Uint32Array(count * 2);
    for (let index = 0; index < count; index++) {
      reader.varint(stop);
      halves[index * 2] = reader.low;
      halves[index * 2 + 1] = reader.high;
    }
    if (reader.position !== stop) throw malformed(`${field.name} has a broken length`, start);
    return field.kind === "int64" ? new BigInt64Array(halves.buffer) : new BigUint64Array(halves.buffer);
  }
}

function countVarints(bytes: Uint8Array, start: number, stop: number): number {
  let count = 0;
  for (let at = start; at < stop; at++) if (bytes[at]! < 0x80) count++;
  if (stop > start && bytes[stop - 1]! >= 0x80) throw malformed("a number is cut off", stop);
  return count;
}

function toTypedArray(field: Field, items: unknown[]): unknown {
  switch (field.kind) {
    case "float":
      return Float32Array.from(items as number[]);
    case "double":
      return Float64Array.from(items as number[]);
    case "int32":
      return Int32Array.from(items as number[]);
    case "int64":
      return BigInt64Array.from(items as bigint[]);
    case "uint64":
      return BigUint64Array.from(items as bigint[]);
    default:
      return items;
  }
}

const isNumeric = (field: Field): boolean =>
  field.kind !== "string" && field.kind !== "bytes" && field.kind !== "message";

function wireOf(field: Field): number {
  if (!isNumeric(field)) return WIRE_BYTES;
  return field.kind === "float" ? WIRE_FIXED32 : field.kind === "double" ? WIRE_FIXED64 : WIRE_VARINT;
}

/** Fields in ascending number, then unknown ones, repeated numbers packed: equal messages give equal bytes. */
export function encodeMessage<T>(table: TableOf<T>, message: T): Uint8Array {
  const writer = new ReverseWriter();
  writeMessage(writer, table as MessageTable, message as Message);
  return writer.finish();
}

function writeMessage(writer: ReverseWriter, table: MessageTable, message: Message): void {
  const unknown = (message[UNKNOWN_FIELDS] ?? []) as readonly Uint8Array[];
  for (const bytes of unknown.toReversed()) writer.raw(bytes);
  for (const field of compile(table).descending) {
    const value = message[field.name];
    if (value === undefined) continue;
    if (!field.repeated) writeField(writer, field, value);
    else if (isNumeric(field)) writePacked(writer, field, value as ArrayLike<number | bigint>);
    else {
      const items = value as readonly unknown[];
      for (let index = items.length - 1; index >= 0; index--) writeField(writer, field, items[index]);
    }
  }
}

function writeField(writer: ReverseWriter, field: NamedField, value: unknown): void {
  if (isNumeric(field)) {
    writeNumber(writer, field, value as number | bigint);
    writer.tag(field.number, wireOf(field));
    return;
  }
  const before = writer.length;
  if (field.kind === "string") writer.string(value as string);
  else if (field.kind === "bytes") writer.raw(value as Uint8Array);
  else writeMessage(writer, field.message!(), value as Message);
  writer.integer(writer.length - before);
  writer.tag(field.number, WIRE_BYTES);
}

function writePacked(writer: ReverseWriter, field: NamedField, items: ArrayLike<number | bigint>): void {
  if (items.length === 0) return;
  const before = writer.length;
  if (items instanceof Float32Array || items instanceof Float64Array) {
    writer.raw(new Uint8Array(items.buffer, items.byteOffset, items.byteLength));
  } else if (items instanceof BigInt64Array || items instanceof BigUint64Array) {
    const halves = new Uint32Array(items.buffer, items.byteOffset, items.length * 2);
    for (let index = halves.length - 2; index >= 0; index -= 2)
      writer.varint(halves[index]!, halves[index + 1]!);
  } else {
    for (let index = items.length - 1; index >= 0; index--) writeNumber(writer, field, items[index]!);
  }
  writer.integer(writer.length - before);
  writer.tag(field.number, WIRE_BYTES);
}

function writeNumber(writer: ReverseWriter, field: NamedField, value: number | bigint): void {
  if (field.kind === "float") writer.float(value as number);
  else if (field.kind === "double") writer.double(value as number);
  else if (typeof value === "bigint") writer.bigint(value);
  else writer.integer(value);
}
