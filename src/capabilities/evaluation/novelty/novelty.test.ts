import { describe, expect, it } from "vitest";
import { createRandom } from "../../../foundation/base/random.js";
import { createFrame, type Frame } from "../../../foundation/contracts/frame.js";
import { findNovelty } from "./find-novelty.js";

const random = createRandom("novelty-test");

/** Two correlated numbers, a category and an occasional gap. */
function usualRows(rows: number, change: (row: number, values: number[]) => void = () => undefined): Frame {
  const all = Array.from({ length: rows }, (_, row) => {
    const a = random.normal();
    const values = [
      a,
      a + 0.3 * random.normal(),
      random.integer(3),
      random.uniform() < 0.05 ? Number.NaN : random.normal(),
    ];
    change(row, values);
    return values;
  });
  const column = (k: number) => Float64Array.from(all, (values) => values[k]!);
  return createFrame([
    ["a", { kind: "number", values: column(0) }],
    ["b", { kind: "number", values: column(1) }],
    ["c", { kind: "category", codes: Int32Array.from(column(2)), dictionary: ["x", "y", "z", "new"] }],
    ["d", { kind: "number", values: column(3) }],
  ]);
}

describe("rows unlike those learnt from", () => {
  it("raises no alarm on rows like them", () => {
    let alarms = 0;
    let atFivePercent = 0;
    for (let draw = 0; draw < 20; draw++) {
      const novelty = findNovelty({
        learning: usualRows(600),
        rows: usualRows(200),
        random: random.fork(draw),
        most: 5,
      })!;
      alarms += novelty.found > 0 ? 1 : 0;
      atFivePercent += novelty.shareAtFivePercent / 20;
    }
    expect(alarms).toBeLessThanOrEqual(5);
    expect(atFivePercent).toBeGreaterThan(0.025);
    expect(atFivePercent).toBeLessThan(0.08);
  });

  it("finds rows that break what held, with the columns that show it", () => {
    const rows = usualRows(300, (row, values) => {
      if (row < 20) values[1] = -3 * Math.sign(values[0]!) - values[0]!;
    });
    const novelty = findNovelty({ learning: usualRows(2000), rows, random, most: 25 })!;
    const strange = novelty.strangest.slice(0, 20).filter(({ row }) => row < 20).length;
    expect(strange).toBeGreaterThan(14);
    expect(novelty.found).toBeGreaterThan(8);
    expect(novelty.strangest[0]!.values.map(([name]) => name)).toContain("b");
    expect(novelty.strangest[0]!.distance).toBeGreaterThan(2);
  });

  it("says nothing of few rows, and survives constants and all missing", () => {
    expect(findNovelty({ learning: usualRows(60), rows: usualRows(5), random, most: 5 })).toBeUndefined();
    const odd = createFrame([
      ["constant", { kind: "number", values: new Float64Array(200).fill(3) }],
      ["missing", { kind: "number", values: new Float64Array(200).fill(Number.NaN) }],
      ["text", { kind: "text", values: new Array<string>(200).fill("x") }],
    ]);
    const novelty = findNovelty({ learning: odd, rows: odd, random, most: 3 })!;
    expect(novelty.found).toBe(0);
    expect(novelty.strangest).toHaveLength(3);
  });
});
