import { describe, expect, it } from "vitest";
import { runEmitted } from "../../../conformance/trainer-graph.js";
import { createRandom } from "../../foundation/base/random.js";
import { createFrame } from "../../foundation/contracts/frame.js";
import type { Metric } from "../../foundation/contracts/metric.js";
import type { Predictions, Target } from "../../foundation/contracts/target.js";
import { fitBlend, projectOnSimplex } from "./blend.js";
import { crossFittedEnsemble } from "./cross-fit.js";
import { distillationRows } from "./distillation.js";
import { selectGreedily } from "./greedy.js";
import { averagePredictions, emitWeightedAverage } from "./predictions.js";
import { type CombinationProblem, combinedValue } from "./problem.js";
import { describeMember, emitStackFeatures, stackFeatures } from "./stack-features.js";
import { judgeStackedLayer, rowsWithTwins } from "./stacking-guard.js";

/** Mean negative log probability, or mean squared error. */
const loss = {
  id: "test-loss",
  direction: "minimize",
  config: { parse: () => ({}) },
  compute({ target, predictions }) {
    const { values } = predictions;
    if (target.task === "regression") {
      return values.reduce((sum, value, row) => sum + (value - target.values[row]!) ** 2 / values.length, 0);
    }
    const classes = target.classes.length;
    return target.codes.reduce(
      (sum, code, row) =>
        sum - Math.log(Math.max(1e-12, values[row * classes + code]!)) / target.codes.length,
      0,
    );
  },
} as Pick<Metric, "id" | "direction" | "compute"> as Metric;

/** Candidate k sees the truth through noise that grows with k. */
function made(classes: number, rows: number, members: number, seed = 1, least = 0.5): CombinationProblem {
  const random = createRandom(`${classes}/${seed}`);
  const codes = Int32Array.from({ length: rows }, () => random.integer(Math.max(2, classes)));
  const truth = Float64Array.from(codes, (code) => code + random.normal());
  const candidates = Array.from({ length: members }, (_, m) => {
    const noise = () => (least + m / members) * random.normal();
    if (classes === 0)
      return { predictions: { kind: "values" as const, values: truth.map((v) => v + noise()) } };
    const values = new Float64Array(rows * classes);
    for (let row = 0; row < rows; row++) {
      const scores = Array.from({ length: classes }, (_, k) =>
        Math.exp((k === codes[row] ? 1 : 0) + noise()),
      );
      const total = scores.reduce((sum, score) => sum + score, 0);
      for (const [k, score] of scores.entries()) values[row * classes + k] = score / total;
    }
    return { predictions: { kind: "probabilities" as const, values, classes } };
  });
  const names = Array.from({ length: classes }, (_, k) => `c${k}`);
  const target: Target =
    classes === 0
      ? { task: "regression", values: truth }
      : { task: classes === 2 ? "binary" : "multiclass", codes, classes: names };
  return { candidates, target, metric: loss };
}
const foldsOf = (rows: number, folds = 5) => Int32Array.from({ length: rows }, (_, row) => row % folds);

describe("blending", () => {
  it.each([0, 2, 3])("finds the least loss on the simplex, for %d classes", (classes) => {
    const problem = made(classes, 400, 6);
    const { weights, value } = fitBlend(problem, { leastWeight: 0 });
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
    expect(value).toBe(combinedValue(problem, weights));
    // No direction from a minimum of a convex function leads down.
    for (let k = 0; k < weights.length; k++) {
      for (const step of [1e-3, 0.05, 0.5, 1]) {
        const moved = weights.map((weight, j) => (1 - step) * weight + (j === k ? step : 0));
        expect(combinedValue(problem, moved)).toBeGreaterThanOrEqual(value - 1e-7 * (1 + value));
      }
    }
    expect(value).toBeLessThanOrEqual(selectGreedily(problem).value + 1e-7);
  });

  it("projects on the simplex", () => {
    expect(Array.from(projectOnSimplex(Float64Array.of(0.3, 0.9, -2)))).toEqual([
      expect.closeTo(0.2, 12),
      expect.closeTo(0.8, 12),
      0,
    ]);
  });
});

