import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AttributeProto,
  type ModelProto,
  type NodeProto,
  readModel,
  type TensorProto,
  writeModel,
} from "./messages.js";

const text = fc.string({ unit: "grapheme", maxLength: 12 });
const bytes = fc.uint8Array({ maxLength: 20 });
const integer = fc.maxSafeInteger();
const int64s = fc.bigInt64Array({ minLength: 1, maxLength: 6 });
const float32s = fc.float32Array({ minLength: 1, maxLength: 6 });

/** Every field may be absent; what is present keeps its value, and repeated fields are never empty. */
const optional = <T>(fields: { [Name in keyof Required<T>]: fc.Arbitrary<T[Name]> }): fc.Arbitrary<T> =>
  fc.record(fields, { requiredKeys: [], noNullPrototype: true }) as unknown as fc.Arbitrary<T>;
const some = <T>(item: fc.Arbitrary<T>) => fc.array(item, { minLength: 1, maxLength: 2 });
const entry = fc.record({ key: text, value: text }, { noNullPrototype: true });

const tensor: fc.Arbitrary<TensorProto> = optional<TensorProto>({
  dims: some(integer),
  dataType: fc.integer({ min: 0, max: 23 }),
  segment: fc.record({ begin: integer, end: integer }, { noNullPrototype: true }),
  floatData: float32s,
  int32Data: fc.int32Array({ minLength: 1, maxLength: 5 }),
  stringData: some(bytes),
  int64Data: int64s,
  name: text,
  rawData: bytes,
  doubleData: fc.float64Array({ minLength: 1, maxLength: 5 }),
  uint64Data: fc.bigUint64Array({ minLength: 1, maxLength: 5 }),
  docString: text,
  externalData: some(entry),
  dataLocation: fc.constantFrom(0, 1),
  metadataProps: some(entry),
});
const attribute: fc.Arbitrary<AttributeProto> = fc.record(
  {
    name: text,
    f: fc.float(),
    i: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    s: bytes,
    t: tensor,
    floats: float32s,
    ints: int64s,
    strings: some(bytes),
    tensors: some(tensor),
    type: fc.integer({ min: 0, max: 14 }),
  },
  { requiredKeys: ["name"], noNullPrototype: true },
);
const node: fc.Arbitrary<NodeProto> = fc.record(
  {
    input: some(text),
    output: some(text),
    name: text,
    opType: text,
    domain: text,
    attribute: some(attribute),
    metadataProps: some(entry),
  },
  { requiredKeys: [], noNullPrototype: true },
);
const model = fc.record(
  {
    irVersion: integer,
    producerName: text,
    modelVersion: integer,
    opsetImport: some(fc.record({ domain: text, version: integer }, { noNullPrototype: true })),
    metadataProps: some(entry),
    graph: fc.record(
      { node: some(node), name: text, initializer: some(tensor) },
      { requiredKeys: [], noNullPrototype: true },
    ),
    functions: some(fc.record({ name: text, node: some(node) }, { noNullPrototype: true })),
  },
  { requiredKeys: [], noNullPrototype: true },
) as fc.Arbitrary<ModelProto>;

describe("ModelProto", () => {
  it("is read as it was written, byte for byte", () => {
    fc.assert(
      fc.property(model, (value) => {
        const written = writeModel(value);
        const read = readModel(written);
        // Faster than `toEqual` by far.
        expect(isDeepStrictEqual(read, value)).toBe(true);
        expect(Buffer.compare(writeModel(read), written)).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it("ends with its own error for every cut", () => {
    fc.assert(
      fc.property(model, fc.double({ min: 0, max: 1, noNaN: true }), (value, share) => {
        const written = writeModel(value);
        try {
          readModel(written.subarray(0, Math.floor(written.length * share)));
        } catch (error) {
          expect(error).toMatchObject({ code: "MODEL_REFUSED" });
        }
      }),
    );
  });

  it("takes repeated numbers packed or one by one, and skips unknown fields", () => {
    // graph(7) { initializer(5) { dims(1) 2, dims 3, field 99 = 1 } }
    const tensorBytes = [0x08, 2, 0x08, 3, 0x98, 0x06, 1];
    const graph = [0x2a, tensorBytes.length, ...tensorBytes];
    const read = readModel(Uint8Array.of(0x3a, graph.length, ...graph));
    expect(read).toEqual({ graph: { initializer: [{ dims: [2, 3] }] } });
  });

  it("refuses what two readers would read differently", () => {
    const twice = [0x08, 1, 0x08, 2];
    expect(() => readModel(Uint8Array.from(twice))).toThrow(/given twice/);
    const group = [0x0b, 0x0c];
    expect(() => readModel(Uint8Array.from(group))).toThrow(/malformed/);
    const notText = [0x12, 1, 0xff];
    expect(() => readModel(Uint8Array.from(notText))).toThrow(/not valid UTF-8/);
    const unsafe = [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    expect(() => readModel(Uint8Array.from(unsafe))).toThrow(/beyond 2\^53/);
    expect(() => readModel(new Uint8Array(100).fill(0xff))).toThrow(/malformed/);
  });

  it("refuses more elements than the limit allows", () => {
    const nodes = { graph: { node: Array.from({ length: 50 }, () => ({})) } };
    const limits = { depth: 64, elements: 40 };
    expect(() => readModel(writeModel(nodes), limits)).toThrow(/more than 40 elements/);
  });
});
