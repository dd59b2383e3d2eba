import { describe, expect, it } from "vitest";
import { trainerSuite, trainingContext } from "../../../../conformance/trainer.js";
import { predictInGraph } from "../../../../conformance/trainer-graph.js";
import { createRandom } from "../../../foundation/base/random.js";
import { createFrame, type Frame } from "../../../foundation/contracts/frame.js";
import type { TrainingContext } from "../../../foundation/contracts/trainer.js";
import { gbdt } from "./gbdt.js";

trainerSuite(gbdt, { predictInGraph, config: { iterations: 20 } });
describe("with linear leaves and random thresholds", () => {
  const config = { iterations: 12, linearLeaves: true, extraTrees: true, leaves: 8, categories: "ordinal" };
  trainerSuite(gbdt, { predictInGraph, config });
});
describe("with categories one by one, sampled", () => {
  const config = { iterations: 12, categories: "one-hot", rowShare: 0.7, columnShare: 0.5, pathSmoothing: 5 };
  trainerSuite(gbdt, { predictInGraph, config });
});

const numbers = (values: Iterable<number>) =>
  ({ kind: "number", values: Float32Array.from(values) }) as const;

/** x uniform in [0, 4), noise, and a category with more values than bins. */
function sample(rows: number, seed: number) {
  const random = createRandom(seed);
  const x = Float32Array.from({ length: rows }, () => 4 * random.uniform());
  const noise = Float32Array.from({ length: rows }, () =>
    random.uniform() < 0.1 ? Number.NaN : random.normal(),
  );
  const code = Float32Array.from({ length: rows }, () => Math.floor(600 * random.uniform() ** 3));
  const categories = Array.from({ length: 600 }, (_, k) => `place ${k}`);
  const features = createFrame([
    ["x", numbers(x)],
    ["noise", numbers(noise)],
    ["place", { ...numbers(code), categories }],
  ]);
  const values = Float64Array.from(x, (v, row) => v + Math.sin(code[row]!) + 0.5 * random.normal());
  return { features, values };
}

function fitRegression(
  features: Frame,
  values: Float64Array,
  config: Record<string, unknown>,
  context: Partial<TrainingContext> = {},
) {
  const train = { features, target: { task: "regression", values } as const };
  return gbdt.fit({ train }, gbdt.config.parse({ iterations: 60, ...config }), trainingContext(context));
}

