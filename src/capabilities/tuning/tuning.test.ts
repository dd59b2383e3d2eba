import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { createRandom } from "../../foundation/base/random.js";
import { fields } from "../../foundation/contracts/extension.js";
import { sampleConfiguration } from "./random-sampler.js";
import { searchSpace } from "./search-space.js";

const config = z.strictObject({
  learningRate: z
    .number()
    .min(0.001)
    .max(1)
    .default(0.1)
    .register(fields, { title: "Learning rate", tune: { low: 0.01, high: 0.3, scale: "log" } }),
  leaves: z
    .number()
    .int()
    .min(2)
    .max(255)
    .default(31)
    .register(fields, { title: "Leaves", tune: { low: 4, high: 128, scale: "log", integer: true } }),
  depth: z
    .number()
    .int()
    .min(1)
    .max(9)
    .default(3)
    .register(fields, { title: "Depth", tune: { low: 1, high: 9, integer: true } }),
  criterion: z
    .enum(["gini", "entropy"])
    .default("gini")
    .register(fields, { title: "Criterion", tune: { choices: ["gini", "entropy"] } }),
  fixed: z.number().default(1),
});

describe("random search", () => {
  test("only fields with a range take part", () => {
    expect(searchSpace(config).map((dimension) => dimension.name)).toEqual([
      "learningRate",
      "leaves",
      "depth",
      "criterion",
    ]);
  });

  test("every sample is a valid config inside its ranges, and a seed repeats it", () => {
    const space = searchSpace(config);
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const sample = sampleConfiguration(space, createRandom(seed));
        const parsed = config.parse(sample);
        expect(parsed.learningRate).toBeGreaterThanOrEqual(0.01);
        expect(parsed.learningRate).toBeLessThanOrEqual(0.3);
        expect(parsed.leaves).toBeGreaterThanOrEqual(4);
        expect(sampleConfiguration(space, createRandom(seed))).toEqual(sample);
      }),
    );
  });
});
