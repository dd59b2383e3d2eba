import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pack, unpack } from "../../../foundation/base/packing.js";
import { createRandom } from "../../../foundation/base/random.js";
import {
  type Split,
  type SplitConfig,
  type SplitRecord,
  splitConfigSchema,
} from "../../../foundation/contracts/split.js";
import type { Target } from "../../../foundation/contracts/target.js";
import { carveValidation } from "./carve-validation.js";
import { chooseSplit } from "./choose-split.js";
import { divideRows, makeSplits, restoreSplits } from "./make-splits.js";
import { hashText } from "./row-keys.js";
import type { SplitInput } from "./split-input.js";

const hashes = (texts: readonly (string | number)[]): BigUint64Array =>
  BigUint64Array.from(texts, (text) => hashText(String(text)));
const rowHashes = (rows: number): BigUint64Array => hashes(Array.from({ length: rows }, (_, i) => i));
const config = (value: object): SplitConfig => splitConfigSchema.parse(value);
const classes = (codes: readonly number[], count = 1 + Math.max(...codes)): Target => ({
  task: "multiclass",
  codes: Int32Array.from(codes),
  classes: Array.from({ length: count }, (_, i) => `c${i}`),
});

function partOf(split: Split, rows: number): string[] {
  const parts = new Array<string>(rows).fill("none");
  for (const name of ["train", "validation", "test"] as const) {
    for (const row of split[name]) {
      expect(parts[row]).toBe("none");
      parts[row] = name;
    }
    expect([...split[name]]).toEqual([...split[name]].sort((a, b) => a - b));
  }
  return parts;
}
const countWhere = (rows: ArrayLike<number>, matches: (row: number) => boolean): number =>
  Array.from(rows).filter(matches).length;

