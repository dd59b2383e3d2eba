import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ColumnKind, ColumnSchema } from "../../foundation/contracts/column.js";
import type { Column } from "../../foundation/contracts/frame.js";
import { resolveTarget } from "./target.js";

const schemaOf = (kind: ColumnKind): ColumnSchema => ({ name: "y", kind, reason: "" });
const numbers = (values: readonly number[]): Column => ({
  kind: "number",
  values: Float64Array.from(values),
});
const labels = (values: readonly string[]): Column => ({ kind: "text", values });
const ofNumbers = (values: readonly number[], type?: "regression" | "multiclass" | "binary") =>
  resolveTarget(numbers(values), schemaOf("number"), { column: "y", type });
const ofLabels = (values: readonly string[], positive?: string) =>
  resolveTarget(labels(values), schemaOf("text"), { column: "y", positive });
const repeated = <T>(values: readonly T[], times: number): T[] =>
  Array.from({ length: times }, () => values).flat();

describe("the task a target asks for", () => {
  it("two values are a binary task, of any kind", () => {
    expect(ofNumbers(repeated([3, 7], 5)).task).toBe("binary");
    expect(ofLabels(repeated(["猫", "狗"], 5)).task).toBe("binary");
  });

  it("few whole numbers are classes where there are rows enough for them, else numbers", () => {
    expect(ofNumbers(repeated([0, 1, 2, 5], 4)).task).toBe("multiclass");
    expect(ofNumbers([0, 1, 2, 5, 1, 0]).task).toBe("regression");
    expect(ofNumbers(repeated([0, 1, 2.5], 9)).task).toBe("regression");
    expect(ofNumbers(Array.from({ length: 200 }, (_, row) => row % 11)).task).toBe("regression");
  });

  it("says why, and how to have it otherwise", () => {
    expect(ofNumbers(repeated([1, 2, 3], 4)).reason).toMatch(/3 distinct whole numbers.*--task regression/);
  });
});

describe("classes", () => {
  it("a word of assent is positive, else the last value; or the one that is asked for", () => {
    expect(ofLabels(repeated(["yes", "zero"], 4)).classes).toEqual(["zero", "yes"]);
    expect(ofLabels(repeated(["a", "b"], 4)).classes).toEqual(["a", "b"]);
    expect(ofLabels(repeated(["a", "b"], 4), "a").classes).toEqual(["b", "a"]);
    expect(() => ofLabels(repeated(["a", "b"], 4), "c")).toThrow(
      /has no value "c"; its values are "a" and "b"/,
    );
  });

  it("are in order of value, not of text", () =>
    expect(ofNumbers(repeated([10, 9, 2], 4)).classes).toEqual(["2", "9", "10"]));

  it("each code names its row's label; rows without a label are left out", () =>
    fc.assert(
      fc.property(fc.array(fc.constantFrom("", "a", "b", "c"), { minLength: 1 }), (values) => {
        const all = [...values, ...repeated(["a", "b", "c"], 3)];
        const { rows, target, classes } = ofLabels(all);
        expect([...rows]).toEqual(all.flatMap((label, row) => (label === "" ? [] : [row])));
        expect(target.task).toBe("multiclass");
        if (target.task === "multiclass")
          expect([...target.codes].map((code) => classes[code])).toEqual(all.filter((label) => label !== ""));
      }),
    ));
});

describe("a target that cannot be learned is refused with what to do", () => {
  it.each([
    ["nothing", () => ofLabels(["", ""]), /no value in any row/, /at least two distinct values/],
    ["one value", () => ofLabels(["a", "a"]), /one value only \("a"\)/, /at least two distinct values/],
    ["ids", () => ofLabels(["a", "b", "c", "d"]), /4 different values in 4 rows/, /another target/],
    [
      "labels as numbers",
      () => resolveTarget(labels(["a", "b"]), schemaOf("text"), { column: "y", type: "regression" }),
      /is a text, and regression needs a number/,
      /labels are classes/,
    ],
    [
      "too large numbers",
      () => ofNumbers([1e200, -2e200, 0.5], "regression"),
      /at 2\.0e\+200/,
      /larger unit/,
    ],
    ["too small numbers", () => ofNumbers([1e-200, 0, 2e-200], "regression"), /at 2\.0e-200/, /smaller unit/],
    [
      "three classes as two",
      () => ofNumbers(repeated([1, 2, 3], 3), "binary"),
      /has 3 classes, and a binary task needs two/,
      /multiclass/,
    ],
  ])("%s", (_, resolve, message, hint) => {
    expect(resolve).toThrow(expect.objectContaining({ code: "TARGET_UNUSABLE" }));
    expect(resolve).toThrow(message);
    expect(resolve).toThrow(expect.objectContaining({ hint: expect.stringMatching(hint) }));
  });
});
