import { expect, it } from "vitest";
import { pearson, spearman } from "./correlation.js";
import { indexOfLargest } from "./largest.js";

it("ranks correlate as scipy.stats.spearmanr", () => {
  // spearmanr([1, 2, 2, 4, 5], [5, 6, 7, 8, 7]) and of reversed order.
  expect(spearman([1, 2, 2, 4, 5], [5, 6, 7, 8, 7])).toBeCloseTo(0.7631578947368421, 12);
  expect(spearman([1, 2, 3], [9, 4, 1])).toBeCloseTo(-1, 12);
  expect(spearman([1, 1, 1], [1, 2, 3])).toBeNaN();
});

it("rows without a number on both sides do not count, and two rows say nothing", () => {
  expect(spearman([1, Number.NaN, 2, 3], [9, 1, 4, 1])).toBeCloseTo(-1, 12);
  expect(pearson([1, 2, Number.POSITIVE_INFINITY], [1, 2, 3])).toBeNaN();
});

it("the largest of a part is counted from its start; of equals the first, of nothing none", () => {
  expect(indexOfLargest([9, 1, 3, 3, 2])).toBe(0);
  expect(indexOfLargest([9, 1, 3, 3, 2], 1, 3)).toBe(1);
  expect(indexOfLargest([9, 1, 3, 3, 2], 4)).toBe(0);
  expect(indexOfLargest([])).toBe(-1);
});
