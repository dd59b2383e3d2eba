import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../../foundation/base/random.js";
import { createFrame } from "../../../foundation/contracts/frame.js";
import {
  calibratedJoint,
  classThresholds,
  confidentJoint,
  type LabelErrorFilter,
  type LabelQuality,
  labelQuality,
  noiseMatrix,
  suspectRows,
} from "./confident-learning.js";
import { findLabelErrors } from "./find-label-errors.js";

interface RecordedCase {
  readonly name: string;
  readonly classes: number;
  readonly labels: number[];
  readonly planted: number[];
  readonly probabilities: number[];
  readonly thresholds: number[];
  readonly joint: number[];
  readonly calibrated: number[];
  readonly noiseMatrix: number[];
  readonly filters: Record<string, number[]>;
  readonly ranked: Record<string, number[]>;
  readonly scores: Record<string, number[]>;
}
const CASES: RecordedCase[] = JSON.parse(
  readFileSync(new URL("../../../../test/oracles/trust/label-errors.json", import.meta.url), "utf8"),
);
const FILTERS: Record<string, LabelErrorFilter> = {
  prune_by_noise_rate: "noise-rate",
  prune_by_class: "class",
  both: "both",
  confident_learning: "confident-joint",
};
const RANKS: Record<string, LabelQuality> = {
  self_confidence: "self-confidence",
  normalized_margin: "normalised-margin",
};

const inputOf = (one: RecordedCase) => ({
  codes: Int32Array.from(one.labels),
  probabilities: Float64Array.from(one.probabilities),
  classCount: one.classes,
});

describe.each(CASES)("confident learning on $name", (one) => {
  const input = inputOf(one);

  it("estimates what cleanlab estimates", () => {
    for (const [k, threshold] of classThresholds(input).entries())
      expect(threshold).toBeCloseTo(one.thresholds[k]!, 10);
    expect(confidentJoint(input).flat()).toEqual(one.joint);
    expect(calibratedJoint(input).flat()).toEqual(one.calibrated);
    for (const [index, value] of noiseMatrix(calibratedJoint(input)).flat().entries())
      expect(value).toBeCloseTo(one.noiseMatrix[index]!, 5);
  });

  it("chooses the rows that cleanlab chooses", () => {
    for (const [name, filter] of Object.entries(FILTERS))
      expect(
        suspectRows(input, filter).sort((a, b) => a - b),
        name,
      ).toEqual(one.filters[name]);
  });

  it("ranks them alike, up to the order of equals", () => {
    for (const [name, rank] of Object.entries(RANKS)) {
      const quality = labelQuality(input, rank);
      for (const [row, score] of quality.entries()) expect(score).toBeCloseTo(one.scores[name]![row]!, 7);
      const mine = suspectRows(input, "noise-rate", rank);
      expect([...mine].sort((a, b) => a - b)).toEqual([...one.ranked[name]!].sort((a, b) => a - b));
      for (const [index, row] of mine.entries())
        expect(quality[row]).toBeCloseTo(quality[one.ranked[name]![index]!]!, 7);
    }
  });
});

describe("label errors", () => {
  it("finds most planted errors among iris", () => {
    const one = CASES.find(({ name }) => name === "iris")!;
    const found = suspectRows(inputOf(one));
    const right = found.filter((row) => one.planted.includes(row)).length;
    expect(right / one.planted.length).toBeGreaterThan(0.7);
    expect(right / found.length).toBeGreaterThan(0.7);
  });

  it("finds planted errors of numbers, and none where noise only grows with the prediction", () => {
    const random = createRandom("label-errors");
    const predicted = Float64Array.from({ length: 2000 }, () => 1 + 9 * random.uniform());
    const clean = predicted.map((value) => value + 0.1 * value * random.normal());
    const search = (values: Float64Array) =>
      findLabelErrors({
        target: { task: "regression", values },
        predictions: { kind: "values", values: predicted },
        features: createFrame([["x", { kind: "number", values: predicted }]]),
        most: 50,
      });
    expect(search(clean).found).toBeLessThanOrEqual(1);
    const wrong = clean.slice();
    const planted = [7, 300, 1500];
    for (const row of planted) wrong[row]! *= 10;
    const { suspects, found } = search(wrong);
    expect(
      suspects
        .slice(0, 3)
        .map(({ row }) => row)
        .sort((a, b) => a - b),
    ).toEqual(planted);
    expect(found).toBeLessThanOrEqual(4);
    expect(suspects[0]!.values[0]![0]).toBe("x");
  });

  it("says nothing of constant residuals and of few rows", () => {
    const values = Float64Array.of(1, 1, 1);
    const target = { task: "regression", values } as const;
    expect(findLabelErrors({ target, predictions: { kind: "values", values }, most: 5 }).found).toBe(0);
  });
});