describe("cross-fitting", () => {
  it("predicts every row by weights of the other folds", () => {
    const problem = made(3, 300, 5);
    const folds = foldsOf(300);
    const fitted = crossFittedEnsemble(problem, folds, (part) => selectGreedily(part).weights);
    const classes = 3;
    for (const row of [0, 1, 7, 299]) {
      const of = problem.candidates.map(({ predictions }): Predictions => {
        const values = predictions.values.slice(row * classes, (row + 1) * classes);
        return { kind: "probabilities", classes, values };
      });
      const expected = averagePredictions(of, fitted.foldWeights[folds[row]!]!).values;
      for (const [k, value] of expected.entries())
        expect(fitted.predictions.values[row * classes + k]).toBeCloseTo(value, 12);
    }
    const alone = crossFittedEnsemble(problem, new Int32Array(300), () => [1, 0, 0, 0, 0]);
    expect(Array.from(alone.foldWeights[0]!)).toEqual([0.2, 0.2, 0.2, 0.2, 0.2]);
  });

  it("does not flatter a choice among models that know nothing", () => {
    let optimistic = 0;
    let honest = 0;
    for (let seed = 0; seed < 8; seed++) {
      const problem = made(0, 60, 40, seed, 3);
      optimistic += selectGreedily(problem).value;
      honest += crossFittedEnsemble(problem, foldsOf(60), (part) => selectGreedily(part).weights).value;
    }
    expect(honest).toBeGreaterThan(optimistic * 1.02);
  });
});

describe("the guard of the stacked layer", () => {
  const combine = (part: CombinationProblem) => selectGreedily(part, { steps: 20 }).weights;

  it("keeps a layer that helps, and leaves out one that does not", () => {
    const problem = made(2, 600, 6);
    const helps = {
      ...problem,
      candidates: problem.candidates.slice(3),
      stacked: problem.candidates.slice(0, 2),
    };
    expect(judgeStackedLayer(helps, foldsOf(600), { combine })).toMatchObject({ keep: true });
    const useless = { ...problem, stacked: problem.candidates.slice(4) };
    const decision = judgeStackedLayer(useless, foldsOf(600), { combine });
    expect(decision.keep).toBe(false);
    expect(decision.reason).toContain("left out");
    expect(decision.gain.gains).toHaveLength(5);
  });

  it("does not count rows with a twin in another fold", () => {
    const problem = made(2, 600, 6);
    const folds = foldsOf(600);
    const twins = rowsWithTwins(
      Array.from({ length: 600 }, (_, row) => (row < 200 ? `pair ${row >> 1}` : `row ${row}`)),
      folds,
    );
    expect(twins.reduce((sum, twin) => sum + twin, 0)).toBe(200);
    // The stacked model is right about twins only.
    const { codes } = problem.target as { codes: Int32Array };
    const knowing = Float64Array.from({ length: 1200 }, (_, at) => {
      const row = at >> 1;
      return twins[row]
        ? codes[row] === at % 2
          ? 0.99
          : 0.01
        : problem.candidates[5]!.predictions.values[at]!;
    });
    const stacked = [{ predictions: { kind: "probabilities", values: knowing, classes: 2 } as const }];
    const first = { ...problem, candidates: problem.candidates.slice(5) };
    expect(judgeStackedLayer({ ...first, stacked }, folds, { combine }).keep).toBe(true);
    expect(judgeStackedLayer({ ...first, stacked }, folds, { combine, twins }).keep).toBe(false);
    const all = new Uint8Array(600).fill(1);
    const none = judgeStackedLayer({ ...first, stacked }, folds, { combine, twins: all });
    expect(none).toMatchObject({ keep: false, gain: { gains: [] } });
  });
});

