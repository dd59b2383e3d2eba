import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { createRandom } from "../../../foundation/base/random.js";
import { fields } from "../../../foundation/contracts/extension.js";
import type { SearchSpace } from "../../../foundation/contracts/search-space.js";
import { uniformConfiguration } from "../samplers/proposals.js";
import { checkSpace, parentsFirst } from "./conditions.js";
import { cellAt, cellCount, coordinateOf, valueAt } from "./coordinates.js";
import { createEncoder } from "./encoder.js";
import { searchSpace } from "./search-space.js";

const config = z.strictObject({
  width: z
    .number()
    .default(0.5)
    .register(fields, { title: "Width", tune: { low: 0, high: 1, when: { kernel: ["radial"] } } }),
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
    .register(fields, {
      title: "Leaves",
      tune: { low: 4, high: 128, scale: "log", integer: true, lowCost: 4 },
    }),
  kernel: z
    .enum(["linear", "radial"])
    .default("linear")
    .register(fields, { title: "Kernel", tune: { choices: ["linear", "radial"] } }),
  order: z
    .number()
    .default(1)
    .register(fields, { title: "Order", tune: { choices: [1, 2], when: { mode: ["b"] } } }),
  mode: z.enum(["a", "b"]).default("a").register(fields, { title: "Mode" }),
});
const space = searchSpace(config);

describe("a space from a schema", () => {
  test("has the fields with a range whose conditions can hold, in schema order, with their starts", () => {
    expect(space.map(({ name, start }) => [name, start])).toEqual([
      ["width", 0.5],
      ["learningRate", 0.1],
      ["leaves", 4],
      ["kernel", "linear"],
    ]);
  });

  test("leaves out what is pinned and decides its conditions", () => {
    const names = (pinned: Record<string, unknown>) => searchSpace(config, pinned).map(({ name }) => name);
    expect(names({ kernel: "linear" })).toEqual(["learningRate", "leaves"]);
    expect(names({ kernel: "radial", mode: "b" })).toEqual(["width", "learningRate", "leaves", "order"]);
    expect(searchSpace(config, { kernel: "radial" })[0]!.when).toBeUndefined();
  });

  test("every sample is a valid config inside its ranges, and a seed repeats it", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const sample = uniformConfiguration(parentsFirst(space), createRandom(seed));
        const parsed = config.parse(sample);
        expect(parsed.learningRate).toBeGreaterThanOrEqual(0.01);
        expect(parsed.learningRate).toBeLessThanOrEqual(0.3);
        expect("width" in sample).toBe(parsed.kernel === "radial");
        expect(uniformConfiguration(parentsFirst(space), createRandom(seed))).toEqual(sample);
      }),
    );
  });

  test("is refused where ranges or conditions make no sense", () => {
    const real = { name: "x", kind: "number", low: 0, high: 1, scale: "linear", integer: false } as const;
    const refuse = (broken: SearchSpace, message: RegExp) =>
      expect(() => checkSpace(broken)).toThrow(message);
    refuse([real, real], /same name/);
    refuse([{ ...real, high: 0 }], /range of x/);
    refuse([{ ...real, scale: "log" }], /range of x/);
    refuse([{ ...real, integer: true, high: 1.5 }], /range of x/);
    refuse([{ name: "c", kind: "choice", choices: [] }], /choices of c/);
    refuse([{ ...real, when: { c: [1] } }], /condition of x on c/);
    const circle = (name: string, on: string) =>
      ({ name, kind: "choice", choices: [1, 2], when: { [on]: [1] } }) as const;
    refuse([circle("a", "b"), circle("b", "a")], /a, b/);
  });
});

describe("coordinates", () => {
  const dimensions = [
    { name: "real", kind: "number", low: -2, high: 7, scale: "linear", integer: false },
    { name: "log", kind: "number", low: 1e-5, high: 10, scale: "log", integer: false },
    { name: "whole", kind: "number", low: -3, high: 4, scale: "linear", integer: true },
    { name: "log whole", kind: "number", low: 1, high: 300, scale: "log", integer: true },
    { name: "choice", kind: "choice", choices: ["a", 1, true] },
  ] as const satisfies SearchSpace;

  test("what is rounded to nothing is 0, never -0", () => {
    expect(valueAt(dimensions[2], 0.375 + 3 / 80)).toBe(0);
    expect(valueAt(dimensions[2], 0.375)).toBe(0);
  });

  test.each(dimensions.map((dimension) => [dimension.name, dimension] as const))(
    "of %s: value and coordinate are inverse, cells hold their values",
    (_, dimension) => {
      fc.assert(
        fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (coordinate) => {
          const value = valueAt(dimension, coordinate);
          const back = coordinateOf(dimension, value);
          expect(valueAt(dimension, back)).toBe(value);
          if (!Number.isFinite(cellCount(dimension))) {
            expect(Math.abs(back - coordinate)).toBeLessThan(1e-4);
            return;
          }
          const [from, to] = cellAt(dimension, coordinate);
          expect(coordinate).toBeGreaterThanOrEqual(from - 1e-12);
          expect(coordinate).toBeLessThanOrEqual(to + 1e-12);
          expect(valueAt(dimension, from + 1e-9)).toBe(value);
          expect(valueAt(dimension, to - 1e-9)).toBe(value);
        }),
      );
    },
  );

  test("one-hot points decode to what was encoded, and any point to something valid", () => {
    const encoder = createEncoder(space);
    expect(encoder.width).toBe(5);
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const random = createRandom(seed);
        const sample = uniformConfiguration(parentsFirst(space), random);
        expect(encoder.decode(encoder.encode(sample))).toEqual(sample);
        config.parse(encoder.decode(Float64Array.from({ length: 5 }, () => 3 * random.uniform() - 1)));
      }),
    );
  });
});
