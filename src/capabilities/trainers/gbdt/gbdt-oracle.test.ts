import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { trainingContext } from "../../../../conformance/trainer.js";
import { createFrame } from "../../../foundation/contracts/frame.js";
import type { Target } from "../../../foundation/contracts/target.js";
import { gbdt } from "./gbdt.js";

/** Recorded by test/oracles/gbdt/record.py; the data below is made by the same formula. */
const oracle = new URL("../../../../test/oracles/gbdt/lightgbm.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(oracle, "utf8")) as { cases: Record<string, number[]> };

const ROWS = 1500;
const COLUMNS = 5;

function uniform(count: number, seed: number): Float64Array {
  let state = BigInt(seed);
  return Float64Array.from({ length: count }, () => {
    state = (state * 1103515245n + 12345n) % 2147483648n;
    return Number(state) / 2147483648;
  });
}

function data(missing: boolean) {
  const x = uniform(ROWS * COLUMNS, 1).map((u) => Math.floor(u * 40));
  const noise = uniform(ROWS, 2);
  const at = (row: number, column: number) => x[row * COLUMNS + column]!;
  const signal = Float64Array.from(
    noise,
    (u, row) => at(row, 0) / 40 + (at(row, 1) > 20 ? at(row, 2) / 40 : 0) + 0.5 * u,
  );
  const holes = uniform(ROWS * COLUMNS, 3);
  const columns = Array.from({ length: COLUMNS }, (_, column) => {
    const value = (row: number) =>
      missing && holes[row * COLUMNS + column]! < 0.15 ? Number.NaN : at(row, column);
    const values = Float32Array.from({ length: ROWS }, (_, row) => value(row));
    return [`x${column}`, { kind: "number", values }] as const;
  });
  return { features: createFrame(columns), signal };
}

function targetOf(name: string, signal: Float64Array): Target {
  const codes = (code: (value: number) => number) => Int32Array.from(signal, code);
  if (name.startsWith("binary")) {
    return { task: "binary", codes: codes((value) => (value > 0.9 ? 1 : 0)), classes: ["0", "1"] };
  }
  if (name.startsWith("multiclass")) {
    const code = (value: number) => (value >= 1.0 ? 2 : value >= 0.55 ? 1 : 0);
    return { task: "multiclass", codes: codes(code), classes: ["0", "1", "2"] };
  }
  if (name.startsWith("poisson"))
    return { task: "regression", values: signal.map((value) => Math.floor(4 * value)) };
  return { task: "regression", values: signal };
}

it.each(Object.keys(cases))("predicts what LightGBM predicts: %s", async (name) => {
  const { features, signal } = data(name.includes("missing"));
  const config = gbdt.config.parse({
    objective: name.startsWith("poisson") ? "poisson" : "auto",
    iterations: 20,
    leaves: 12,
    learningRate: 0.2,
    minRowsPerLeaf: 1,
    minChildWeight: 2,
    l2: 1,
    columnShareByNode: 1,
  });
  const fitted = await gbdt.fit(
    { train: { features, target: targetOf(name, signal) } },
    config,
    trainingContext(),
  );
  const { values } = fitted.predict(features);
  const distances = cases[name]!.map((expected, k) => Math.abs(values[k]! - expected)).sort((a, b) => a - b);
  // A split between equal gains may fall differently and move single rows.
  expect(distances[Math.floor(distances.length * 0.9)]!).toBeLessThan(1e-5);
});
