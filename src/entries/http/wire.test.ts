import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ERROR_TABLE, QuernError } from "../../foundation/base/errors.js";
import type { Tensor } from "../../foundation/contracts/tensor.js";
import { toHttpError } from "./errors.js";
import { parseJson, parseJsonExact } from "./json.js";
import { readTensor, writeTensor } from "./oip-tensors.js";

describe("exact JSON", () => {
  it("keeps 64-bit integers that a double would merge", () => {
    const text =
      '{"a":[9007199254740993,-9223372036854775808],"b":"9007199254740993","c":1.5,"d":12345678901234567.5}';
    expect(parseJsonExact(text)).toEqual({
      a: [9007199254740993n, -9223372036854775808n],
      b: "9007199254740993",
      c: 1.5,
      d: Number("12345678901234567.5"),
    });
  });
  it("is not fooled by strings that look like its own mark, by escapes or by exponents", () => {
    const value = ["int:5", "#int:", 'quote " and \\" 1234567890123456789', "\\"];
    const text = `[${JSON.stringify(value)},1234567890123456789,12345678901234567e1]`;
    expect(parseJsonExact(text)).toEqual([value, 1234567890123456789n, Number("12345678901234567e1")]);
    expect(Object.getPrototypeOf(parseJsonExact('{"__proto__":{"x":1},"n":1234567890123456789}'))).toBe(
      Object.prototype,
    );
  });
  it("refuses what JSON refuses, such as leading zeros", () => {
    for (const text of [
      "[0123456789012345678]",
      "[-01234567890123456]",
      "[1234567890123456789",
      "NaN",
      "[Infinity]",
    ]) {
      expect(() => parseJsonExact(text)).toThrow(QuernError);
    }
  });
  it("equals JSON.parse for every text without long integers", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        fc.pre(!/\d{16}/.test(text));
        expect(parseJsonExact(text)).toEqual(JSON.parse(text));
      }),
    );
  });
  it("reads long texts and counts depth outside of strings only", () => {
    const long = JSON.stringify([`${'[\\"'.repeat(200_000)}`, "x".repeat(3_000_000)]);
    expect(parseJson(long)).toEqual(JSON.parse(long));
    expect(parseJsonExact(long.replace("]", ",1234567890123456789]"))).toBeDefined();
    expect(() => parseJson("[".repeat(3000))).toThrow(/deeper/);
  });
});

describe("tensors of the protocol", () => {
  const tensor = (datatype: string, data: unknown[], shape = [data.flat().length]) => ({
    name: "x",
    datatype,
    shape,
    data,
  });

  it("carry int64 exactly in both directions", () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { maxLength: 20 }),
        (values) => {
          const written = writeTensor("x", {
            type: "int64",
            shape: [values.length],
            data: BigInt64Array.from(values),
          });
          const parsed = parseJsonExact(written) as Parameters<typeof readTensor>[0];
          expect([...(readTensor(parsed, "int64").data as BigInt64Array)]).toEqual(values);
        },
      ),
    );
  });
  it("carry float32 so that the same float32 comes back, and null for what is not finite", () => {
    fc.assert(
      fc.property(fc.float32Array({ noNaN: true, noDefaultInfinity: true }), (data) => {
        const written = writeTensor("x", { type: "float32", shape: [data.length], data });
        expect([...(readTensor(JSON.parse(written), "float32").data as Float32Array)]).toEqual(
          [...data].map((v) => v + 0),
        );
      }),
    );
    const odd: Tensor = { type: "float64", shape: [3], data: Float64Array.of(Number.NaN, Infinity, 1) };
    expect(JSON.parse(writeTensor("x", odd)).data).toEqual([null, null, 1]);
    expect(readTensor(tensor("FP64", [null]), "float64").data).toEqual(Float64Array.of(Number.NaN));
  });
  it("may be nested or flat, but must fill their shape with values of their type", () => {
    const flat = readTensor(tensor("FP32", [1, 2, 3, 4], [2, 2]), "float32");
    expect(
      readTensor(
        tensor(
          "FP32",
          [
            [1, 2],
            [3, 4],
          ],
          [2, 2],
        ),
        "float32",
      ),
    ).toEqual(flat);
    const bad: readonly [string, unknown[], Tensor["type"]][] = [
      ["INT64", [1.5], "int64"],
      ["INT64", [2 ** 53], "int64"],
      ["INT64", [2n ** 63n], "int64"],
      ["INT64", ["1"], "int64"],
      ["INT32", [2 ** 31], "int32"],
      ["UINT8", [-1], "uint8"],
      ["BOOL", [1], "bool"],
      ["BYTES", [1], "string"],
      ["FP32", ["NaN"], "float32"],
    ];
    for (const [datatype, data, type] of bad) {
      expect(() => readTensor(tensor(datatype, data), type), datatype).toThrow(/element 0/);
    }
    expect(() => readTensor(tensor("FP32", [1], [2]), "float32")).toThrow(/1 values; its shape holds 2/);
    expect(() => readTensor(tensor("FP32", Array(1000).fill(1), [1]), "float32")).toThrow(/more values/);
  });
});

describe("errors", () => {
  it("have the status of the table, and bugs tell nothing", () => {
    for (const code of Object.keys(ERROR_TABLE) as (keyof typeof ERROR_TABLE)[]) {
      const { status, body } = toHttpError(new QuernError(code, "message"));
      expect([status, body.error.code]).toEqual([ERROR_TABLE[code].http, code]);
    }
    const bug = toHttpError(new TypeError("secret path /home/x"));
    expect([bug.status, bug.body.error.code, bug.isBug]).toEqual([500, "INTERNAL", true]);
    expect(JSON.stringify(bug.body)).not.toContain("secret");
    expect(
      toHttpError(new QuernError("OVERLOADED", "", { details: { retryAfterSeconds: 3 } })).retryAfter,
    ).toBe(3);
  });
});
