import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  classTarget,
  frameOf,
  greatestDifference,
  parityGap,
  regressionTargetOf,
  rowSumGap,
} from "../../../../conformance/trainer-testing.js";
import { workContext } from "../../../../conformance/work-context.js";
import { DenseAlgebra, type RadialKernel } from "../../../engines/kernels/dense-algebra.js";
import { createRandom } from "../../../foundation/base/random.js";
import { exactSystem, landmarkSystem } from "../numeric/ridge-system.js";
import { calibrateScores, fitSharedSlope } from "../numeric/score-calibration.js";
import { kernelRidge } from "./kernel-ridge.js";
import { type PointProblem, RidgeBench } from "./ridge-search.js";

interface Oracle {
  x: number[][];
  query: number[][];
  values: number[];
  weights: number[];
  cases: {
    kernel: RadialKernel;
    gammaFactor: number;
    noise: number;
    weighted: boolean;
    predictions: number[];
    heldOut: number[];
  }[];
}
const oracle = JSON.parse(
  readFileSync(new URL("../../../../test/oracles/kernel/kernel-ridge.json", import.meta.url), "utf8"),
) as Oracle;

function using<T>(work: (algebra: DenseAlgebra) => T): T {
  const algebra = DenseAlgebra.acquire();
  try {
    return work(algebra);
  } finally {
    algebra.release();
  }
}

/** The problem of the oracle's rows, centred by the weighted mean. */
function problemOf(weights: readonly number[] | undefined): PointProblem & { mean: number } {
  const rows = oracle.values.length;
  const total = weights?.reduce((sum, weight) => sum + weight, 0) ?? rows;
  const scaled = oracle.values.map((_, i) => ((weights?.[i] ?? 1) * rows) / total);
  const mean = oracle.values.reduce((sum, value, i) => sum + scaled[i]! * value, 0) / rows;
  return {
    rows,
    width: 4,
    points: Float64Array.from(oracle.x.flat()),
    target: regressionTargetOf(oracle.values),
    outputs: 1,
    means: Float64Array.of(mean),
    values: Float64Array.from(oracle.values, (value) => value - mean),
    rootWeights: Float64Array.from(scaled, Math.sqrt),
    mean,
  };
}

describe("kernel ridge against scikit-learn, and held-out values against refits", () => {
  for (const { kernel, gammaFactor, noise, weighted, predictions, heldOut } of oracle.cases) {
    test(`${kernel}, gamma factor ${gammaFactor}, noise ${noise}${weighted ? ", weighted" : ""}`, async () => {
      const config = kernelRidge.config.parse({ kernel, gammaFactor, noise, selection: "none" });
      const train = {
        features: frameOf(oracle.x),
        target: regressionTargetOf(oracle.values),
        ...(weighted ? { weights: Float64Array.from(oracle.weights) } : {}),
      };
      const query = frameOf(oracle.query);
      const fitted = await kernelRidge.fit({ train }, config, workContext());
      expect(greatestDifference(predictions, fitted.predict(query).values)).toBeLessThan(1e-9);
      expect(await parityGap(fitted, query)).toBeLessThan(1e-6);
      const problem = problemOf(weighted ? oracle.weights : undefined);
      using((algebra) => {
        // Every row a landmark: the approximation is exact.
        for (const landmarks of [undefined, Int32Array.from({ length: problem.rows }, (_, i) => i)]) {
          const bench = new RidgeBench(algebra, problem, kernel, landmarks);
          const { solution } = bench.at(gammaFactor, (solve) => solve(noise));
          const values = solution.heldOut.map((value) => value + problem.mean);
          expect(greatestDifference(heldOut, values)).toBeLessThan(landmarks ? 1e-5 : 1e-9);
        }
      });
    });
  }
});

test("landmark solutions and their held-out values equal those of the plain normal equations", () => {
  using((algebra) => {
    const random = createRandom(2);
    const rows = 40;
    const count = 6;
    const between = algebra.matrix(rows, count);
    for (let i = 0; i < rows * count; i++) between.values[i] = random.normal();
    // K_mm = I: the model is plain ridge regression on the columns.
    const among = algebra.matrix(count, count);
    among.values.fill(0);
    for (let i = 0; i < count; i++) among.values[i * (count + 1)] = 1;
    const design = between.values.slice();
    const values = Float64Array.from({ length: rows }, () => random.normal());
    const rootWeights = Float64Array.from({ length: rows }, () => 0.5 + random.uniform());
    const { coefficients, heldOut } = landmarkSystem(algebra, between, among, {
      rootWeights,
      outputs: 1,
      values,
    }).solve(0.7);
    const fitWithout = (left: number) => {
      const gradient = (w: Float64Array) =>
        w.map((value, k) => {
          let sum = 0.7 * value;
          for (let i = 0; i < rows; i++) {
            if (i === left) continue;
            let score = 0;
            for (let j = 0; j < count; j++) score += design[i * count + j]! * w[j]!;
            sum += rootWeights[i]! ** 2 * (score - values[i]!) * design[i * count + k]!;
          }
          return sum;
        });
      let w = new Float64Array(count);
      for (let step = 0; step < 4000; step++) {
        const slope = gradient(w);
        w = w.map((value, k) => value - 0.008 * slope[k]!);
      }
      return w;
    };
    expect(greatestDifference(fitWithout(-1), coefficients)).toBeLessThan(1e-8);
    for (const row of [0, 17, 39]) {
      const w = fitWithout(row);
      let score = 0;
      for (let j = 0; j < count; j++) score += design[row * count + j]! * w[j]!;
      expect(heldOut[row]).toBeCloseTo(score, 8);
    }
  });
});

