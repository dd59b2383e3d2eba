import fc from "fast-check";
import { expect, it } from "vitest";
import { MADE_FEATURES, madeRow, makeTrees } from "./reference/made-trees.js";
import { referenceScores } from "./reference/tree-scores.js";
import { scoreTrees } from "./tree-scorer.js";

it("the scoring kernel gives what the plain reference gives", () => {
  fc.assert(
    fc.property(fc.nat(), fc.boolean(), fc.array(madeRow, { maxLength: 300 }), (seed, shared, list) => {
      const trees = makeTrees(seed, shared);
      const rows = list.map((values) => Float32Array.from(values));
      const scores = scoreTrees(trees, rows.length, MADE_FEATURES, (block, start, count) => {
        for (let k = 0; k < count; k++) block.set(rows[start + k]!, k * MADE_FEATURES);
      });
      for (const [k, values] of rows.entries()) {
        const expected = referenceScores(trees, values);
        expect(Array.from(scores.subarray(k * 3, k * 3 + 3))).toEqual(Array.from(expected));
      }
    }),
    { numRuns: 100 },
  );
});
