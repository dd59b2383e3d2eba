import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../../foundation/base/random.js";
import type { Tensor } from "../../../foundation/contracts/tensor.js";
import { bucketLengths, longestTexts, textBatches } from "./length-buckets.js";

const ROWS = 300;
const LENGTH = 48;
const random = createRandom("buckets");
const data = new Int32Array(ROWS * LENGTH);
for (let row = 0; row < ROWS; row++) {
  const pieces = 1 + random.integer(row % 3 === 0 ? LENGTH : 12);
  data.fill(7, row * LENGTH, row * LENGTH + pieces);
}
const tokens: Tensor = { type: "int32", shape: [ROWS, LENGTH], data };
const numbers: Tensor = { type: "float32", shape: [ROWS, 1], data: new Float32Array(ROWS) };

const padded = (pieces: readonly number[], lengths: readonly number[]) =>
  pieces.reduce((sum, count) => sum + lengths.find((length) => length >= count)!, 0);

describe("bucketLengths", () => {
  it("finds what no other choice of as many lengths beats", () => {
    const texts = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(texts, (pieces) => {
        const found = bucketLengths(Int32Array.from(pieces), 2);
        const longest = Math.max(8, Math.ceil(Math.max(...pieces) / 8) * 8);
        expect(found.at(-1)).toBe(longest);
        const least = Math.min(...[8, 16, 24, 32, 40].map((short) => padded(pieces, [short, 1000])));
        expect(least).toBeGreaterThan(0);
        const best = Math.min(
          padded(pieces, [longest]),
          ...[8, 16, 24, 32, 40].filter((n) => n < longest).map((short) => padded(pieces, [short, longest])),
        );
        // A second length that spares next to nothing is left out.
        expect(padded(pieces, found)).toBeLessThanOrEqual(best + 0.02 * padded(pieces, [longest]));
      }),
    );
  });

  it("takes one length for texts that are alike", () => {
    expect(bucketLengths(Int32Array.of(20, 21, 22, 24), 4)).toEqual([24]);
    expect(bucketLengths(Int32Array.of(0, 0), 4)).toEqual([8]);
  });
});

describe("textBatches", () => {
  const options = { batch: 20, steps: 1000, texts: ["text"] };
  const made = () => textBatches({ text: tokens, numbers }, { ...options, random: createRandom("rows") });

  it("shows every row once an epoch, in batches that their length holds, repeatably", async () => {
    const batches = made();
    expect(batches.forms!.count).toBeGreaterThan(2);
    const rows = Array.from(((await batches.next(15)) as { rows: BigInt64Array }).rows, Number);
    expect([...rows].sort((a, b) => a - b)).toEqual(Array.from({ length: ROWS }, (_, row) => row));
    const again = made();
    await again.next(7);
    expect(Array.from(((await again.next(8)) as { rows: BigInt64Array }).rows, Number)).toEqual(
      rows.slice(7 * 20),
    );
    const forms = Array.from({ length: 15 }, (_, step) => batches.forms!.of(step));
    expect(new Set(forms).size).toBeGreaterThan(1);
    const pieces = longestTexts([tokens], ROWS);
    const lengths = bucketLengths(pieces, 6).reverse();
    for (const [step, form] of forms.entries()) {
      const longest = Math.max(...rows.slice(step * 20, step * 20 + 20).map((row) => pieces[row]!));
      expect(longest).toBeLessThanOrEqual(lengths[form]!);
      expect(longest).toBeGreaterThan(lengths[form + 1] ?? 0);
    }
  });

  it("takes one graph for a training too short for more", () => {
    const batches = textBatches({ text: tokens }, { ...options, steps: 50, random: createRandom("rows") });
    expect(batches.forms!.count).toBe(1);
  });
});
