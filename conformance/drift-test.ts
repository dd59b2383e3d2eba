/** What every drift test must hold. Call it inside a test file: `driftTestSuite(test)`. */
import { describe, expect, it } from "vitest";
import { createRandom, type Random } from "../src/foundation/base/random.js";
import type { DriftTest, DriftTestResult } from "../src/foundation/contracts/drift-test.js";
import type { Column } from "../src/foundation/contracts/frame.js";

const WORDS = ["red", "green", "blue", "grey"];
const isMissing = (random: Random, gaps: number): boolean => random.uniform() < gaps;

/** Columns of rows that come from one distribution; kinds that no window of a log has are left out. */
const MAKERS: Partial<Record<Column["kind"], (rows: number, random: Random, gaps: number) => Column>> = {
  number: (rows, random, gaps) => ({
    kind: "number",
    values: Float64Array.from({ length: rows }, () =>
      isMissing(random, gaps) ? Number.NaN : random.normal(),
    ),
  }),
  boolean: (rows, random, gaps) => ({
    kind: "boolean",
    values: Float32Array.from({ length: rows }, () =>
      isMissing(random, gaps) ? Number.NaN : random.integer(2),
    ),
  }),
  category: (rows, random, gaps) => ({
    kind: "category",
    dictionary: WORDS,
    codes: Int32Array.from({ length: rows }, () => (isMissing(random, gaps) ? -1 : random.integer(4))),
  }),
  text: (rows, random, gaps) => ({
    kind: "text",
    values: Array.from({ length: rows }, () =>
      isMissing(random, gaps) ? "" : WORDS.slice(random.integer(4)).join(" "),
    ),
  }),
  datetime: (rows, random, gaps) => ({
    kind: "datetime",
    values: Float64Array.from({ length: rows }, () =>
      isMissing(random, gaps) ? Number.NaN : 1.7e12 + random.integer(1e9),
    ),
  }),
};

const PAIRS = 60;
/** Of 60 windows without drift, at a level of .05: more come about once in 5,000 runs of an exact test. */
const MOST_FALSE_ALARMS = 10;

export function driftTestSuite(test: DriftTest): void {
  const config = test.config.parse({});
  const compare = (reference: Column, current: Column, seed: number | string) =>
    test.compare({ reference, current, random: createRandom(seed) }, config);
  const check = (result: DriftTestResult | undefined): void => {
    if (result === undefined) return;
    expect(result.pValue).toBeGreaterThanOrEqual(0);
    expect(result.pValue).toBeLessThanOrEqual(1);
    expect(Number.isFinite(result.effect)).toBe(true);
  };

  describe(`drift test ${test.id}`, () => {
    it("is described, has a default for every setting and refuses unknown ones", () => {
      expect(test.id).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
      expect(test.summary.length).toBeGreaterThan(10);
      expect(test.version).toBeGreaterThanOrEqual(1);
      expect(() => test.config.parse({ "no such setting": 1 })).toThrow();
    });

    for (const kind of test.accepts) {
      const make = MAKERS[kind];
      if (!make) continue;

      it(`raises no more false alarms than its p values promise on ${kind} columns`, () => {
        const results = Array.from({ length: PAIRS }, (_, k) => {
          const random = createRandom(`pair ${k}`);
          return compare(make(120, random, 0.05), make(80, random, 0.05), k);
        });
        for (const result of results) check(result);
        const alarms = results.filter((result) => result && result.pValue <= 0.05).length;
        expect(alarms).toBeLessThanOrEqual(MOST_FALSE_ALARMS);
      });

      it(`says the same again, and bears few rows and gaps alone in ${kind} columns`, () => {
        const random = createRandom("shapes");
        const columns = [make(60, random, 0.1), make(40, random, 1), make(1, random, 0), make(1, random, 1)];
        for (const reference of columns)
          for (const current of columns) {
            const result = compare(reference, current, 7);
            check(result);
            expect(compare(reference, current, 7)).toEqual(result);
          }
      });
    }
  });
}
