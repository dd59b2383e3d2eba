import { describe, expect, it } from "vitest";
import { createRandom } from "../../../../foundation/base/random.js";
import { createFrame, type Frame } from "../../../../foundation/contracts/frame.js";
import { findNearDuplicates } from "./find-near-duplicates.js";
import { findNearPairs } from "./near-pairs.js";
import { bandKeys, jaccard, shingles } from "./text-shingles.js";

const random = createRandom("near-duplicates-test");
const halves = (rows: number) => ({
  learning: Int32Array.from({ length: rows / 2 }, (_, row) => row),
  test: Int32Array.from({ length: rows / 2 }, (_, row) => rows / 2 + row),
});
const classTarget = (codes: Int32Array) => ({ task: "binary", classes: ["no", "yes"], codes }) as const;

/** `columns` numbers and a category; `copy` overwrites rows with jittered copies of others. */
function numbers(
  rows: number,
  columns: number,
  copy: readonly (readonly [number, number, number])[] = [],
): Frame {
  const values = Array.from({ length: columns }, () =>
    Float64Array.from({ length: rows }, () => random.normal()),
  );
  const codes = Int32Array.from({ length: rows }, () => random.integer(4));
  for (const [from, to, jitter] of copy) {
    for (const column of values) column[to] = column[from]! + jitter * (random.uniform() - 0.5);
    codes[to] = codes[from]!;
  }
  return createFrame([
    ...values.map((column, k) => [`x${k}`, { kind: "number", values: column }] as const),
    ["c", { kind: "category", codes, dictionary: ["a", "b", "c", "d"] }],
  ]);
}

describe("near duplicates", () => {
  it("finds planted conflicts and twins across a split, equal and near", () => {
    const features = numbers(2000, 6, [
      [3, 1500, 0.01],
      [10, 20, 0],
      [30, 1700, 0],
      [1600, 1601, 0.01],
    ]);
    const codes = new Int32Array(2000);
    codes[1500] = 1;
    codes[20] = 1;
    const { document, twins } = findNearDuplicates({
      features,
      target: classTarget(codes),
      ...halves(2000),
      most: 10,
    });
    expect(document).toMatchObject({
      rows: 2000,
      equalRows: 4,
      nearRows: 4,
      conflictRows: 4,
      complete: true,
    });
    expect(document.conflicts.map(({ rows, equal }) => [rows, equal])).toEqual([
      [[10, 20], true],
      [[3, 1500], false],
    ]);
    expect(document.conflicts[1]!.differences).toHaveLength(6);
    expect(document.crossing).toMatchObject({ testRows: 1000, equalRows: 1, nearRows: 1 });
    expect([twins[500], twins[700], twins[600]]).toEqual([1, 2, 0]);
  });

  it("says nothing of dense data, nor of few combinations", () => {
    const dense = findNearDuplicates({
      features: numbers(4000, 2),
      target: classTarget(new Int32Array(4000)),
      ...halves(4000),
      most: 5,
    });
    expect(dense.document).toMatchObject({ nearRows: 0, conflictRows: 0 });
    expect(dense.document.nearByChance).toBeGreaterThan(30);
    const codes = Int32Array.from({ length: 200 }, () => random.integer(3));
    const few = findNearDuplicates({
      features: createFrame([["c", { kind: "category", codes, dictionary: ["a", "b", "c"] }]]),
      target: classTarget(codes.map((code) => code % 2)),
      ...halves(200),
      most: 5,
    });
    expect(few.document).toMatchObject({ equalRows: 0, conflictRows: 0, crossing: { equalRows: 0 } });
  });

  it("misses no pair that comparing all would find", () => {
    const rows = 400;
    const copies = Array.from({ length: 60 }, (_, k) => [k, 399 - k, 0.03] as const);
    const frame = numbers(rows, 3, copies);
    const { pairs } = findNearPairs(
      frame,
      Int32Array.from({ length: rows }, (_, row) => row),
    );
    const columns = [...frame.columns.values()]
      .slice(0, 3)
      .map((column) => column as { values: Float64Array });
    const category = frame.columns.get("c") as { codes: Int32Array };
    const tolerance = columns.map(({ values }) => {
      const sorted = values.slice().sort();
      const at = (share: number) => {
        const place = share * (rows - 1);
        const low = Math.floor(place);
        return sorted[low]! + (place - low) * (sorted[low + 1]! - sorted[low]!);
      };
      return (0.01 * (at(0.975) - at(0.025))) / 3.92;
    });
    const expected: string[] = [];
    for (let a = 0; a < rows; a++)
      for (let b = a + 1; b < rows; b++)
        if (
          category.codes[a] === category.codes[b] &&
          columns.every(({ values }, k) => Math.abs(values[a]! - values[b]!) <= tolerance[k]!)
        )
          expected.push(`${a},${b}`);
    expect(expected.length).toBeGreaterThan(10);
    expect(pairs.map(String).sort()).toEqual(expected.sort());
  });

  it("finds texts that say nearly the same, and contradicting numbers", () => {
    const words = [
      "red",
      "blue",
      "green",
      "slow",
      "fast",
      "heavy",
      "light",
      "north",
      "south",
      "engine",
      "valve",
    ];
    const sentence = () => Array.from({ length: 25 }, () => words[random.integer(words.length)]!).join(" ");
    const texts = Array.from({ length: 300 }, sentence);
    texts[250] = `${texts[5]} !`;
    texts[251] = texts[6]!.toUpperCase();
    const values = Float64Array.from({ length: 300 }, () => random.normal());
    values[250] = values[5]! + 3;
    values[251] = values[6]!;
    const { document } = findNearDuplicates({
      features: createFrame([["text", { kind: "text", values: texts }]]),
      target: { task: "regression", values },
      ...halves(300),
      most: 5,
    });
    expect(document).toMatchObject({ nearRows: 4, conflictRows: 2, crossing: { nearRows: 2 } });
  });

  it("measures texts by their shingles", () => {
    expect(jaccard(shingles("The  Cat sat"), shingles("the cat sat"))).toBe(1);
    expect(jaccard(shingles(""), shingles(""))).toBe(1);
    expect(jaccard(shingles("abcdefghij"), shingles("zzzzzzzz"))).toBe(0);
    expect(bandKeys("the cat")).toEqual(bandKeys("THE  CAT"));
    expect(shingles("猫坐在垫子上面").size).toBe(3);
  });
});
