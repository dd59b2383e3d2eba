import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createBlendScorer } from "../../../src/capabilities/ensembles/blend-scorer.js";
import { selectGreedily } from "../../../src/capabilities/ensembles/greedy.js";
import {
  type CombinationProblem,
  combinedValue,
  metricValue,
  oriented,
} from "../../../src/capabilities/ensembles/problem.js";
import { findMetric } from "../../../src/capabilities/evaluation/metrics/index.js";
import { createRandom } from "../../../src/foundation/base/random.js";
import type { Predictions, Target } from "../../../src/foundation/contracts/target.js";

interface Case {
  readonly metric: string;
  readonly classes: number;
  readonly initial: number;
  readonly steps: number;
  readonly actual: readonly number[];
  readonly weights: readonly number[] | null;
  readonly predictions: readonly (readonly number[])[];
  readonly expected: { readonly weights: number[]; readonly curve: number[]; readonly kept: number };
}
const file = new URL("./greedy.json", import.meta.url);
const cases = JSON.parse(readFileSync(file, "utf8")) as Case[];

function problemOf({ metric, classes, actual, weights, predictions }: Case): CombinationProblem {
  const target: Target =
    classes === 0
      ? { task: "regression", values: Float64Array.from(actual) }
      : {
          task: classes === 2 ? "binary" : "multiclass",
          codes: Int32Array.from(actual),
          classes: Array.from({ length: classes }, (_, k) => `c${k}`),
        };
  return {
    candidates: predictions.map((values) => ({ predictions: predictionsOf(values, classes) })),
    target,
    metric: findMetric(metric, target.task),
    ...(weights ? { weights: Float64Array.from(weights) } : {}),
  };
}

function predictionsOf(values: ArrayLike<number>, classes: number): Predictions {
  const copy = Float64Array.from(values);
  return classes === 0 ? { kind: "values", values: copy } : { kind: "probabilities", values: copy, classes };
}

/** Candidates of unequal skill, with errors in common. */
function made(task: "binary" | "regression", metric: string, rows: number, members: number) {
  const random = createRandom(`${task}/${rows}`);
  const truth = Float64Array.from({ length: rows }, () => random.normal());
  const common = truth.map(() => random.normal());
  const candidates = Array.from({ length: members }, (_, k) => {
    const scores = truth.map((value, row) => value + common[row]! + (1 + k / members) * random.normal());
    if (task === "regression") return { predictions: predictionsOf(scores, 0) };
    const positive = Array.from(scores, (score) => 1 / (1 + Math.exp(-score)));
    return {
      predictions: predictionsOf(
        positive.flatMap((p) => [1 - p, p]),
        2,
      ),
    };
  });
  const target: Target =
    task === "regression"
      ? { task, values: truth }
      : { task, codes: Int32Array.from(truth, (value) => (value > 0 ? 1 : 0)), classes: ["no", "yes"] };
  return { candidates, target, metric: findMetric(metric, task) } satisfies CombinationProblem;
}

const cost = (secondsPerRow: number, bytes: number) => ({ secondsPerRow, bytes });

describe("greedy selection", () => {
  it.each(cases.map((one, k) => [`${one.metric}, case ${k}`, one] as const))(
    "selects what the reference selects: %s",
    (_, one) => {
      const { expected } = one;
      const found = selectGreedily(problemOf(one), { steps: one.steps, initial: one.initial });
      expect(found.steps).toBe(expected.kept);
      for (const [k, weight] of found.weights.entries()) expect(weight).toBeCloseTo(expected.weights[k]!, 12);
      expect(found.curve).toHaveLength(expected.curve.length);
      for (const [k, value] of found.curve.entries()) expect(value).toBeCloseTo(expected.curve[k]!, 9);
      expect(found.value).toBe(found.curve[found.steps - 1]);
    },
  );

  it.each([
    ["binary", "log-loss", 1e-12],
    ["binary", "brier", 1e-12],
    ["binary", "auc", 1e-5],
    ["regression", "mse", 1e-12],
    ["regression", "mae", 1e-12],
  ] as const)("judges blends as the metric does: %s %s", (task, metric, tolerance) => {
    for (const weighted of [false, true]) {
      const plain = made(task, metric, 3000, 4);
      const random = createRandom("weights");
      const problem: CombinationProblem = weighted
        ? { ...plain, weights: Float64Array.from({ length: 3000 }, () => random.uniform()) }
        : plain;
      const scorer = createBlendScorer(problem);
      for (const k of [0, 2, 2]) scorer.take(k);
      const expected = oriented(problem.metric, combinedValue(problem, [1, 1, 2, 0]));
      expect(Math.abs(scorer.scoreWith(1) - expected)).toBeLessThan(tolerance);
      scorer.clear();
      const alone = oriented(problem.metric, metricValue(problem, problem.candidates[3]!.predictions));
      expect(Math.abs(scorer.scoreWith(3) - alone)).toBeLessThan(tolerance);
    }
  });

  it("is never worse than the best candidate, and takes the lower of two equal ones", () => {
    const problem = made("binary", "auc", 2000, 5);
    const twice = { ...problem, candidates: [...problem.candidates, ...problem.candidates] };
    const found = selectGreedily(twice);
    const alone = problem.candidates.map(({ predictions }) => metricValue(problem, predictions));
    expect(found.value).toBeGreaterThanOrEqual(Math.max(...alone));
    expect(Array.from(found.weights.subarray(5))).toEqual([0, 0, 0, 0, 0]);
    expect(found.weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
    expect(selectGreedily(twice)).toEqual(found);
  });

  it("keeps to a number of members and to a budget", () => {
    const problem = made("regression", "rmse", 500, 8);
    expect(selectGreedily(problem, { maxMembers: 2 }).weights.filter((weight) => weight > 0)).toHaveLength(2);
    const candidates = problem.candidates.map((candidate, k) => ({ ...candidate, cost: cost(8 - k, 10) }));
    const priced = { ...problem, candidates };
    for (const seconds of [1, 6, 15, 40]) {
      const found = selectGreedily(priced, { budget: { secondsPerRow: seconds } });
      expect(found.withinBudget).toBe(true);
      expect(found.cost.secondsPerRow).toBeLessThanOrEqual(seconds);
      expect(found.cost.bytes).toBe(10 * found.weights.filter((weight) => weight > 0).length);
    }
    const nothing = selectGreedily(priced, { budget: { secondsPerRow: 0.5, bytes: 100 } });
    expect(nothing.withinBudget).toBe(false);
    expect(nothing.weights[7]).toBe(1);
  });

  it("does not let one expensive member shut out better cheap ones", () => {
    const problem = made("regression", "rmse", 500, 8);
    const candidates = problem.candidates.map((candidate, k) => ({
      ...candidate,
      cost: cost(k === 0 ? 10 : 1.4, 1),
    }));
    const found = selectGreedily({ ...problem, candidates }, { budget: { secondsPerRow: 10 } });
    expect(found.weights[0]).toBe(0);
    expect(found.weights.filter((weight) => weight > 0).length).toBeGreaterThan(3);
  });

  it("averages bags, within the limits", () => {
    const problem = made("binary", "log-loss", 800, 9);
    const options = { steps: 20, bags: { count: 5, share: 0.6, random: createRandom(3) } };
    const found = selectGreedily(problem, options);
    expect(found.weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
    expect(found.value).toBeCloseTo(combinedValue(problem, found.weights), 12);
    const few = selectGreedily(problem, { ...options, maxMembers: 2 });
    expect(few.weights.filter((weight) => weight > 0)).toHaveLength(2);
  });
});