test("a kernel of equal rows without noise is made definite", () => {
  using((algebra) => {
    const kernel = algebra.copy([1, 1, 1, 1], 2, 2);
    const targets = { rootWeights: Float64Array.of(1, 1), outputs: 1, values: Float64Array.of(-1, 1) };
    const solution = exactSystem(algebra, kernel, targets).solve(1e-30);
    expect(solution.noise).toBeGreaterThan(1e-30);
    expect(solution.coefficients.every(Number.isFinite)).toBe(true);
  });
});

/** Three classes in rings, a little noise. */
function rings(rows: number, seed: number) {
  const random = createRandom(seed);
  const x = Array.from({ length: rows }, () => [random.normal(), random.normal(), random.normal()]);
  const codes = x.map(([a, b]) => {
    const radius = Math.hypot(a!, b!) + 0.1 * random.normal();
    return radius < 0.8 ? 0 : radius < 1.5 ? 1 : 2;
  });
  return { features: frameOf(x), target: classTarget(codes, 3) };
}

function logLoss(values: Float64Array, codes: Int32Array, classes: number): number {
  return codes.reduce((sum, code, row) => sum - Math.log(values[row * classes + code]!), 0) / codes.length;
}

test("exact and with landmarks, it learns rings and knows how sure it is", async () => {
  const test = rings(500, 2);
  for (const exactRows of [2000, 100]) {
    const config = kernelRidge.config.parse({ exactRows, landmarks: 150, selectionRows: 200 });
    const fitted = await kernelRidge.fit({ train: rings(600, 1) }, config, workContext());
    const predictions = fitted.predict(test.features);
    expect(rowSumGap(predictions)).toBeLessThan(1e-12);
    const loss = logLoss(predictions.values, test.target.codes, 3);
    expect(loss).toBeLessThan(0.3);
    const promised = Number(/log loss (\d+\.?\d*)\.$/.exec(fitted.diagnostics.notes![0]!)![1]);
    // The promise is of one slope for all classes; the calibration may do better.
    expect(loss).toBeLessThan(promised + 0.06);
    expect(await parityGap(fitted, test.features)).toBeLessThan(1e-6);
  }
});

test("rows of weight 0 change nothing", async () => {
  const train = rings(120, 3);
  const some = Int32Array.from({ length: 60 }, (_, i) => 2 * i);
  const half = {
    features: frameOf(
      Array.from(some, (row) =>
        [...train.features.columns.values()].map((c) => (c as { values: Float32Array }).values[row]!),
      ),
    ),
    target: { ...train.target, codes: some.map((row) => train.target.codes[row]!) },
  };
  const weights = Float64Array.from({ length: 120 }, (_, row) => (row % 2 === 0 ? 3 : 0));
  const config = kernelRidge.config.parse({});
  const one = await kernelRidge.fit({ train: { ...train, weights } }, config, workContext());
  const two = await kernelRidge.fit({ train: half }, config, workContext());
  expect(
    greatestDifference(two.predict(train.features).values, one.predict(train.features).values),
  ).toBeLessThan(1e-6);
});

test("the shared slope is the minimum, 0 for scores that mislead; the calibration never loses to it", async () => {
  const random = createRandom(4);
  const codes = Int32Array.from({ length: 200 }, () => random.integer(3));
  const weights = new Float64Array(200).fill(1);
  const values = Float64Array.from({ length: 600 }, (_, i) => {
    const own = i % 3 === codes[Math.floor(i / 3)];
    return 0.3 * random.normal() + (own ? 0.4 : 0);
  });
  const scores = { values, classes: 3, codes, weights };
  const { slope, loss } = fitSharedSlope(scores);
  const lossAt = (factor: number) => {
    let sum = 0;
    for (const [row, code] of codes.entries()) {
      const logits = values.subarray(3 * row, 3 * row + 3).map((value) => factor * value);
      sum += Math.log(logits.reduce((total, value) => total + Math.exp(value), 0)) - logits[code]!;
    }
    return sum / codes.length;
  };
  expect(loss).toBeCloseTo(lossAt(slope), 6);
  expect(lossAt(slope)).toBeLessThan(Math.min(lossAt(slope * 1.02), lossAt(slope / 1.02)));
  expect(fitSharedSlope({ ...scores, values: values.map((value) => -value) }).slope).toBe(0);
  const { matrix, offsets } = await calibrateScores(scores, async () => undefined);
  let calibrated = 0;
  for (const [row, code] of codes.entries()) {
    const logits = [0, 1, 2].map(
      (k) => offsets[k]! + [0, 1, 2].reduce((sum, j) => sum + matrix[3 * k + j]! * values[3 * row + j]!, 0),
    );
    calibrated += Math.log(logits.reduce((total, value) => total + Math.exp(value), 0)) - logits[code]!;
  }
  expect(calibrated / codes.length).toBeLessThanOrEqual(loss);
});
