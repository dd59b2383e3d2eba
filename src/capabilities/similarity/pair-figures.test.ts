import { describe, expect, it } from "vitest";
import { cosinesOf, retrievalFigures } from "./pair-figures.js";

const vectors = (...rows: number[][]) => ({
  values: Float32Array.from(rows.flat()),
  width: rows[0]!.length,
});

describe("figures of pairs", () => {
  it("takes cosines row by row", () => {
    const pairs = { first: vectors([1, 0], [1, 1], [0, 0]), second: vectors([2, 0], [1, -1], [1, 0]) };
    expect(Array.from(cosinesOf(pairs))).toEqual([1, 0, 0]);
  });

  it("ranks second texts, equal ones once, any that belongs to the first counts", () => {
    const first = vectors([1, 0], [1, 0], [0, 1], [0.6, 0.8]);
    const second = vectors([0, 1], [1, 0.1], [1, 0], [0, 1]);
    // Texts: a-x, a-y, b-z, c-x; candidates x, y, z. a finds z, then y; b finds x, y, z; c finds x.
    const figures = retrievalFigures({ first, second }, Int32Array.of(0, 0, 1, 2), Int32Array.of(0, 1, 2, 0));
    expect(figures.recallAt1).toBeCloseTo(1 / 3, 12);
    expect(figures.recallAt5).toBe(1);
    expect(figures.meanReciprocalRank).toBeCloseTo((1 / 2 + 1 / 3 + 1) / 3, 12);
  });
});