const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("gbdt", () => {
  const { features, values } = sample(3000, 1);
  const test = sample(1000, 2);

  it.each(["squared", "absolute", "huber"])("learns with the objective %s", async (objective) => {
    const fitted = await fitRegression(features, values, { objective });
    const predicted = fitted.predict(test.features).values;
    const error = mean(predicted.map((value, row) => Math.abs(value - test.values[row]!)));
    expect(error).toBeLessThan(0.62);
  });

  it.each([0.1, 0.5, 0.9])("estimates the quantile %d", async (quantile) => {
    const fitted = await fitRegression(features, values, { objective: "quantile", quantile });
    const predicted = fitted.predict(test.features).values;
    const below = mean(predicted.map((value, row) => (test.values[row]! <= value ? 1 : 0)));
    expect(Math.abs(below - quantile)).toBeLessThan(0.06);
  });

  it.each(["poisson", "tweedie"])("predicts positive rates with the objective %s", async (objective) => {
    const random = createRandom(3);
    const counts = values.map((value) => {
      let count = 0;
      for (let p = random.uniform(); p > Math.exp(-Math.exp(0.5 * value)); p *= random.uniform()) count++;
      return count;
    });
    const fitted = await fitRegression(features, counts, { objective });
    const predicted = fitted.predict(features).values;
    expect(Math.min(...predicted)).toBeGreaterThan(0);
    expect(Math.abs(mean(predicted) / mean(counts) - 1)).toBeLessThan(0.05);
    const graph = await predictInGraph(fitted, test.features);
    const own = fitted.predict(test.features).values;
    for (const [row, value] of graph.entries()) expect(Math.abs(value / own[row]! - 1)).toBeLessThan(1e-5);
    await expect(fitRegression(features, values, { objective })).rejects.toThrow("non-negative");
  });

  it("gives the same model for a target in any unit", async () => {
    const plain = (await fitRegression(features, values, {})).predict(test.features).values;
    for (const unit of [2 ** 100, 2 ** -100]) {
      const scaled = await fitRegression(
        features,
        values.map((value) => value * unit),
        {},
      );
      const predicted = scaled.predict(test.features).values;
      for (const [row, value] of predicted.entries()) expect(value / unit).toBeCloseTo(plain[row]!, 4);
    }
  });

  it("keeps a monotone constraint for every row", async () => {
    const config = { monotone: { x: -1 as const }, iterations: 40 };
    const fitted = await fitRegression(features, values, config);
    const grid = Array.from({ length: 200 }, (_, k) => k / 50);
    for (const place of [0, 3, 599, Number.NaN]) {
      const categories = (features.columns.get("place") as { categories: readonly string[] }).categories;
      const line = createFrame([
        ["x", numbers(grid)],
        ["noise", numbers(grid.map(() => 0.3))],
        ["place", { ...numbers(grid.map(() => place)), categories }],
      ]);
      const predicted = fitted.predict(line).values;
      for (let k = 1; k < predicted.length; k++)
        expect(predicted[k]!).toBeLessThanOrEqual(predicted[k - 1]! + 1e-9);
    }
    await expect(fitRegression(features, values, { monotone: { y: 1 } })).rejects.toThrow('"y"');
  });

  it("exports rare and unknown categories, infinities and gaps as it predicts them", async () => {
    const fitted = await fitRegression(features, values, {
      leaves: 63,
      minRowsPerLeaf: 3,
      minRowsPerCategoryGroup: 2,
    });
    const place = features.columns.get("place") as { categories: readonly string[] };
    const codes = [...Array(600).keys(), Number.NaN, -1, 600, 2.5, Number.POSITIVE_INFINITY];
    const extremes = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NaN, 1, 3];
    const frame = createFrame([
      ["x", numbers(codes.map((_, k) => extremes[k % 5]!))],
      ["noise", numbers(codes.map((_, k) => extremes[(k >> 2) % 5]!))],
      ["place", { ...numbers(codes), categories: place.categories }],
    ]);
    const graph = await predictInGraph(fitted, frame);
    const own = fitted.predict(frame).values;
    for (const [row, value] of graph.entries()) expect(Math.abs(value - own[row]!)).toBeLessThan(1e-5);
  });

  it("reaches what was best on validation again, without looking at it", async () => {
    const { features, values } = sample(400, 5);
    const fresh = sample(200, 6);
    const data = {
      train: { features, target: { task: "regression" as const, values } },
      validation: { features: fresh.features, target: { task: "regression" as const, values: fresh.values } },
    };
    const config = gbdt.config.parse({ earlyStopping: 10, learningRate: 0.2, rowShare: 0.8 });
    const best = await gbdt.fit(data, config, trainingContext());
    const settled = gbdt.settle!(config, best.diagnostics.bestIteration!)!;
    const again = await gbdt.fit(data, settled, trainingContext());
    expect(again.predict(fresh.features)).toEqual(best.predict(fresh.features));
    expect(gbdt.settle!({ ...config, earlyStopping: 0 }, 5)).toBeUndefined();
  });

  it("stops on validation, within the limits given", async () => {
    const data = {
      train: { features, target: { task: "regression", values } as const },
      validation: { features: test.features, target: { task: "regression", values: test.values } as const },
    };
    const config = gbdt.config.parse({ earlyStopping: 10, learningRate: 0.2 });
    const stopped = await gbdt.fit(data, config, trainingContext());
    const { iterations, bestIteration, size, curves } = stopped.diagnostics;
    expect(iterations).toBe(bestIteration! + 10);
    expect(size!.trees).toBe(bestIteration);
    expect(curves!.validationLoss).toHaveLength(iterations!);
    const capped = await gbdt.fit(data, config, trainingContext({ maxIterations: 7 }));
    expect(capped.diagnostics.iterations).toBe(7);
  });

  it("gives rare classes more room with balanced weights", async () => {
    const codes = Int32Array.from(values, (value) => (value > 4.5 ? 1 : 0));
    const target = { task: "binary", codes, classes: ["no", "yes"] } as const;
    const share = async (classWeights: string) => {
      const config = gbdt.config.parse({ iterations: 30, classWeights });
      const fitted = await gbdt.fit({ train: { features, target } }, config, trainingContext());
      const { values: p } = fitted.predict(test.features);
      return mean(p.filter((_, k) => k % 2 === 1));
    };
    expect(await share("balanced")).toBeGreaterThan(1.5 * (await share("none")));
  });

  it("fits each leaf's line by ridge regression, missing values as the mean", async () => {
    const random = createRandom(8);
    const rows = 400;
    const x = Float32Array.from({ length: rows }, () =>
      random.uniform() < 0.1 ? Number.NaN : random.normal(),
    );
    const slope = (v: number) => (Number.isNaN(v) ? 0.5 : v > 0 ? 3 * v : 1 - v);
    const y = Float64Array.from(x, (v) => slope(v) + 0.1 * random.normal());
    const frame = createFrame([["x", numbers(x)]]);
    const config = { iterations: 1, learningRate: 1, leaves: 2, linearLeaves: true, linearL2: 2, l2: 0.5 };
    const fitted = await fitRegression(frame, y, config);
    const { ensemble } = fitted.state;
    const threshold = ensemble.nodeThreshold[0]!;
    const missingLeft = (ensemble.nodeFlags[0]! & 1) === 1;
    const side = (v: number) => (Number.isNaN(v) ? missingLeft : v <= threshold);
    const present = Array.from(x).filter((v) => !Number.isNaN(v));
    const center = present.reduce((sum, v) => sum + v, 0) / present.length;
    const spread = Math.sqrt(present.reduce((sum, v) => sum + (v - center) ** 2, 0) / present.length);
    const z = Array.from(x, (v) => (Number.isNaN(v) ? 0 : (v - center) / spread));
    const average = mean(y);
    const predicted = fitted.predict(frame).values;
    for (const left of [true, false]) {
      const of = Array.from(x.keys()).filter((row) => side(x[row]!) === left);
      const sum = (term: (row: number) => number) => of.reduce((total, row) => total + term(row), 0);
      const [a, b, d] = [of.length + 0.5, sum((row) => z[row]!), sum((row) => z[row]! ** 2) + 2];
      const [p, q] = [sum((row) => y[row]! - average), sum((row) => (y[row]! - average) * z[row]!)];
      const line = (row: number) => average + (p * d - q * b + (a * q - b * p) * z[row]!) / (a * d - b * b);
      for (const row of of) expect(predicted[row]!).toBeCloseTo(line(row), 4);
    }
    const far = fitted.predict(createFrame([["x", numbers([1e6, Math.max(...present)])]])).values;
    expect(far[0]).toBe(far[1]);
  });

  it("refuses linear leaves where they cannot be", async () => {
    for (const other of [{ monotone: { x: 1 as const } }, { objective: "absolute" }]) {
      await expect(fitRegression(features, values, { linearLeaves: true, ...other })).rejects.toThrow(
        "linearLeaves",
      );
    }
  });

  it("tries every threshold of a feature with few values when thresholds are random", async () => {
    const code = Float32Array.from({ length: 500 }, (_, row) => row % 4);
    const frame = createFrame([["code", numbers(code)]]);
    const y = Float64Array.from(code, (v) => (v >= 2 ? 1 : 0));
    const config = { iterations: 1, learningRate: 1, leaves: 2, l2: 0 };
    const [all, drawn] = [
      await fitRegression(frame, y, config),
      await fitRegression(frame, y, { ...config, extraTrees: true }),
    ];
    expect(drawn.predict(frame)).toEqual(all.predict(frame));
  });

  it("refuses an objective that does not fit the task", async () => {
    await expect(fitRegression(features, values, { objective: "binary" })).rejects.toThrow("does not fit");
  });

  it("has gone a whole step from the mean when its time was up before it began", async () => {
    const ended: number[] = [];
    const timeLimit = { wrapUp: AbortSignal.abort(), reached: (done: number) => void ended.push(done) };
    const fitted = await fitRegression(features, values, { learningRate: 0.2 }, { timeLimit });
    const spread = mean(test.values.map((value) => Math.abs(value - mean(test.values))));
    const predicted = fitted.predict(test.features).values;
    const error = mean(predicted.map((value, row) => Math.abs(value - test.values[row]!)));
    expect(ended).toHaveLength(1);
    expect(ended[0]).toBeGreaterThanOrEqual(5);
    expect(ended[0]).toBeLessThan(60);
    expect(error).toBeLessThan(0.7 * spread);
  });

  it("reports its progress", async () => {
    const stages: string[] = [];
    await fitRegression(
      features,
      values,
      { iterations: 5 },
      { report: ({ stage, done }) => stages.push(`${stage} ${done}`) },
    );
    expect(stages).toEqual(["bin 1", "boost 1", "boost 2", "boost 3", "boost 4", "boost 5"]);
  });
});
