import { describe, expect, test } from "vitest";
import { z } from "zod";
import { type Change, monitoredRows } from "../../../../test/fixtures/monitored-rows.js";
import { createRandom } from "../../../foundation/base/random.js";
import { defineDriftTest } from "../../../foundation/contracts/drift-test.js";
import { createFrame } from "../../../foundation/contracts/frame.js";
import { driftReportSchema, driftSettingsSchema } from "../../../foundation/contracts/monitoring.js";
import { measureDrift } from "./measure-drift.js";

const settings = driftSettingsSchema.parse({});
const reference = monitoredRows(4000, createRandom("reference"));

function report(rows: number, change: Change = {}) {
  const current = monitoredRows(rows, createRandom("current"), change);
  return measureDrift({
    reference: { inputs: reference },
    current: { inputs: current },
    settings,
    random: createRandom(0),
  });
}
const alarms = (found: ReturnType<typeof report>) =>
  found.checks.filter(({ alarm }) => alarm).map(({ column, check }) => `${column} ${check}`);

describe("drift", () => {
  test("nothing changed, nothing said; the report has its form and is the same again", () => {
    const found = report(2000);
    expect(alarms(found)).toEqual([]);
    expect(found.alarm).toBe(false);
    expect(driftReportSchema.parse(found)).toEqual(found);
    expect(report(2000)).toEqual(found);
    expect(found.columns).toHaveLength(10);
    for (const { bins } of found.columns) {
      expect(bins.reduce((sum, bin) => sum + bin.current, 0)).toBeCloseTo(1, 9);
    }
  });

  test("each kind of change is found by the check for it", () => {
    expect(alarms(report(2000, { shift: 0.3 }))).toContain("normal distribution");
    expect(alarms(report(2000, { missing: 0.1 }))).toContain("gaps missing");
    expect(alarms(report(2000, { correlation: 0.9 }))).toEqual(["null together"]);
    const unseen = report(2000, { unseen: 0.05 });
    expect(alarms(unseen)).toContain("plan unseen");
    expect(unseen.checks.find(({ check }) => check === "unseen")!.examples).toEqual(["new"]);
    expect(alarms(report(200, { shift: 6 }))).toContain("normal range");
  });

  test("a change that is certain but trivial raises no alarm", () => {
    const many = monitoredRows(100_000, createRandom("many"));
    const moved = monitoredRows(100_000, createRandom("moved"), { shift: 0.05 });
    const found = measureDrift({
      reference: { inputs: many },
      current: { inputs: moved },
      settings: { ...settings, multivariate: false },
      random: createRandom(0),
    });
    const check = found.checks.find(({ column, check }) => column === "normal" && check === "distribution")!;
    expect(check.adjusted).toBeLessThan(1e-6);
    expect(check.alarm).toBe(false);
  });

  test("tests of a project's own are asked of the columns they take, and adjusted with all others", () => {
    const seen: string[] = [];
    const own = defineDriftTest({
      ...{ id: "wider", version: 1, summary: "Whether the range has grown.", config: z.strictObject({}) },
      ...{ accepts: ["number"], leastEffect: 0.1 },
      compare({ reference: before, current: now }) {
        seen.push(before.kind);
        const range = ({ values }: { values: ArrayLike<unknown> }) =>
          Math.max(...Array.from(values, Number).filter(Number.isFinite));
        const effect = before.kind === "number" && now.kind === "number" ? range(now) - range(before) : 0;
        return { pValue: effect > 1 ? 1e-9 : 1, effect, examples: ["1", "2", "3", "4", "5", "6"] };
      },
    });
    const asked = (change: Change, test = own) =>
      measureDrift({
        ...{ reference: { inputs: reference }, settings, tests: [test], random: createRandom(0) },
        current: { inputs: monitoredRows(2000, createRandom("current"), change) },
      });
    const found = asked({ shift: 6 });
    expect(new Set(seen)).toEqual(new Set(["number"]));
    expect(alarms(found)).toContain("normal own");
    const check = found.checks.find(({ column, test }) => column === "normal" && test === "wider")!;
    expect(check.adjusted).toBeGreaterThan(check.pValue);
    expect(check.examples).toHaveLength(5);
    expect(driftReportSchema.parse(found)).toEqual(found);
    const wrong = { ...own, compare: () => ({ pValue: 2, effect: 1 }) };
    expect(() => asked({}, wrong)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });

  test("predictions are compared beside the inputs", () => {
    const column = (shift: number, seed: string) => {
      const random = createRandom(seed);
      const values = Float64Array.from({ length: 1000 }, () => random.uniform() * 0.5 + shift);
      return createFrame([["probability of yes", { kind: "number", values }]]);
    };
    const found = measureDrift({
      reference: { inputs: reference, predictions: column(0, "a") },
      current: { inputs: monitoredRows(1000, createRandom("b")), predictions: column(0.1, "b") },
      settings,
      random: createRandom(0),
    });
    expect(found.checks[0]).toMatchObject({ role: "prediction", column: "probability of yes", alarm: true });
  });

  test("empty and one-sided tables give a report without alarms", () => {
    const empty = createFrame([["x", { kind: "number", values: new Float64Array(0) }]]);
    const found = measureDrift({
      reference: { inputs: reference },
      current: { inputs: empty },
      settings,
      random: createRandom(0),
    });
    expect(found).toMatchObject({ alarm: false, checks: [], columns: [] });
    const gone = createFrame([["x", { kind: "number", values: new Float64Array(50).fill(Number.NaN) }]]);
    const present = createFrame([["x", { kind: "number", values: new Float64Array(50).map((_, i) => i) }]]);
    const lost = measureDrift({
      reference: { inputs: present },
      current: { inputs: gone },
      settings: { ...settings, multivariate: false },
      random: createRandom(0),
    });
    expect(lost.checks.filter(({ alarm }) => alarm).map(({ check }) => check)).toEqual(["missing"]);
  });
});
