import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { murmur3 } from "../host/murmur3.js";
import { CALENDAR_PARTS, calendarParts } from "./calendar.js";
import { symmetricEigen } from "./eigen.js";
import { minimize } from "./minimize.js";
import { countBelow } from "./search.js";

describe("calendar", () => {
  it("agrees with the platform's UTC calendar from year 0 to 9999 and before", () => {
    const instant = fc.integer({
      min: Date.parse("-001000-01-01T00:00:00Z"),
      max: Date.parse("9999-12-31T23:59:59Z"),
    });
    fc.assert(
      fc.property(instant, (epochMs) => {
        const date = new Date(epochMs);
        const startOfYear = new Date(0);
        startOfYear.setUTCFullYear(date.getUTCFullYear(), 0, 1);
        const parts = calendarParts(epochMs);
        expect(parts).toEqual({
          year: date.getUTCFullYear(),
          quarter: Math.floor(date.getUTCMonth() / 3) + 1,
          month: date.getUTCMonth() + 1,
          day: date.getUTCDate(),
          weekday: (date.getUTCDay() + 6) % 7,
          dayOfYear: Math.floor((epochMs - startOfYear.getTime()) / 86_400_000) + 1,
          weekend: [0, 6].includes(date.getUTCDay()) ? 1 : 0,
          hour: date.getUTCHours(),
          minute: date.getUTCMinutes(),
          second: date.getUTCSeconds(),
          days: epochMs / 86_400_000,
        });
        expect(Object.keys(parts).sort()).toEqual([...CALENDAR_PARTS].sort());
      }),
      { numRuns: 3000 },
    );
  });
});

describe("symmetricEigen", () => {
  it("finds vectors that the matrix only stretches, of length 1 and at right angles", () => {
    const square = fc
      .integer({ min: 1, max: 12 })
      .chain((n) =>
        fc.tuple(
          fc.constant(n),
          fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: n * n, maxLength: n * n }),
        ),
      );
    fc.assert(
      fc.property(square, ([n, entries]) => {
        const matrix = Float64Array.from(
          { length: n * n },
          (_, i) => entries[i]! + entries[(i % n) * n + Math.floor(i / n)]!,
        );
        const { values, vectors } = symmetricEigen(matrix, n);
        const size = Math.max(1, ...values.map(Math.abs));
        for (let k = 0; k < n; k++) {
          const vector = vectors.subarray(k * n, (k + 1) * n);
          for (let i = 0; i < n; i++) {
            let product = 0;
            for (let j = 0; j < n; j++) product += matrix[i * n + j]! * vector[j]!;
            expect(Math.abs(product - values[k]! * vector[i]!)).toBeLessThan(1e-10 * size);
          }
          for (let other = 0; other <= k; other++) {
            let inner = 0;
            for (let j = 0; j < n; j++) inner += vector[j]! * vectors[other * n + j]!;
            expect(inner).toBeCloseTo(other === k ? 1 : 0, 10);
          }
          if (k > 0) expect(values[k]!).toBeLessThanOrEqual(values[k - 1]!);
        }
      }),
    );
  });
});

describe("minimize", () => {
  it("finds the minimum inside and outside the first interval", () => {
    for (const minimum of [-7.3, -1.9, 0, 0.123456, 3, 9]) {
      expect(minimize((x) => (x - minimum) ** 2 + 3, -2, 2)).toBeCloseTo(minimum, 6);
    }
    expect(minimize((x) => (x < -1 ? Number.POSITIVE_INFINITY : Math.cosh(x - 1)), -2, 2)).toBeCloseTo(1, 6);
  });
});

describe("countBelow", () => {
  it("counts what a scan counts", () => {
    const numbers = fc.array(fc.double({ noNaN: true }));
    fc.assert(
      fc.property(numbers, fc.double(), (knots, value) => {
        const sorted = Float64Array.from(knots).sort();
        expect(countBelow(sorted, value)).toBe(sorted.filter((knot) => knot <= value).length);
      }),
    );
  });
});

describe("murmur3", () => {
  it("gives the published values", () => {
    const hash = (text: string, seed = 0) => murmur3(new TextEncoder().encode(text), seed) >>> 0;
    expect(hash("")).toBe(0);
    expect(hash("", 1)).toBe(0x514e28b7);
    expect(hash("test", 0x9747b28c)).toBe(0x704b81dc);
    expect(hash("Hello, world!", 0x9747b28c)).toBe(0x24884cba);
    expect(hash("The quick brown fox jumps over the lazy dog", 0x9747b28c)).toBe(0x2fa826cd);
  });
});
