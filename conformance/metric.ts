/** What every metric must hold, built in or not. Call it inside a test file: `metricSuite(metric)`. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Metric, MetricInput } from "../src/foundation/contracts/metric.js";
import {
  type Predictions,
  type Target,
  type TaskType,
  takeTarget,
} from "../src/foundation/contracts/target.js";

const CASES = 40;
const CLOSE = 1e-9;

export function metricSuite(metric: Metric): void {
  const config = () => metric.config.parse({});
  const compute = (input: MetricInput) => metric.compute(input, config());

  describe(`metric ${metric.id}`, () => {
    it("is described and has a default for every setting", () => {
      expect(metric.id).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
      expect(metric.summary.length).toBeGreaterThan(10);
      expect(metric.title.length).toBeGreaterThan(0);
      expect(metric.tasks.length).toBeGreaterThan(0);
      expect(() => config()).not.toThrow();
      expect(() => metric.config.parse({ "no such setting": 1 })).toThrow();
    });

    describe.each(metric.tasks.map((task) => [task]))("for %s", (task) => {
      const check = (holds: (input: MetricInput, seed: number) => void) =>
        fc.assert(fc.property(inputOf(task), fc.nat(), holds), { numRuns: CASES });

      it("does not depend on the order of rows", () => {
        check((input, seed) => same(compute(shuffled(input, seed)), compute(input)));
      });

      it("takes a weight of 2 as the row given twice, and of 0 as no row", () => {
        check((input) => {
          const weights = new Float64Array(rowsOf(input)).map((_, row) => row % 3);
          const copies = Array.from(weights).flatMap((weight, row) => Array<number>(weight).fill(row));
          same(compute({ ...input, weights }), compute(takeInput(input, copies)));
        });
      });

      it("does not depend on the scale of weights", () => {
        check((input) => {
          const weights = new Float64Array(rowsOf(input)).map((_, row) => 1 + (row % 4));
          same(
            compute({ ...input, weights: weights.map((weight) => weight * 8) }),
            compute({ ...input, weights }),
          );
        });
      });

      it("stays in its range", () => {
        check((input) => {
          const value = compute(input);
          if (Number.isNaN(value) || !metric.range) return;
          expect(value).toBeGreaterThanOrEqual(metric.range[0] - CLOSE);
          expect(value).toBeLessThanOrEqual(metric.range[1] + CLOSE);
        });
      });

      it("puts perfect predictions first", () => {
        check((given) => {
          const input = takeInput(given, tellingRows(given.target));
          const best = compute({ ...input, predictions: perfect(input.target) });
          const value = compute(input);
          if (Number.isNaN(best) || Number.isNaN(value)) return;
          const ahead = metric.direction === "maximize" ? best - value : value - best;
          expect(ahead).toBeGreaterThanOrEqual(-CLOSE);
          const end = metric.range?.[metric.direction === "maximize" ? 1 : 0];
          if (end !== undefined && Number.isFinite(end) && allOccur(input.target))
            expect(best).toBeCloseTo(end, 9);
        });
      });

      it("changes nothing it is given", () => {
        check((input) => {
          const before = JSON.stringify(input);
          compute(input);
          expect(JSON.stringify(input)).toBe(before);
        });
      });
    });
  });
}

function same(a: number, b: number): void {
  if (Number.isNaN(a) && Number.isNaN(b)) return;
  expect(Math.abs(a - b)).toBeLessThanOrEqual(CLOSE * Math.max(1, Math.abs(b)));
}

/** Few distinct values, so that ties, absent classes and exact hits are common. */
function inputOf(task: TaskType): fc.Arbitrary<MetricInput> {
  if (task === "regression") {
    const value = fc.integer({ min: 0, max: 12 }).map((n) => n / 2);
    const predicted = fc.integer({ min: 1, max: 40 }).map((n) => n / 7);
    return fc.array(fc.tuple(value, predicted), { minLength: 4, maxLength: 40 }).map((rows) => ({
      target: { task, values: Float64Array.from(rows, (row) => row[0]) },
      predictions: { kind: "values", values: Float64Array.from(rows, (row) => row[1]) },
    }));
  }
  const classes = task === "binary" ? 2 : 4;
  const scores = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: classes, maxLength: classes });
  const row = fc.tuple(fc.nat(classes - 1), scores);
  return fc.array(row, { minLength: 4, maxLength: 40 }).map((rows) => ({
    target: {
      task,
      codes: Int32Array.from(rows, (one) => one[0]),
      classes: Array.from({ length: classes }, (_, k) => `class ${k}`),
    },
    predictions: {
      kind: "probabilities",
      classes,
      values: Float64Array.from(rows.flatMap(([, one]) => shares(one))),
    },
  }));
}

function shares(scores: readonly number[]): number[] {
  const total = scores.reduce((sum, score) => sum + score, 0);
  return scores.map((score) => score / total);
}

function rowsOf({ target }: MetricInput): number {
  return target.task === "regression" ? target.values.length : target.codes.length;
}

function takeInput(input: MetricInput, rows: readonly number[]): MetricInput {
  return {
    target: takeTarget(input.target, rows),
    predictions: takePredictions(input.predictions, rows),
    ...(input.weights ? { weights: Float64Array.from(rows, (row) => input.weights![row]!) } : {}),
  };
}

function takePredictions(predictions: Predictions, rows: readonly number[]): Predictions {
  const width = predictions.kind === "probabilities" ? predictions.classes : 1;
  const values = rows.flatMap((row) =>
    Array.from(predictions.values.subarray(row * width, (row + 1) * width)),
  );
  return { ...predictions, values: Float64Array.from(values) };
}

function shuffled(input: MetricInput, seed: number): MetricInput {
  const keys = Array.from({ length: rowsOf(input) }, (_, row) => Math.sin((row + 1) * ((seed % 9973) + 1)));
  return takeInput(
    input,
    Array.from(keys.keys()).sort((a, b) => keys[a]! - keys[b]!),
  );
}

/** Some metrics ask for positive predictions, which a truth of 0 cannot be met with. */
function tellingRows(target: Target): number[] {
  const rows = Array.from({
    length: target.task === "regression" ? target.values.length : target.codes.length,
  });
  return [...rows.keys()].filter((row) => target.task !== "regression" || target.values[row] !== 0);
}

/** Without one of the classes, some metrics cannot reach their best value. */
function allOccur(target: Target): boolean {
  return target.task === "regression" || new Set(target.codes).size === target.classes.length;
}

function perfect(target: Target): Predictions {
  if (target.task === "regression") return { kind: "values", values: target.values.slice() };
  const classes = target.classes.length;
  const values = new Float64Array(target.codes.length * classes);
  for (const [row, code] of target.codes.entries()) values[row * classes + code] = 1;
  return { kind: "probabilities", values, classes };
}
