import { describe, expect, test } from "vitest";
import type { Column } from "../../foundation/contracts/frame.js";
import { joinColumns } from "./join-columns.js";

const LARGE = 300_000;

describe("the rows of two columns", () => {
  test("of large columns of every kind", () => {
    const places = Float64Array.from({ length: LARGE }, (_, row) => row);
    const ones = new Float32Array(LARGE).fill(1);
    const texts = Array.from(places, String);
    const large: readonly Column[] = [
      { kind: "number", values: places },
      { kind: "number", values: ones },
      { kind: "boolean", values: ones },
      { kind: "datetime", values: places },
      { kind: "vector", values: ones, width: 1 } as Column,
      { kind: "category", codes: Int32Array.from(places, (row) => row % 3), dictionary: ["a", "b", "c"] },
      { kind: "text", values: texts },
    ];
    for (const column of large) {
      const both = joinColumns(column, column);
      const length = both.kind === "category" ? both.codes.length : "values" in both ? both.values.length : 0;
      expect(length).toBe(2 * LARGE);
    }
  });

  test("categories keep their names, whatever their codes were", () => {
    const first: Column = { kind: "category", codes: Int32Array.of(0, 1, -1), dictionary: ["a", "b"] };
    const second: Column = { kind: "category", codes: Int32Array.of(1, 0, -1), dictionary: ["b", "new"] };
    expect(joinColumns(first, second)).toEqual({
      kind: "category",
      codes: Int32Array.of(0, 1, -1, 2, 1, -1),
      dictionary: ["a", "b", "new"],
    });
  });

  test("single precision stays where both have it", () => {
    const single: Column = { kind: "number", values: Float32Array.of(1, Number.NaN) };
    const double: Column = { kind: "number", values: Float64Array.of(0.1) };
    expect(joinColumns(single, single)).toEqual({
      kind: "number",
      values: Float32Array.of(1, Number.NaN, 1, Number.NaN),
    });
    expect(joinColumns(single, double)).toEqual({
      kind: "number",
      values: Float64Array.of(1, Number.NaN, 0.1),
    });
  });
});
