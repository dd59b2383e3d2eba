/** What every finder must hold, built in or not. Call it inside a test file: `finderSuite(finder)`. */
import { describe, expect, it } from "vitest";
import { createRandom } from "../src/foundation/base/random.js";
import type { Finder, FinderInput } from "../src/foundation/contracts/finder.js";
import { findingSchema } from "../src/foundation/contracts/finding.js";
import { type MadeTable, measureMade } from "./finder-samples.js";

const binary = { name: "answer", task: "binary" } as const;

function table(rows: number, answer: (row: number) => string | undefined, gaps = false): MadeTable {
  const random = createRandom(`finder ${rows}`);
  const cells = <T>(make: (row: number) => T) =>
    Array.from({ length: rows }, (_, row) => (gaps ? undefined : make(row)));
  return {
    amount: { kind: "number", cells: cells(() => Number(random.normal().toPrecision(8))) },
    place: { kind: "category", cells: cells(() => `place ${random.integer(7)}`) },
    note: { kind: "text", cells: cells((row) => `what somebody wrote ${row * 7919}`) },
    seen: { kind: "datetime", cells: cells((row) => new Date(1.7e12 + row * 3.6e6).toISOString()) },
    answer: { kind: "category", cells: Array.from({ length: rows }, (_, row) => answer(row)) },
  };
}

const halves = (row: number): string => (createRandom(`answer ${row}`).uniform() < 0.5 ? "yes" : "no");
const TABLES: Record<string, () => Promise<FinderInput>> = {
  "honest data": () => measureMade(table(200, halves), { target: binary }),
  "data without a target": () => measureMade(table(60, halves)),
  "one row": () =>
    measureMade(
      table(1, () => "yes"),
      { target: binary },
    ),
  "no target known": () =>
    measureMade(
      table(40, () => undefined),
      { target: binary },
    ),
  "one class": () =>
    measureMade(
      table(50, () => "yes"),
      { target: binary },
    ),
  "gaps alone": () => measureMade(table(50, halves, true), { target: binary }),
  "a class a row": () =>
    measureMade(
      table(50, (row) => `class ${row}`),
      { target: { name: "answer", task: "multiclass" } },
    ),
};

export function finderSuite(finder: Finder): void {
  const config = finder.config.parse({});

  describe(`finder ${finder.id}`, () => {
    it("is described, has a default for every setting and refuses unknown ones", () => {
      expect(finder.id).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
      expect(finder.summary.length).toBeGreaterThan(10);
      expect(finder.version).toBeGreaterThanOrEqual(1);
      expect(() => finder.config.parse({ "no such setting": 1 })).toThrow();
    });

    it.each(Object.entries(TABLES))("bears %s, with and without a division", async (_, make) => {
      const input = await make();
      const { rows } = input.frame;
      const all = Int32Array.from({ length: rows }, (__, row) => row);
      const [train, test] = [all.filter((row) => row % 5 > 0), all.filter((row) => row % 5 === 0)];
      const splits = [{ name: "split", train, validation: new Int32Array(0), test }];
      for (const asked of [input, { ...input, splits }]) {
        const findings = finder.find(asked, config);
        expect(finder.find(asked, config)).toEqual(findings);
        for (const finding of findings) {
          expect(findingSchema.parse(finding)).toEqual(finding);
          if (finding.column !== undefined) expect([...asked.frame.columns.keys()]).toContain(finding.column);
        }
      }
    });
  });
}
