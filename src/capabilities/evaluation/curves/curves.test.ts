import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../../foundation/base/random.js";
import type { MetricInput } from "../../../foundation/contracts/metric.js";
import { confusionMatrix } from "../metrics/confusion-matrix.js";
import { classInput, decidedClasses } from "../metrics/inputs.js";
import { areaUnderRoc } from "../metrics/ranking.js";
import { classCalibration, topCalibration } from "./calibration.js";
import { binaryScores, rankingCurves, rocBand } from "./ranking-curves.js";
import { histogramOf } from "./residuals.js";
import { bestDecisions, chooseThreshold, gainOf, thresholdTable } from "./thresholds.js";

/** Few distinct scores, so that ties and both ends are common. */
const rowArbitrary = fc.tuple(fc.nat(1), fc.nat(8), fc.integer({ min: 1, max: 4 }));
const inputArbitrary: fc.Arbitrary<MetricInput> = fc
  .array(rowArbitrary, { minLength: 1, maxLength: 60 })
  .map((rows) => ({
    target: { task: "binary", codes: Int32Array.from(rows, (row) => row[0]), classes: ["no", "yes"] },
    predictions: {
      kind: "probabilities",
      classes: 2,
      values: Float64Array.from(rows.flatMap((row) => [1 - row[1] / 8, row[1] / 8])),
    },
    weights: Float64Array.from(rows, (row) => row[2]),
  }));

/** The definition, pair by pair. */
function areaByPairs(input: MetricInput): number {
  const { scores, positive, weights } = binaryScores(classInput(input), 1);
  let sum = 0;
  let total = 0;
  for (let a = 0; a < scores.length; a++) {
    for (let b = 0; b < scores.length; b++) {
      if (!positive[a] || positive[b]) continue;
      const weight = weights![a]! * weights![b]!;
      total += weight;
      sum += weight * (scores[a]! > scores[b]! ? 1 : scores[a] === scores[b] ? 0.5 : 0);
    }
  }
  return sum / total;
}

describe("ranking curves", () => {
  it("enclose the area that pairs give", () => {
    fc.assert(
      fc.property(inputArbitrary, (input) => {
        const curves = rankingCurves(classInput(input), 1, "yes");
        const area = areaUnderRoc(binaryScores(classInput(input), 1));
        if (!curves) {
          expect(area).toBeNaN();
          return;
        }
        const points = curves.roc.points;
        const trapezoids = points
          .slice(1)
          .reduce((sum, [x, y], i) => sum + ((x - points[i]![0]) * (y + points[i]![1])) / 2, 0);
        expect(trapezoids).toBeCloseTo(area, 9);
        expect(areaByPairs(input)).toBeCloseTo(area, 9);
        expect(curves.roc.value).toBe(area);
      }),
    );
  });

  it("rise, end at all rows, and lift what gain divides", () => {
    fc.assert(
      fc.property(inputArbitrary, (input) => {
        const curves = rankingCurves(classInput(input), 1, "yes");
        if (!curves) return;
        for (const { points } of [curves.roc, curves.gain]) {
          for (const [i, point] of points.entries()) {
            if (i > 0) expect(point[0] >= points[i - 1]![0] && point[1] >= points[i - 1]![1]).toBe(true);
          }
          expect(points.at(-1)!.map((value) => Number(value.toFixed(12)))).toEqual([1, 1]);
        }
        const [taken, found] = curves.gain.points[1]!;
        expect(curves.lift.points[0]![1]).toBeCloseTo(found / taken, 9);
      }),
    );
  });

  it("have a band around the curve", () => {
    const random = createRandom("band");
    const codes = Int32Array.from({ length: 300 }, () => random.integer(2));
    const values = Float64Array.from({ length: 600 }, (_, i) => {
      const positive = (codes[i >> 1]! + random.uniform()) / 2;
      return i % 2 === 1 ? positive : 1 - positive;
    });
    const band = rocBand(
      {
        target: { task: "binary", codes, classes: ["a", "b"] },
        predictions: { kind: "probabilities", values, classes: 2 },
      },
      createRandom(1),
    )!;
    expect(band.length).toBe(51);
    for (const [, low, high] of band) expect(low >= 0 && low <= high && high <= 1).toBe(true);
  });
});

describe("thresholds", () => {
  const outcomesBy = (input: MetricInput, threshold: number) => {
    const { counts } = confusionMatrix(classInput({ ...input, threshold }));
    return {
      trueNegative: counts[0]!,
      falsePositive: counts[1]!,
      falseNegative: counts[2]!,
      truePositive: counts[3]!,
    };
  };

  it("decide as the confusion matrix does", () => {
    fc.assert(
      fc.property(inputArbitrary, fc.nat(20), (input, step) => {
        const threshold = step / 20;
        const row = thresholdTable(input, [threshold]).find((one) => one.threshold === threshold)!;
        const { truePositive, falsePositive, falseNegative, trueNegative } = outcomesBy(input, threshold);
        const total = truePositive + falsePositive + falseNegative + trueNegative;
        expect(row.share).toBeCloseTo((truePositive + falsePositive) / total, 12);
        expect(row.accuracy).toBeCloseTo((truePositive + trueNegative) / total, 12);
        const precision = truePositive / (truePositive + falsePositive);
        if (row.precision === null) expect(precision).toBeNaN();
        else expect(row.precision).toBeCloseTo(precision, 12);
      }),
    );
  });

  it("are the best there are", () => {
    const table = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(inputArbitrary, table, (input, [a, b, c, d]) => {
        const gain = [
          [a!, b!],
          [c!, d!],
        ];
        const worth = (threshold: number) => gainOf(outcomesBy(input, threshold), gain);
        const chosen = chooseThreshold(input, (outcomes) => gainOf(outcomes, gain));
        expect(worth(chosen.threshold)).toBeCloseTo(chosen.value, 9);
        for (let step = 0; step <= 18; step++)
          expect(worth(step / 16)).toBeLessThanOrEqual(chosen.value + 1e-9);
      }),
    );
  });

  it("of several classes weigh every outcome", () => {
    const gain = [
      [0, -1, -1],
      [-50, 0, -1],
      [-1, -1, 0],
    ];
    expect(Array.from(bestDecisions(Float64Array.of(0.9, 0.1, 0, 0.99, 0.001, 0.009), gain))).toEqual([1, 0]);
  });
});

describe("calibration", () => {
  it("covers every row once and keeps equal claims together", () => {
    fc.assert(
      fc.property(inputArbitrary, (given) => {
        const input = classInput(given);
        const { points } = classCalibration(input, 1, "yes");
        expect(points.reduce((sum, point) => sum + point.rows, 0)).toBe(input.rows);
        expect(new Set(points.map((point) => point.predicted)).size).toBe(points.length);
        for (const { low, observed, high } of points) expect(low <= observed && observed <= high).toBe(true);
        const right = decidedClasses(input).filter((code, row) => code === input.codes[row]).length;
        const top = topCalibration({ ...input, weights: undefined }).points;
        // A tie is decided for the positive class by threshold, for the first class by order.
        if (!input.probabilities.includes(0.5)) {
          expect(top.reduce((sum, point) => sum + point.rows * point.observed, 0)).toBeCloseTo(right, 9);
        }
      }),
    );
  });
});

describe("histogram of residuals", () => {
  it("counts every value", () => {
    const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), {
      minLength: 1,
      maxLength: 200,
    });
    fc.assert(
      fc.property(values, (list) => {
        const { edges, counts } = histogramOf(Float64Array.from(list).sort());
        expect(edges.length).toBe(counts.length + 1);
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(list.length);
      }),
    );
  });
});
