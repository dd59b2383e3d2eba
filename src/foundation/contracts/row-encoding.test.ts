import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Picture, pictureToJson } from "../base/pictures/picture.js";
import type { BundleInput } from "./bundle.js";
import { type Column, createFrame } from "./frame.js";
import { MISSING_DATETIME } from "./graph.js";
import type { Row } from "./prediction.js";
import { columnWithoutNul, decodeColumn, encodeFrame, encodeRows } from "./row-encoding.js";

const input = (column: Omit<BundleInput["column"], "reason">, optional = false): BundleInput => ({
  column: { reason: "test", ...column },
  optional,
});
const encoded = (column: Omit<BundleInput["column"], "reason">, ...values: unknown[]) =>
  encodeRows(
    [input(column)],
    values.map((value) => ({ [column.name]: value })),
  ).get(column.name)!;
const data = (...of: Parameters<typeof encoded>) => Array.from(encoded(...of).data as ArrayLike<unknown>);

describe("rows as tensors", () => {
  it("takes decoded pictures of just the size that training saw", () => {
    const column = {
      name: "photo",
      kind: "image",
      format: { height: 1, width: 2, channels: 3 },
    } as const;
    const picture: Picture = {
      height: 1,
      width: 2,
      channels: 3,
      data: Uint8Array.of(1, 2, 3, 250, 251, 255),
    };
    const tensor = encoded(column, picture, null, pictureToJson(picture));
    expect(tensor).toMatchObject({ type: "uint8", shape: [3, 1, 2, 3] });
    expect([...(tensor.data as Uint8Array)]).toEqual([...picture.data, 0, 0, 0, 0, 0, 0, ...picture.data]);
    const frame = createFrame([["photo", decodeColumn("image", tensor)]]);
    expect(encodeFrame([input(column)], frame).get("photo")).toEqual(tensor);
    expect(() => encoded(column, { ...picture, height: 2 })).toThrow(/not a picture of 1 x 2 x 3/);
    expect(() => encoded(column, "photo.png")).toThrow(/not a picture/);
  });

  it("reads every kind as training read it", () => {
    expect(data({ name: "n", kind: "number" }, 1, "2.5", null, "", "NA", true)).toEqual([
      1,
      2.5,
      NaN,
      NaN,
      NaN,
      1,
    ]);
    expect(data({ name: "n", kind: "number", format: { strip: ",$" } }, "$1,000")).toEqual([1000]);
    expect(encoded({ name: "n", kind: "number", precision: "float64" }, 16777217)).toMatchObject({
      type: "float64",
      shape: [1, 1],
    });
    expect(data({ name: "n", kind: "number" }, 16777217)).toEqual([16777216]);
    expect(
      data(
        { name: "b", kind: "boolean", format: { trueText: ["ja"], falseText: ["nein"] } },
        "ja",
        "nein",
        true,
        0,
        null,
      ),
    ).toEqual([1, 0, 1, 0, NaN]);
    expect(data({ name: "c", kind: "category", numericCategory: true }, 3, "3.0", " a ", null)).toEqual([
      "3",
      "3",
      "a",
      "",
    ]);
    expect(data({ name: "t", kind: "text" }, " a ", null, "x\0y")).toEqual([" a ", "", "x\uFFFDy"]);
    expect(data({ name: "d", kind: "datetime" }, "1970-01-02", 5, null, new Date(7))).toEqual([
      86_400_000n,
      5n,
      MISSING_DATETIME,
      7n,
    ]);
    expect(data({ name: "v", kind: "vector", format: { width: 2 } }, [1, 2], null, "[3,4]")).toEqual([
      1,
      2,
      NaN,
      NaN,
      3,
      4,
    ]);
  });

  it("takes columns of any name", () => {
    for (const name of ["__proto__", "constructor", "", "a\nb", "😀", "'; drop table", "x".repeat(10_000)]) {
      const row = JSON.parse(`{${JSON.stringify(name)}: 7}`) as Row;
      const inputs = [input({ name, kind: "number" })];
      expect(Array.from(encodeRows(inputs, [row]).get(name)!.data as Float32Array)).toEqual([7]);
      expect(() => encodeRows(inputs, [{}])).toThrow(/is missing/);
    }
  });

  it("names all problems at once, up to twenty", () => {
    const inputs = [input({ name: "n", kind: "number" }), input({ name: "c", kind: "category" })];
    const rows = Array.from({ length: 30 }, () => ({ n: "x", c: {} }));
    try {
      encodeRows(inputs, rows);
      expect.unreachable();
    } catch (error) {
      const { code, details } = error as { code: string; details: { problems: unknown[] } };
      expect(code).toBe("PREDICTION_INPUT");
      expect(details.problems).toHaveLength(20);
      expect(details).toMatchObject({ row: 0, column: "n" });
    }
  });

  it("gives a frame and its rows the same tensors", () => {
    const number = fc.oneof(fc.float({ noNaN: true, noDefaultInfinity: true }), fc.constant(Number.NaN));
    const text = fc.stringMatching(/^[a-zé北\0]{0,4}$/);
    const row = fc.record({
      n: number,
      c: text,
      t: text,
      d: fc.option(fc.integer({ min: -1e12, max: 1e12 })),
    });
    const inputs = [
      input({ name: "n", kind: "number" }),
      input({ name: "c", kind: "category" }),
      input({ name: "t", kind: "text" }),
      input({ name: "d", kind: "datetime" }),
    ];
    fc.assert(
      fc.property(fc.array(row, { maxLength: 6 }), (rows) => {
        const dictionary = [...new Set(rows.map((item) => item.c).filter((value) => value !== ""))];
        const columns: [string, Column][] = [
          ["n", { kind: "number", values: Float32Array.from(rows, (item) => item.n) }],
          [
            "c",
            {
              kind: "category",
              codes: Int32Array.from(rows, (item) => dictionary.indexOf(item.c)),
              dictionary,
            },
          ],
          ["t", { kind: "text", values: rows.map((item) => item.t) }],
          ["d", { kind: "datetime", values: Float64Array.from(rows, (item) => item.d ?? Number.NaN) }],
        ];
        const fromRows = encodeRows(inputs, rows as Row[]);
        expect(encodeFrame(inputs, createFrame(columns))).toEqual(fromRows);
        for (const { column } of inputs) {
          const tensor = fromRows.get(column.name)!;
          const back = createFrame([[column.name, decodeColumn(column.kind, tensor)]]);
          expect(encodeFrame([input(column)], back).get(column.name)).toEqual(tensor);
        }
      }),
    );
  });

  it("carries no U+0000, which would end a text inside the runtime", () => {
    const values = ["a\0b", "\0", "", "a\uFFFDb"];
    const whole = ["a\uFFFDb", "\uFFFD", "", "a\uFFFDb"];
    const category: Column = {
      kind: "category",
      codes: Int32Array.of(0, 1, -1, 2),
      dictionary: values.filter(Boolean),
    };
    for (const column of [{ kind: "text", values }, { kind: "id", values }, category] as const) {
      const inputs = [input({ name: "c", kind: column.kind })];
      const encoding = { type: "string", shape: [4, 1], data: whole };
      expect(
        encodeRows(
          inputs,
          values.map((c) => ({ c })),
        ).get("c"),
      ).toEqual(encoding);
      expect(encodeFrame(inputs, createFrame([["c", column]])).get("c")).toEqual(encoding);
      const carried = columnWithoutNul(column);
      expect(encodeFrame(inputs, createFrame([["c", carried]])).get("c")).toEqual(encoding);
      if (carried.kind === "category") expect(carried.dictionary).toEqual(["a\uFFFDb", "\uFFFD"]);
    }
    const clean: Column = { kind: "text", values: ["a"] };
    expect(columnWithoutNul(clean)).toBe(clean);
  });

  it("fills optional columns that a frame or row leaves out", () => {
    const kinds = ["number", "boolean", "category", "text", "datetime"] as const;
    const inputs = kinds.map((kind) => input({ name: kind, kind }, true));
    expect(encodeFrame(inputs, createFrame([], 2))).toEqual(encodeRows(inputs, [{}, {}]));
  });
});
