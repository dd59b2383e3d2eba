import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../../foundation/base/random.js";
import { createFrame, type Frame } from "../../../foundation/contracts/frame.js";
import { largestGap } from "./contributions.js";
import type { ShapleyBudget } from "./estimate.js";
import { createLinearExplainer } from "./linear-explainer.js";
import { createModelExplainer } from "./model-explainer.js";

interface Oracle {
  readonly model: { background: number[][]; rows: number[][]; exact: number[][]; base: number };
  readonly linear: {
    background: number[][];
    rows: number[][];
    coefficients: number[];
    intercept: number;
    independent: number[][];
    correlated: number[][];
  };
}
const path = new URL("../../../../test/oracles/explain/models.json", import.meta.url);
const oracle = JSON.parse(readFileSync(path, "utf8")) as Oracle;

function toFrame(rows: readonly number[][]): Frame {
  return createFrame(
    rows[0]!.map((_, k) => [
      `x${k}`,
      { kind: "number" as const, values: Float64Array.from(rows, (row) => row[k]!) },
    ]),
  );
}

/** The function of record.py. */
const model = {
  outputs: 1,
  async predict(frame: Frame) {
    const column = (k: number) =>
      frame.columns.get(`x${k}`)!.kind === "number"
        ? (frame.columns.get(`x${k}`) as { values: Float64Array }).values
        : new Float64Array();
    const x = Array.from({ length: 10 }, (_, k) => column(k));
    return Float64Array.from({ length: frame.rows }, (_, row) => {
      const at = (k: number) => x[k]![row]!;
      return (
        at(0) * at(1) +
        Math.sin(at(2)) +
        Math.max(at(3), at(4) * at(5)) -
        0.5 * at(6) ** 2 +
        at(7) +
        0.25 * at(8) * at(9)
      );
    });
  },
};

const budget = (change: Partial<ShapleyBudget> = {}): ShapleyBudget => ({
  method: "permutation",
  coalitions: 5000,
  random: createRandom(1),
  ...change,
});

describe("explaining any model", () => {
  const { background, rows, exact, base } = oracle.model;
  const explain = (change: Partial<ShapleyBudget>) =>
    createModelExplainer({ model, space: "value", background: toFrame(background), budget: budget(change) });

  it("gives the exact values of the shap package where every coalition is asked for", async () => {
    const explainer = explain({ exactPlayers: 12 });
    expect(explainer.basis.exact).toBe(true);
    const result = await explainer.explain(toFrame(rows));
    expect(result.base[0]).toBeCloseTo(base, 9);
    for (const [k, value] of exact.flat().entries()) expect(result.values[k]).toBeCloseTo(value, 9);
  });
  it.each([
    ["permutation", 600, 0.05],
    ["kernel", 2000, 0.05],
  ] as const)("%s comes near and adds up", async (method, coalitions, near) => {
    const explainer = explain({ method, coalitions });
    expect(explainer.basis.exact).toBe(false);
    const result = await explainer.explain(toFrame(rows));
    expect(largestGap(result)).toBeLessThan(1e-9);
    const worst = exact
      .flat()
      .reduce((most, value, k) => Math.max(most, Math.abs(value - result.values[k]!)), 0);
    expect(worst).toBeLessThan(near);
  });
  it("gives the same for the same seed, whatever rows stand before", async () => {
    const both = await explain({ coalitions: 100 }).explain(toFrame(rows));
    const first = await explain({ coalitions: 100 }).explain(toFrame(rows.slice(0, 1)));
    expect(both.values.slice(0, 12)).toEqual(first.values);
  });
});

describe("explaining a linear form", () => {
  const { background, rows, coefficients, intercept, independent, correlated } = oracle.linear;
  const explain = (dependence: "independent" | "correlated") =>
    createLinearExplainer({
      anatomy: {
        kind: "linear",
        space: "value",
        width: 5,
        outputs: 1,
        center: new Float32Array(5),
        coefficients: Float64Array.from(coefficients),
        offsets: Float64Array.of(intercept),
      },
      features: coefficients.map((_, k) => ({ name: `x${k}`, columns: [`x${k}`] })),
      read: async (frame) =>
        Float32Array.from({ length: frame.rows * 5 }, (_, at) => {
          const column = frame.columns.get(`x${at % 5}`) as { values: Float64Array };
          return column.values[Math.floor(at / 5)]!;
        }),
      background: toFrame(background),
      dependence,
      budget: budget(),
    });

  it("gives the values of the shap package", async () => {
    const result = await (await explain("independent")).explain(toFrame(rows));
    for (const [k, value] of independent.flat().entries()) expect(result.values[k]).toBeCloseTo(value, 6);
    expect(largestGap(result)).toBeLessThan(1e-9);
  });
  it("shares among correlated columns as the shap package does, which samples", async () => {
    const result = await (await explain("correlated")).explain(toFrame(rows));
    for (const [k, value] of correlated.flat().entries()) {
      expect(Math.abs(result.values[k]! - value)).toBeLessThan(0.03 * Math.max(1, Math.abs(value)));
    }
    expect(largestGap(result)).toBeLessThan(1e-6);
  });
});
