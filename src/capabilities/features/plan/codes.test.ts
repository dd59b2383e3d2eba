import { describe, expect, it } from "vitest";
import { createRandom, type Random } from "../../../foundation/base/random.js";
import type { Target } from "../../../foundation/contracts/target.js";
import { actsAsCodes } from "./codes.js";

const ROWS = 4000;
const VALUES = 150;

/** Whole numbers, and a target that is their effect and as much noise again and more. */
function drawn(seed: string, effectOf: (random: Random) => (value: number) => number) {
  const random = createRandom(`codes/${seed}`);
  const values = Float32Array.from({ length: ROWS }, () => random.integer(VALUES));
  const effect = effectOf(random);
  const scores = Float64Array.from(values, (value) => effect(value) + 2 * random.normal());
  return { values, scores, random };
}

const regression = (values: Float64Array): Target => ({ task: "regression", values });
const binary = (scores: Float64Array): Target => ({
  task: "binary",
  classes: ["no", "yes"],
  codes: Int32Array.from(scores, (score) => (score > 1 ? 1 : 0)),
});
const multiclass = (scores: Float64Array): Target => ({
  task: "multiclass",
  classes: ["low", "middle", "high"],
  codes: Int32Array.from(scores, (score) => (score > 2 ? 2 : score > 0 ? 1 : 0)),
});
const perValue = (random: Random) => {
  const effects = Array.from({ length: VALUES }, () => random.normal());
  return (value: number) => effects[value]!;
};

describe("actsAsCodes", () => {
  it.each([
    ["numbers", regression],
    ["two classes", binary],
    ["three classes", multiclass],
  ])("finds that each value has a mean of its own: %s", (_, targetOf) => {
    const { values, scores } = drawn("effects", perValue);
    expect(actsAsCodes(values, targetOf(scores))).toBe(true);
    expect(
      actsAsCodes(
        values.map((value, row) => (row % 9 ? value : Number.NaN)),
        targetOf(scores),
      ),
    ).toBe(true);
  });

  it.each([
    ["no effect", () => () => 0],
    ["a line", () => (value: number) => value / 20],
    ["a step", () => (value: number) => (value > 70 ? 4 : 0)],
    ["a wave", () => (value: number) => 3 * Math.sin(value / 8)],
  ])("takes numbers that measure for numbers: %s", (name, effectOf) => {
    for (const seed of ["a", "b", "c", "d", "e"]) {
      const { values, scores } = drawn(`${name}/${seed}`, effectOf);
      for (const targetOf of [regression, binary, multiclass])
        expect(actsAsCodes(values, targetOf(scores))).toBe(false);
    }
  });

  it("is not misled by one value that most rows have", () => {
    const { values, scores } = drawn("zeros", () => (value) => (value === 0 ? 3 : 0));
    const mostlyZero = values.map((value, row) => (row % 20 ? 0 : value));
    const target = regression(scores.map((score, row) => score + (row % 20 ? 3 : 0)));
    expect(actsAsCodes(mostlyZero, target)).toBe(false);
  });

  it("wants whole numbers, several values and rows that share them", () => {
    const { values, scores } = drawn("effects", perValue);
    const target = regression(scores);
    expect(
      actsAsCodes(
        values.map((value) => value + 0.5),
        target,
      ),
    ).toBe(false);
    expect(
      actsAsCodes(
        values.map((value) => value % 12),
        target,
      ),
    ).toBe(false);
    expect(
      actsAsCodes(
        Float32Array.from(values, (_, row) => row),
        target,
      ),
    ).toBe(false);
    expect(actsAsCodes(new Float32Array(ROWS).fill(Number.NaN), target)).toBe(false);
  });
});