describe("in the graph", () => {
  it.each([0, 2, 4])("averages are what they are here, for %d classes", async (classes) => {
    const { candidates } = made(classes, 200, 4);
    const weights = [0.5, 0, 2, 1];
    const members = candidates.map((candidate) => candidate.predictions);
    const graph = await runEmitted(outputsFrame(members), (builder, columns) =>
      emitWeightedAverage(
        builder,
        columns.map((column) => column.value),
        weights,
      ),
    );
    closeTo(graph, averagePredictions(members, weights).values, 1e-6);
  });

  it.each([0, 2, 3])("stack features are what they are here, for %d classes", async (classes) => {
    const rows = 100_000;
    const random = createRandom("probabilities");
    const { candidates, target } = made(classes, 2, 2);
    const width = Math.max(1, classes);
    const members = candidates.map(({ predictions }): Predictions => {
      const values = Float64Array.from({ length: rows * width }, () => 2000 + 30 * random.normal());
      for (let at = 0; classes > 0 && at < values.length; at += classes) {
        const scores = Array.from({ length: classes }, () => Math.exp(6 * random.normal()));
        const total = scores.reduce((sum, score) => sum + score, 0);
        for (const [k, score] of scores.entries()) values[at + k] = score / total;
      }
      return { ...predictions, values };
    });
    const names = target.task === "regression" ? [] : target.classes;
    const described = members.map((predictions, m) => describeMember(`member${m}`, predictions, names));
    const frame = stackFeatures(described, members);
    const columns = [...frame.columns.keys()];
    expect(columns).toHaveLength(2 * (classes === 2 ? 1 : width));
    for (const name of [columns[0]!, columns.at(-1)!]) {
      const graph = await runEmitted(outputsFrame(members), (builder, outputs) => {
        const emitted = emitStackFeatures(
          builder,
          described,
          outputs.map((column) => column.value),
        );
        expect(emitted.map((column) => column.name)).toEqual(columns);
        return emitted.find((column) => column.name === name)!.value;
      });
      const own = (frame.columns.get(name) as { values: Float32Array }).values;
      closeTo(graph, own, 1e-4);
    }
  });

  /** The members' outputs as columns of float32. */
  function outputsFrame(members: readonly Predictions[]) {
    return createFrame(
      members.map(({ kind, values, ...rest }, m) => {
        const width = kind === "probabilities" ? (rest as { classes: number }).classes : 1;
        return [`m${m}`, { kind: "vector", width, values: Float32Array.from(values) }] as const;
      }),
    );
  }

  function closeTo(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
    expect(actual).toHaveLength(expected.length);
    let worst = 0;
    for (let k = 0; k < actual.length; k++) {
      worst = Math.max(worst, Math.abs(actual[k]! - expected[k]!) / (1 + Math.abs(expected[k]!)));
    }
    expect(worst).toBeLessThan(tolerance);
  }
});

describe("distillation", () => {
  it("shares a row among classes by the teacher and the truth", () => {
    const target: Target = { task: "multiclass", codes: Int32Array.of(0, 2), classes: ["a", "b", "c"] };
    const teacher: Predictions = {
      kind: "probabilities",
      classes: 3,
      values: Float64Array.of(0.5, 0.5, 0, 0.001, 0, 0.999),
    };
    const {
      rows,
      target: soft,
      weights,
    } = distillationRows(target, teacher, {
      teacherShare: 0.6,
      weights: Float64Array.of(1, 3),
    });
    expect(Array.from(rows)).toEqual([0, 0, 1]);
    expect(soft).toEqual({ ...target, codes: Int32Array.of(0, 1, 2) });
    expect(Array.from(weights)).toEqual([expect.closeTo(0.7, 12), expect.closeTo(0.3, 12), 3]);
  });

  it("mixes values", () => {
    const target: Target = { task: "regression", values: Float64Array.of(1, 2) };
    const teacher: Predictions = { kind: "values", values: Float64Array.of(3, 2) };
    const { rows, target: mixed, weights } = distillationRows(target, teacher, { teacherShare: 0.5 });
    expect(mixed).toEqual({ task: "regression", values: Float64Array.of(2, 2) });
    expect(Array.from(rows)).toEqual([0, 1]);
    expect(Array.from(weights)).toEqual([1, 1]);
  });
});
