import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../foundation/base/random.js";
import {
  counterfactualSchema,
  dependenceSchema,
  interactionSchema,
  ruleListSchema,
} from "../../foundation/contracts/explanation.js";
import { createFrame, type Frame, takeRows } from "../../foundation/contracts/frame.js";
import { findCounterfactual } from "./counterfactual.js";
import { partialDependence } from "./effects/dependence.js";
import { interactionStrengths } from "./effects/interaction.js";
import type { PredictFrame } from "./predict-frame.js";
import { learnRules, rowPasses } from "./rule-list.js";

const numbers = (frame: Frame, name: string) => (frame.columns.get(name) as { values: Float64Array }).values;
const texts = (frame: Frame, name: string) => {
  const column = frame.columns.get(name) as { codes: Int32Array; dictionary: readonly string[] };
  return Array.from(column.codes, (code) => column.dictionary[code]);
};
const modelOf = (of: (frame: Frame, row: number) => number): PredictFrame => ({
  outputs: 1,
  predict: async (frame) => Float64Array.from({ length: frame.rows }, (_, row) => of(frame, row)),
});

describe("partial dependence", () => {
  const path = new URL("../../../test/oracles/explain/effects.json", import.meta.url);
  const oracle = JSON.parse(readFileSync(path, "utf8")) as {
    rows: number[][];
    dependence: { column: number; grid: number[]; average: number[]; individual: number[][] }[];
  };
  const frame = createFrame(
    oracle.rows[0]!.map((_, k) => [
      `x${k}`,
      { kind: "number" as const, values: Float64Array.from(oracle.rows, (row) => row[k]!) },
    ]),
  );
  /** The function of record.py. */
  const model = modelOf((rows, row) => {
    const x = (k: number) => numbers(rows, `x${k}`)[row]!;
    const hinge = Math.max(x(3), x(4) * x(5));
    return x(0) * x(1) + Math.sin(x(2)) + hinge - 0.5 * x(6) ** 2 + x(7) + 0.25 * x(8) * x(9);
  });

  it.each(oracle.dependence)(
    "of column $column is what scikit-learn gives",
    async ({ column, grid, average, individual }) => {
      const options = { column: `x${column}`, output: 0, class: null, grid, individualRows: 40 };
      const found = await partialDependence(model, frame, options);
      expect(dependenceSchema.parse(found)).toEqual(found);
      for (const [k, value] of average.entries()) expect(found.average[k]).toBeCloseTo(value, 9);
      for (const [k, line] of individual.entries())
        for (const [point, value] of line.entries())
          expect(found.individual[k]![point]).toBeCloseTo(value, 9);
    },
  );
  it("accumulates the local effects of a column that others do not touch to its own function", async () => {
    const { accumulated, grid } = await partialDependence(model, frame, {
      column: "x6",
      output: 0,
      class: null,
    });
    for (let k = 1; k < grid.length; k++) {
      const [a, b] = [grid[k - 1] as number, grid[k] as number];
      expect(accumulated![k]! - accumulated![k - 1]!).toBeCloseTo(-0.5 * (b ** 2 - a ** 2), 9);
    }
  });
  it("finds that columns interact, and how much", async () => {
    const few = takeRows(
      frame,
      Int32Array.from({ length: 25 }, (_, row) => row),
    );
    const pairs = [
      ["x0", "x1"],
      ["x6", "x7"],
      ["x2", "x6"],
    ] as const;
    const found = await interactionStrengths(model, few, { output: 0, pairs });
    for (const one of found) expect(interactionSchema.parse(one)).toEqual(one);
    expect(found[0]!.columns).toEqual(["x0", "x1"]);
    expect(found[1]!.strength).toBeLessThan(1e-12);
    // By definition: both effects of x0 * x1 are products with the other's mean.
    const [a, b] = [numbers(few, "x0"), numbers(few, "x1")];
    const mean = (values: ArrayLike<number>) =>
      Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
    const centred = (values: number[]) => values.map((value) => value - mean(values));
    const joint = centred(Array.from(a, (x, k) => x * b[k]!));
    const [one, other] = [
      centred(Array.from(a, (x) => x * mean(b))),
      centred(Array.from(b, (x) => x * mean(a))),
    ];
    const rest = joint.reduce((sum, value, k) => sum + (value - one[k]! - other[k]!) ** 2, 0);
    const all = joint.reduce((sum, value) => sum + value ** 2, 0);
    expect(found[0]!.strength).toBeCloseTo(rest / all, 9);
  });
});

function people(rows: number): Frame {
  const random = createRandom("people");
  const cities = ["Basel", "Bern", "Genf"];
  return createFrame([
    ["age", { kind: "number", values: Float64Array.from({ length: rows }, () => 20 + random.integer(50)) }],
    [
      "income",
      { kind: "number", values: Float64Array.from({ length: rows }, () => 30 + 70 * random.uniform()) },
    ],
    [
      "city",
      {
        kind: "category",
        dictionary: cities,
        codes: Int32Array.from({ length: rows }, () => random.integer(3)),
      },
    ],
  ]);
}
/** Granted from income 60, or in Bern from age 40. */
const granting = modelOf((frame, row) => {
  const rich = numbers(frame, "income")[row]! >= 60;
  const known = texts(frame, "city")[row] === "Bern" && numbers(frame, "age")[row]! >= 40;
  return rich || known ? 0.9 : 0.2;
});

describe("counterfactuals", () => {
  const data = people(200);
  const poor = createFrame([
    ["age", { kind: "number", values: Float64Array.of(30) }],
    ["income", { kind: "number", values: Float64Array.of(50) }],
    ["city", { kind: "category", dictionary: ["Genf"], codes: Int32Array.of(0) }],
  ]);
  const find = (limits: Parameters<typeof findCounterfactual>[3]["limits"] = {}) =>
    findCounterfactual(granting, poor, 7, {
      data,
      output: 0,
      wanted: { low: 0.5, high: 1 },
      wantedText: "granted",
      limits,
      random: createRandom(1),
    });

  it("change one column where one will do, and no more of it than needed", async () => {
    const found = await find();
    expect(counterfactualSchema.parse(found)).toEqual(found);
    expect(found).toMatchObject({ found: true, row: 7, before: 0.2, after: 0.9 });
    expect(found.changes.map((change) => change.column)).toEqual(["income"]);
    expect(found.changes[0]!.to as number).toBeGreaterThanOrEqual(60);
    expect(found.changes[0]!.to as number).toBeLessThan(62);
    expect(await find()).toEqual(found);
  });
  it("keep to what may change", async () => {
    const found = await find({
      income: { immutable: true },
      age: { direction: "increase", range: [20, 80] },
    });
    expect(found.changes.map((change) => change.column).sort()).toEqual(["age", "city"]);
    const none = await find({ income: { immutable: true }, city: { immutable: true } });
    expect(none).toMatchObject({ found: false, after: null, changes: [] });
  });
});

it("a rule list says in words what a model of rules does", async () => {
  const frame = people(600);
  const predictions = await granting.predict(frame);
  const rules = learnRules(frame, { predictions, class: "granted", random: createRandom(2) });
  expect(ruleListSchema.parse(rules)).toEqual(rules);
  expect(rules.fidelity).toBeGreaterThan(0.85);
  expect(rules.agreement).toBeGreaterThan(0.95);
  expect(rules.rules.at(-1)!.conditions).toEqual([]);
  expect(rules.rules.reduce((sum, rule) => sum + rule.coverage, 0)).toBeCloseTo(1, 9);
  expect(rowPasses(frame, 0, [])).toBe(true);
});
