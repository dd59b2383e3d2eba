/**
 * A byte form for plain values that may hold typed arrays: fitted states and cached step outputs.
 * Layout: "QPK1", uint32 length of the JSON header, header, then the arrays, each aligned to 8 bytes.
 * Equal values give equal bytes. Little-endian.
 */
import { canonicalJson } from "./canonical-json.js";
import { QuernError } from "./errors.js";

const MAGIC = 0x314b5051;

const ARRAY_TYPES = {
  Float64Array,
  Float32Array,
  Int32Array,
  Uint32Array,
  Int16Array,
  Uint16Array,
  Int8Array,
  Uint8Array,
  BigInt64Array,
} as const;
type ArrayTypeName = keyof typeof ARRAY_TYPES;
type PackableArray = InstanceType<(typeof ARRAY_TYPES)[ArrayTypeName]>;

interface ArrayReference {
  readonly $array: ArrayTypeName;
  readonly offset: number;
  readonly length: number;
}

export function pack(value: unknown): Uint8Array {
  const arrays: { array: PackableArray; offset: number }[] = [];
  let size = 0;
  const replace = (item: unknown): unknown => {
    if (ArrayBuffer.isView(item)) {
      const array = item as PackableArray;
      const reference = {
        $array: array.constructor.name as ArrayTypeName,
        offset: size,
        length: array.length,
      };
      if (!(reference.$array in ARRAY_TYPES)) throw new Error(`Cannot pack a ${reference.$array}.`);
      arrays.push({ array, offset: size });
      size += Math.ceil(array.byteLength / 8) * 8;
      return reference;
    }
    if (typeof item === "number" && !Number.isFinite(item)) return { $number: String(item) };
    if (Array.isArray(item)) return item.map(replace);
    if (item !== null && typeof item === "object") {
      // Keys are visited in sorted order so that offsets do not depend on insertion order.
      const keys = Object.keys(item).sort();
      return Object.fromEntries(keys.map((key) => [key, replace((item as Record<string, unknown>)[key])]));
    }
    return item;
  };
  const header = new TextEncoder().encode(canonicalJson(replace(value)));
  const start = 8 + Math.ceil(header.length / 8) * 8;
  const bytes = new Uint8Array(start + size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, header.length, true);
  bytes.set(header, 8);
  for (const { array, offset } of arrays) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), start + offset);
  }
  return bytes;
}

/** @throws QuernError STORE_DAMAGED when the bytes are not a whole packed value. */
export function unpack<T = unknown>(packed: Uint8Array): T {
  // A copy by constructor: `slice` of a Buffer would share memory and stay misaligned.
  const bytes = packed.byteOffset % 8 === 0 ? packed : new Uint8Array(packed);
  const damaged = (why: string) => new QuernError("STORE_DAMAGED", `A packed value is damaged: ${why}.`);
  if (bytes.length < 8) throw damaged("too short");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = view.getUint32(4, true);
  if (view.getUint32(0, true) !== MAGIC || headerLength > bytes.length - 8) throw damaged("bad header");
  const start = 8 + Math.ceil(headerLength / 8) * 8;
  const restore = (item: unknown): unknown => {
    if (Array.isArray(item)) return item.map(restore);
    if (item === null || typeof item !== "object") return item;
    if ("$number" in item) return Number(item.$number);
    if ("$array" in item) return restoreArray(item as ArrayReference);
    return Object.fromEntries(Object.entries(item).map(([key, entry]) => [key, restore(entry)]));
  };
  const restoreArray = ({ $array, offset, length }: ArrayReference): PackableArray => {
    const type = ARRAY_TYPES[$array];
    if (!type || start + offset + length * type.BYTES_PER_ELEMENT > bytes.length)
      throw damaged("array out of bounds");
    return new type(bytes.buffer as ArrayBuffer, bytes.byteOffset + start + offset, length);
  };
  return restore(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerLength)))) as T;
}
