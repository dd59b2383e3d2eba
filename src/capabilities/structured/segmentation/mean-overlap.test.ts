import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { countPixels, overlapOf } from "./mean-overlap.js";

const { masks } = JSON.parse(
  readFileSync(new URL("../../../../test/oracles/detection/expected.json", import.meta.url), "utf8"),
) as { masks: { truth: number[]; predicted: number[]; classes: number; mean: number; accuracy: number } };

describe("overlapOf", () => {
  it("equals scikit-learn", () => {
    const { truth, predicted, classes, mean, accuracy } = masks;
    const found = overlapOf(countPixels(truth, predicted, classes));
    expect(found.mean).toBeCloseTo(mean, 12);
    expect(found.accuracy).toBeCloseTo(accuracy, 12);
    expect(found.byClass[5]).toBeNaN();
  });

  it("passes over pixels that are not counted", () => {
    expect(overlapOf(countPixels([0, 255, 1], [0, 1, 1], 2))).toMatchObject({ mean: 1, accuracy: 1 });
  });
});
