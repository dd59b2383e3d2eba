import fc from "fast-check";
import { expect, it } from "vitest";
import type { Tensor } from "../../foundation/contracts/tensor.js";
import { fromBinary, toBinary } from "./oip-binary.js";
import { datatypeOf } from "./oip-tensors.js";

const tensor = fc.oneof(
  fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })).map((values) => ({
    ...{ type: "int64" as const, shape: [values.length, 1], data: BigInt64Array.from(values) },
  })),
  fc.array(fc.float()).map((values) => ({
    ...{ type: "float32" as const, shape: [values.length], data: Float32Array.from(values) },
  })),
  fc.array(fc.string({ unit: "grapheme" })).map((data) => ({
    ...{ type: "string" as const, shape: [data.length], data },
  })),
  fc.array(fc.boolean()).map((values) => ({
    ...{ type: "bool" as const, shape: [values.length], data: Uint8Array.from(values, Number) },
  })),
);
const head = ({ type, shape }: Tensor) => ({ name: "x", shape, datatype: datatypeOf(type) });

it("requirement 15: what is written as bytes is read as it was, 64-bit integers exact", () => {
  fc.assert(
    fc.property(tensor, (value) => {
      expect(fromBinary(head(value), toBinary(value), value.type)).toEqual(value);
    }),
  );
});

it("refuses bytes that are too few or too many, naming the input", () => {
  fc.assert(
    fc.property(tensor, fc.constantFrom(-1, 1), (value, change) => {
      const bytes = toBinary(value);
      const other =
        change > 0 ? Buffer.concat([bytes, Buffer.alloc(1)]) : bytes.subarray(0, bytes.length - 1);
      fc.pre(bytes.length > 0 || change > 0);
      expect(() => fromBinary(head(value), other, value.type)).toThrow(/"x"/);
    }),
  );
});
