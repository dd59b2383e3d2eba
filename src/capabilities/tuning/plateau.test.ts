import { expect, test } from "vitest";
import type { Observation } from "../../foundation/contracts/sampler.js";
import { plateauReached } from "./plateau.js";

const history = (values: readonly number[]) =>
  values.map((value, number): Observation => {
    const state = Number.isNaN(value) ? "failed" : "complete";
    return { number, configuration: {}, state, value, steps: [], seconds: 1 };
  });
const rule = { trials: 4, relativeImprovement: 0.01 };

test("a study ends when the last trials brought next to nothing", () => {
  const values = [10, 8, 6, 5, 5.5, 5.2, 7];
  expect(plateauReached(history(values), rule)).toBe(false);
  expect(plateauReached(history([...values, 5]), rule)).toBe(true);
  expect(plateauReached(history([...values, 4.99]), rule)).toBe(true);
  expect(plateauReached(history([...values, 4.5]), rule)).toBe(false);
});

test("the rule knows neither unit nor offset, and waits for trials that completed", () => {
  const values = [10, 8, 6, 5, 5.5, 5.2, 7, 4.5];
  expect(plateauReached(history(values.map((value) => 1e-6 * value - 1e3)), rule)).toBe(false);
  expect(plateauReached([], rule)).toBe(false);
  expect(plateauReached(history(Array<number>(9).fill(Number.NaN)), rule)).toBe(false);
  expect(plateauReached(history(Array<number>(9).fill(3)), rule)).toBe(true);
});
