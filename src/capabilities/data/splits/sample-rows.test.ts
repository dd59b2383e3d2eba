import fc from "fast-check";
import { expect, test } from "vitest";
import type { Target } from "../../../foundation/contracts/target.js";
import { sampleRows } from "./sample-rows.js";

const ROWS = 3000;
const rowHashes = BigUint64Array.from(
  { length: ROWS },
  (_, row) => (BigInt(row + 1) * 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn,
);
/** A tenth is of class 1, and twenty rows of class 2. */
const codes = Int32Array.from({ length: ROWS }, (_, row) => (row < 20 ? 2 : row % 10 === 0 ? 1 : 0));
const target: Target = { task: "multiclass", classes: ["common", "rare", "very rare"], codes };
const input = { rowHashes, seed: 7, target };
const some = Int32Array.from({ length: ROWS }, (_, row) => row).filter((row) => row % 3 !== 1);

test("a sample is a part of the rows, in their order, and of a larger one", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (a, b) => {
        const small = sampleRows(some, Math.min(a, b), input);
        const large = new Set(sampleRows(some, Math.max(a, b), input));
        expect(small.every((row, i) => large.has(row) && (i === 0 || row > small[i - 1]!))).toBe(true);
      },
    ),
  );
  expect(sampleRows(some, 1, input)).toEqual(some);
});

test("every class keeps its share, and what is rare its rows", () => {
  const count = (rows: Int32Array, code: number): number => rows.filter((row) => codes[row] === code).length;
  const sample = sampleRows(some, 0.5, input);
  expect(count(sample, 0)).toBe(Math.round(count(some, 0) / 2));
  expect(count(sample, 1)).toBe(Math.max(100, Math.round(count(some, 1) / 2)));
  expect(count(sample, 2)).toBe(count(some, 2));
});

test("what is drawn hangs on the content of rows and the seed, not on their order", () => {
  const reversed = {
    ...input,
    target: { ...target, codes: codes.slice().reverse() },
    rowHashes: rowHashes.slice().reverse(),
  };
  const mirrored = sampleRows(some.map((row) => ROWS - 1 - row).sort(), 0.3, reversed);
  expect(mirrored.map((row) => ROWS - 1 - row).sort()).toEqual(sampleRows(some, 0.3, input));
  expect(sampleRows(some, 0.3, { ...input, seed: 8 })).not.toEqual(sampleRows(some, 0.3, input));
});

test("numbers are drawn as one", () => {
  const sample = sampleRows(some, 0.25, {
    ...input,
    target: { task: "regression", values: new Float64Array(ROWS).fill(1) },
  });
  expect(sample).toHaveLength(Math.round(some.length / 4));
});
