import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareOutputs, PARITY_LIMIT, predictionDistance, valueScale } from "./prediction.js";

const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
const values = (numbers: readonly number[]) =>
  ({ kind: "values", values: Float64Array.from(numbers) }) as const;

describe("predictionDistance", () => {
  it("is 0 for equal numbers, the infinite and missing ones too", () => {
    for (const number of [0, -0, 1e300, Number.NaN, Number.POSITIVE_INFINITY])
      expect(predictionDistance(number, number)).toBe(0);
    expect(predictionDistance(1, Number.NaN)).toBe(Number.POSITIVE_INFINITY);
    expect(predictionDistance(Number.POSITIVE_INFINITY, 1)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("compareOutputs", () => {
  it("does not depend on the unit of values", () =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(value, value), { minLength: 1 }),
        fc.constantFrom(-20, -3, 4, 12),
        (pairs, exponent) => {
          const [actual, expected] = [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
          fc.pre(expected.some((number) => Math.abs(number) > 1e-9));
          const inUnit = (numbers: readonly number[]) =>
            values(numbers.map((number) => number * 2 ** exponent));
          const { maxAbsDiff, worstRow } = compareOutputs(values(actual), values(expected));
          const other = compareOutputs(inUnit(actual), inUnit(expected));
          expect(other.maxAbsDiff).toBeCloseTo(maxAbsDiff, 9);
          expect(other.worstRow).toBe(worstRow);
        },
      ),
    ));

  it("accepts a float32 sum of thousands of leaves that comes to little, and nothing larger", () => {
    const steps = Array.from({ length: 4000 }, (_, step) => Math.sin(step) * 40);
    const inDouble = steps.reduce((sum, step) => sum + step, 0);
    const inFloat = steps.reduce((sum, step) => Math.fround(sum + Math.fround(step)), 0);
    const rows = [80, inDouble];
    expect(compareOutputs(values([80, inFloat]), values(rows)).maxAbsDiff).toBeLessThan(PARITY_LIMIT);
    expect(compareOutputs(values([80, inDouble + 0.01]), values(rows)).maxAbsDiff).toBeGreaterThan(
      PARITY_LIMIT,
    );
  });

  it("compares probabilities as they are", () => {
    const probabilities = (numbers: readonly number[]) =>
      ({ kind: "probabilities", classes: 2, values: Float64Array.from(numbers) }) as const;
    const found = compareOutputs(
      probabilities([0.5, 0.5, 0.25, 0.75]),
      probabilities([0.5, 0.5, 0.125, 0.875]),
    );
    expect(found).toEqual({ rows: 2, maxAbsDiff: 0.125, worstRow: 1 });
  });
});

describe("valueScale", () => {
  it("is the largest finite size, 1 where all are 0", () => {
    expect(valueScale([1, -7, Number.NaN, Number.NEGATIVE_INFINITY])).toBe(7);
    expect(valueScale([0, 0])).toBe(1);
    expect(valueScale([])).toBe(1);
  });
});