describe("stratified", () => {
  it("gives every part its share of every class, exact to one row", () => {
    const random = createRandom(1);
    const codes = Array.from({ length: 5000 }, () => Math.min(4, Math.floor(-Math.log(random.uniform()))));
    const target = classes(codes);
    const [split] = makeSplits(config({ kind: "stratified" }), {
      rowHashes: rowHashes(5000),
      target,
      seed: 0,
    });
    expect(Math.abs(split!.test.length - 500)).toBeLessThanOrEqual(1);
    expect(Math.abs(split!.validation.length - 500)).toBeLessThanOrEqual(1);
    for (let code = 0; code < 5; code++) {
      const size = codes.filter((other) => other === code).length;
      const inTest = countWhere(split!.test, (row) => codes[row] === code);
      expect(Math.abs(inTest - size / 10)).toBeLessThan(1.01);
    }
  });

  it("does not depend on row order", () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 200 }), fc.integer(), (rows, seed) => {
        const random = createRandom(seed);
        const codes = Array.from({ length: rows }, (_, i) => (i < 6 ? i % 2 : random.integer(2)));
        const base: SplitInput = { rowHashes: rowHashes(rows), target: classes(codes), seed };
        const order = random.permutation(rows);
        const shuffled: SplitInput = {
          rowHashes: BigUint64Array.from(order, (row) => base.rowHashes[row]!),
          target: classes(Array.from(order, (row) => codes[row]!)),
          seed,
        };
        for (const kind of [
          config({ kind: "stratified" }),
          config({ kind: "random" }),
          config({ kind: "folds" }),
        ]) {
          const plain = makeSplits(kind, base);
          for (const [index, split] of makeSplits(kind, shuffled).entries()) {
            const expected = partOf(plain[index]!, rows);
            expect(partOf(split, rows)).toEqual(Array.from(order, (row) => expected[row]));
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it("keeps test rows when only the other shares change", () => {
    const input = {
      rowHashes: rowHashes(300),
      target: classes([...Array(300)].map((_, i) => i % 3)),
      seed: 4,
    };
    const [first] = makeSplits(config({ kind: "stratified" }), input);
    const [second] = makeSplits(config({ kind: "stratified", train: 0.7, validation: 0.2 }), input);
    expect(second!.test).toEqual(first!.test);
  });

  it("keeps equal rows together", () => {
    const random = createRandom(3);
    const values = Array.from({ length: 1000 }, () => random.integer(400));
    const input = { rowHashes: hashes(values), target: classes(values.map((value) => value % 2)), seed: 0 };
    for (const kind of [
      config({ kind: "stratified" }),
      config({ kind: "random" }),
      config({ kind: "folds" }),
    ]) {
      for (const split of makeSplits(kind, input)) {
        const parts = partOf(split, 1000);
        const seen = new Map<number, string>();
        for (const [row, value] of values.entries()) {
          expect(seen.get(value) ?? parts[row]).toBe(parts[row]);
          seen.set(value, parts[row]!);
        }
      }
    }
  });

  it("divides a table of two distinct rows all the same", () => {
    const values = Array.from({ length: 100 }, (_, i) => i % 2);
    const [split] = makeSplits(config({ kind: "stratified" }), {
      rowHashes: hashes(values),
      target: classes(values),
      seed: 0,
    });
    expect(split!.test.length).toBe(10);
    expect(countWhere(split!.test, (row) => values[row] === 1)).toBe(5);
  });

  it("puts a row of each class in each part where there are enough", () => {
    const codes = [...Array(60).fill(0), 1, 1, 1, 2, 2, 3];
    const [split] = makeSplits(config({ kind: "stratified" }), {
      rowHashes: rowHashes(codes.length),
      target: classes(codes),
      seed: 0,
    });
    const has = (rows: Int32Array, code: number) => countWhere(rows, (row) => codes[row] === code);
    expect([has(split!.train, 1), has(split!.validation, 1), has(split!.test, 1)]).toEqual([1, 1, 1]);
    expect([has(split!.train, 2), has(split!.validation, 2), has(split!.test, 2)]).toEqual([1, 0, 1]);
    expect(has(split!.train, 3)).toBe(1);
  });

  it("balances the quantiles of a regression target and leaves out rows without one", () => {
    const random = createRandom(5);
    const values = Float64Array.from({ length: 2000 }, (_, i) =>
      i % 10 === 0 ? Number.NaN : Math.exp(2 * random.normal()),
    );
    const [split] = makeSplits(config({ kind: "stratified" }), {
      rowHashes: rowHashes(2000),
      target: { task: "regression", values },
      seed: 0,
    });
    const sorted = [...values.filter((value) => !Number.isNaN(value))].sort((a, b) => a - b);
    const top = sorted[Math.floor(0.9 * sorted.length)]!;
    expect(split!.train.length + split!.validation.length + split!.test.length).toBe(1800);
    expect(Math.abs(countWhere(split!.test, (row) => values[row]! >= top) - 18)).toBeLessThanOrEqual(1);
  });

  it("refuses what cannot be divided", () => {
    const attempt =
      (codes: number[], kind = "stratified") =>
      () =>
        makeSplits(config({ kind }), { rowHashes: rowHashes(codes.length), target: classes(codes), seed: 0 });
    expect(attempt([0])).toThrow(/at least 3 usable rows/);
    expect(attempt([0, 0, 0, 0])).toThrow(/single class/);
    expect(attempt([0, 1, 2, 3, 4])).toThrow(/5 classes in 5 usable rows/);
    expect(attempt([0, 0, 1, 1], "folds")).toThrow(/at least 5 usable rows/);
    expect(() => config({ kind: "random", train: 0.5 })).toThrow(/add up to 1/);
  });
});

describe("random and group", () => {
  it("keeps every row's part when rows are added", () => {
    const all = rowHashes(3000);
    const parts = (input: BigUint64Array) =>
      partOf(makeSplits(config({ kind: "random" }), { rowHashes: input, seed: 9 })[0]!, input.length);
    expect(parts(all).slice(0, 1000)).toEqual(parts(all.slice(0, 1000)));
    expect(Math.abs(parts(all).filter((part) => part === "test").length - 300)).toBeLessThan(60);
  });

  it("never lets a group cross, also in folds, and balances classes there", () => {
    const random = createRandom(2);
    const groups = Array.from({ length: 2000 }, () =>
      random.uniform() < 0.02 ? "" : `g${random.integer(150)}`,
    );
    const target = classes(groups.map((group, i) => (group === "" ? i % 2 : Number(group.slice(1)) % 2)));
    const input: SplitInput = { rowHashes: rowHashes(2000), groups, target, seed: 0 };
    const kinds = [config({ kind: "group", group: "g" }), config({ kind: "folds", group: "g", repeats: 2 })];
    for (const kind of kinds) {
      const splits = makeSplits(kind, input);
      for (const split of splits) {
        const parts = partOf(split, 2000);
        const seen = new Map<string, string>();
        for (const [row, group] of groups.entries()) {
          if (group === "") continue;
          expect(seen.get(group) ?? parts[row]).toBe(parts[row]);
          seen.set(group, parts[row]!);
        }
        if (kind.kind === "folds") {
          expect(Math.abs(split.test.length - 400)).toBeLessThan(40);
          const ones = countWhere(
            split.test,
            (row) => target.task !== "regression" && target.codes[row] === 1,
          );
          expect(Math.abs(ones / split.test.length - 0.5)).toBeLessThan(0.08);
        }
      }
      if (kind.kind === "folds") expect(splits[0]!.test).not.toEqual(splits[5]!.test);
    }
  });

  it("gives every part a group even when there are three", () => {
    for (let seed = 0; seed < 30; seed++) {
      const groups = Array.from({ length: 30 }, (_, i) => `g${i % 3}`);
      const [split] = makeSplits(config({ kind: "group", group: "g" }), {
        rowHashes: rowHashes(30),
        groups,
        seed,
      });
      expect([split!.train.length, split!.validation.length, split!.test.length]).toEqual([10, 10, 10]);
    }
    const two = { rowHashes: rowHashes(4), groups: ["a", "b", "a", "b"], seed: 0 };
    expect(() => makeSplits(config({ kind: "group", group: "g" }), two)).toThrow(/2 groups/);
  });
});

describe("time and column", () => {
  it("trains on the oldest, tests on the newest, keeps a moment together", () => {
    const random = createRandom(7);
    const times = Array.from({ length: 500 }, (_, i) => (i % 50 === 0 ? Number.NaN : random.integer(60)));
    const [split] = makeSplits(config({ kind: "time", time: "t" }), {
      rowHashes: rowHashes(500),
      times,
      seed: 0,
    });
    const of = (rows: Int32Array) => Array.from(rows, (row) => times[row]!);
    expect(Math.max(...of(split!.train))).toBeLessThan(Math.min(...of(split!.validation)));
    expect(Math.max(...of(split!.validation))).toBeLessThan(Math.min(...of(split!.test)));
    expect(split!.train.length + split!.validation.length + split!.test.length).toBe(490);
    expect(Math.abs(split!.test.length - 49)).toBeLessThan(9);
  });

  it("refuses a single moment", () => {
    const input = { rowHashes: rowHashes(10), times: new Float64Array(10), seed: 0 };
    expect(() => makeSplits(config({ kind: "time", time: "t" }), input)).toThrow(/1 distinct time;/);
  });

  it("reads the split column and names a row it cannot read", () => {
    const columnValues = ["Train", "train", " VAL ", "test", ""];
    const input = { rowHashes: rowHashes(5), columnValues, seed: 0 };
    const [split] = makeSplits(config({ kind: "columns", column: "part" }), input);
    expect(partOf(split!, 5)).toEqual(["train", "train", "validation", "test", "none"]);
    const bad = { ...input, columnValues: ["train", "tset", "x", "y", "z"] };
    expect(() => makeSplits(config({ kind: "columns", column: "part" }), bad)).toThrow(/Row 2 .* "tset"/);
  });
});

describe("folds", () => {
  it("tests every row once in each repeat, except the only row of a class", () => {
    const codes = [...Array.from({ length: 103 }, (_, i) => (i % 4 === 0 ? 1 : 0)), 2];
    const input = { rowHashes: rowHashes(104), target: classes(codes), seed: 0 };
    const splits = makeSplits(config({ kind: "folds", folds: 4, repeats: 3 }), input);
    expect(splits.map((split) => split.name)).toContain("repeat-3-fold-4");
    for (let repeat = 0; repeat < 3; repeat++) {
      const tested = splits.slice(4 * repeat, 4 * repeat + 4).flatMap((split) => [...split.test]);
      expect(tested.sort((a, b) => a - b)).toEqual(Array.from({ length: 103 }, (_, i) => i));
    }
    for (const split of splits) expect(split.train).toContain(103);
  });

  it("carves a validation part from the training rows", () => {
    const input = {
      rowHashes: rowHashes(100),
      target: classes([...Array(100)].map((_, i) => i % 2)),
      seed: 0,
    };
    const [fold] = makeSplits(config({ kind: "folds" }), input);
    const carved = carveValidation(fold!, 0.25, input);
    expect([carved.train.length, carved.validation.length, carved.test.length]).toEqual([60, 20, 20]);
    expect(partOf(carved, 100)).not.toContain("none");
  });

  it("survives storage, one byte a row and repeat", () => {
    const input = {
      rowHashes: rowHashes(50),
      target: classes([...Array(50)].map((_, i) => i % 2)),
      seed: "s",
    };
    for (const value of [{ kind: "stratified" }, { kind: "folds", repeats: 2 }]) {
      const record = divideRows(config(value), input);
      expect(record.assignments.length).toBe(50 * record.divisions);
      const restored = unpack<SplitRecord>(pack(record));
      expect(restoreSplits(restored)).toEqual(makeSplits(config(value), input));
    }
  });
});

describe("chooseSplit", () => {
  it("follows the project's columns, then the size", () => {
    expect(chooseSplit({ rows: 50, column: "part" }).config.kind).toBe("columns");
    expect(chooseSplit({ rows: 5000, time: "t", group: "g" }).config.kind).toBe("time");
    expect(chooseSplit({ rows: 5000, group: "g" }).config.kind).toBe("group");
    expect(chooseSplit({ rows: 60 }).config).toMatchObject({ kind: "folds", folds: 5 });
    expect(chooseSplit({ rows: 344 }).config).toMatchObject({ kind: "stratified", test: 0.2 });
    expect(chooseSplit({ rows: 50000 }).config).toMatchObject({ kind: "stratified", test: 0.1 });
    expect(chooseSplit({ rows: 344 }).reason).toMatch(/344 rows/);
  });
});
