import { expect, test } from "vitest";
import type { ProjectInput } from "../../foundation/contracts/project.js";
import type { Target } from "../../foundation/contracts/target.js";
import { resolveProject } from "../project/project-file.js";
import { divideData } from "./divide.js";
import { sampledForTime, sampleFindings } from "./sample-division.js";

const ROWS = 160_000;
const rows = Int32Array.from({ length: ROWS }, (_, row) => row);
const target: Target = { task: "regression", values: Float64Array.from(rows) };
const rowHashes = BigUint64Array.from(
  rows,
  (row) => (BigInt(row) * 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn,
);

function division(wanted: ProjectInput, columns: number) {
  const project = resolveProject(wanted);
  const whole = divideData(
    { frame: { rows: ROWS, columns: new Map() }, roles: {}, target: { rows, target } },
    rowHashes,
    project,
  );
  return { whole, sampled: sampledForTime(whole, columns, project) };
}

test("a timed training learns from as many rows as its time can hold, and judges all that test", () => {
  const { whole, sampled } = division({ tuning: { time: "60s" } }, 30);
  const { train, validation, test: judged } = sampled.whole;
  const learnt = whole.whole.train.length + whole.whole.validation.length;
  expect(sampled.sample).toEqual({ rows: train.length + validation.length, of: learnt });
  expect(Math.abs(train.length + validation.length - 120_000)).toBeLessThan(3);
  expect(validation.length / train.length).toBeCloseTo(
    whole.whole.validation.length / whole.whole.train.length,
    3,
  );
  expect(judged).toBe(whole.whole.test);
  expect(sampled.splits).toEqual([sampled.whole]);
  expect(sampleFindings(sampled)[0]?.message).toContain(`120,000 of ${learnt.toLocaleString("en-US")} rows`);
});

test("never from fewer than a hundred thousand; from all where there is time, or where trials are counted", () => {
  const wide = division({ tuning: { time: "60s" } }, 500).sampled.sample;
  expect(Math.abs((wide?.rows ?? 0) - 100_000)).toBeLessThan(3);
  for (const wanted of [{ tuning: { time: "10m" } }, { tuning: { trials: 5 } }, {}]) {
    const { whole, sampled } = division(wanted, 30);
    expect(sampled).toBe(whole);
    expect(sampleFindings(sampled)).toEqual([]);
  }
});
