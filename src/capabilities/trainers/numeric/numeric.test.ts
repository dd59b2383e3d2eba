import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { classTarget, frameOf, greatestDifference } from "../../../../conformance/trainer-testing.js";
import { workContext } from "../../../../conformance/work-context.js";
import { createRandom } from "../../../foundation/base/random.js";
import { factorize, solve } from "./cholesky.js";
import { conjugateGradient } from "./conjugate-gradient.js";
import { columnMoments, trainingDesign } from "./design.js";
import { exampleWeights } from "./example-weights.js";
import { rowsOfFold, stratifiedFolds, stratifiedSample } from "./folds.js";
import { accumulateGram, mirrorUpper } from "./gram.js";
import { minimize } from "./lbfgs.js";
import { sigmoid, softmaxRows, softplus } from "./links.js";
import { createCheckpoint } from "./pace.js";
import { fitSigmoid } from "./platt.js";
import { addRows, rowProducts } from "./row-products.js";

const size = fc.integer({ min: 1, max: 14 });
const seed = fc.integer({ min: 0, max: 10_000 });
const normals = (count: number, from: number) => {
  const random = createRandom(from);
  return Float64Array.from({ length: count }, () => random.normal());
};

function gramOf(vectors: Float64Array, count: number, length: number): Float64Array {
  const gram = new Float64Array(count * count);
  accumulateGram(vectors, count, length, gram);
  mirrorUpper(gram, count);
  return gram;
}

function multiply(matrix: Float64Array, vector: Float64Array): Float64Array {
  const n = vector.length;
  return vector.map((_, i) => vector.reduce((sum, value, j) => sum + matrix[i * n + j]! * value, 0));
}

describe("dense products", () => {
  test("the Gram matrix is that of the definition, for any shape", () => {
    fc.assert(
      fc.property(size, size, seed, (count, length, from) => {
        const vectors = normals(count * length, from);
        const gram = gramOf(vectors, count, length);
        for (let i = 0; i < count; i++) {
          for (let j = 0; j < count; j++) {
            let sum = 0;
            for (let k = 0; k < length; k++) sum += vectors[i * length + k]! * vectors[j * length + k]!;
            expect(gram[i * count + j]).toBeCloseTo(sum, 10);
          }
        }
      }),
    );
  });

  test("four rows at a time, or fewer, as one by one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), size, seed, (count, width, from) => {
        const rows = count + 2;
        const design = { rows, width, values: Float32Array.from(normals(rows * width, from)) };
        const coefficients = normals(width + 3, from + 1);
        const products = new Float64Array(4);
        rowProducts(design, 2, count, coefficients, 3, products);
        const factors = Float64Array.of(1, -2, 0.5, 7);
        const sums = new Float64Array(width + 1);
        addRows(design, 2, count, factors, sums, 1);
        const expected = new Float64Array(width + 1);
        for (let i = 0; i < count; i++) {
          let product = 0;
          for (let j = 0; j < width; j++) {
            const value = design.values[(2 + i) * width + j]!;
            product += value * coefficients[3 + j]!;
            expected[1 + j]! += factors[i]! * value;
          }
          expect(products[i]).toBeCloseTo(product, 10);
        }
        expect(greatestDifference(expected, sums)).toBeLessThan(1e-12);
      }),
    );
  });
});

describe("linear systems", () => {
  test("pivoted Cholesky solves definite and consistent semidefinite systems, and finds their rank", () => {
    fc.assert(
      fc.property(size, size, seed, (count, length, from) => {
        const gram = gramOf(normals(count * length, from), count, length);
        const right = multiply(gram, normals(count, from + 1));
        const factor = factorize(gram.slice(), count);
        expect(factor.rank).toBe(Math.min(count, length));
        expect(greatestDifference(right, multiply(gram, solve(factor, right)))).toBeLessThan(1e-7);
      }),
    );
    expect(factorize(new Float64Array(4), 2).rank).toBe(0);
  });

  test("conjugate gradients agree with Cholesky", async () => {
    const gram = gramOf(normals(8 * 20, 3), 8, 20);
    const right = normals(8, 4);
    const { solution, converged } = await conjugateGradient({
      multiply: (vector) => multiply(gram, vector),
      diagonal: right.map((_, i) => gram[i * 8 + i]!),
      right,
      tolerance: 1e-12,
      maxIterations: 100,
      checkpoint: async () => undefined,
    });
    expect(converged).toBe(true);
    expect(greatestDifference(solve(factorize(gram.slice(), 8), right), solution)).toBeLessThan(1e-9);
  });
});

describe("L-BFGS", () => {
  test("finds the bottom of Rosenbrock's valley", async () => {
    const { point, converged } = await minimize({
      start: Float64Array.of(-1.2, 1),
      evaluate(x, gradient) {
        const [a, b] = [x[0]!, x[1]!];
        gradient[0] = -400 * a * (b - a * a) - 2 * (1 - a);
        gradient[1] = 200 * (b - a * a);
        return 100 * (b - a * a) ** 2 + (1 - a) ** 2;
      },
      tolerance: 1e-9,
      maxIterations: 200,
    });
    expect(converged).toBe(true);
    expect(point[0]).toBeCloseTo(1, 6);
    expect(point[1]).toBeCloseTo(1, 6);
  });

  test("with an L1 term it soft-thresholds: exact zeros included", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 1, maxLength: 8 }),
        async (center) => {
          const { point } = await minimize({
            start: new Float64Array(center.length),
            evaluate(x, gradient) {
              let value = 0;
              for (let i = 0; i < x.length; i++) {
                const curvature = 1 + i;
                gradient[i] = curvature * (x[i]! - center[i]!);
                value += (curvature / 2) * (x[i]! - center[i]!) ** 2;
              }
              return value;
            },
            absolute: new Float64Array(center.length).fill(1),
            tolerance: 1e-9,
            maxIterations: 500,
          });
          for (const [i, value] of center.entries()) {
            const expected = Math.sign(value) * Math.max(0, Math.abs(value) - 1 / (1 + i));
            expect(point[i]).toBeCloseTo(expected, 6);
            if (expected === 0) expect(Math.abs(point[i]!)).toBe(0);
          }
        },
      ),
    );
  });
});

describe("links", () => {
  test("stay finite and right for scores of any size", () => {
    for (const score of [-1e308, -800, -40, -1e-9, 0, 1e-9, 40, 800, 1e308]) {
      expect(sigmoid(score) + sigmoid(-score)).toBeCloseTo(1, 12);
      expect(softplus(score) - softplus(-score)).toBeCloseTo(score, 6);
      expect([...softmaxRows(Float64Array.of(score, 0), 2)][0]).toBeCloseTo(sigmoid(score), 12);
    }
  });

  test("Platt's sigmoid is where its gradient vanishes", () => {
    const scores = normals(300, 5);
    const random = createRandom(6);
    const positive = [...scores].map((score) => (random.uniform() < sigmoid(2 * score - 0.5) ? 1 : 0));
    const { slope, offset } = fitSigmoid(scores, positive);
    const count = positive.filter(Boolean).length;
    const high = (count + 1) / (count + 2);
    const low = 1 / (300 - count + 2);
    let slopeGradient = 0;
    let offsetGradient = 0;
    for (const [i, score] of scores.entries()) {
      const residual = sigmoid(slope * score + offset) - (positive[i] ? high : low);
      slopeGradient += residual * score;
      offsetGradient += residual;
    }
    expect(slopeGradient).toBeCloseTo(0, 5);
    expect(offsetGradient).toBeCloseTo(0, 5);
    expect(Math.abs(slope - 2)).toBeLessThan(0.6);
  });
});

describe("rows", () => {
  const groups = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 5, maxLength: 120 });

  test("folds part the rows, and each group, evenly", () => {
    fc.assert(
      fc.property(groups, seed, (codes, from) => {
        const folds = stratifiedFolds(codes, 5, createRandom(from));
        const all = [0, 1, 2, 3, 4].flatMap((fold) => [...rowsOfFold(folds, fold, true)]);
        expect(all.sort((a, b) => a - b)).toEqual(codes.map((_, row) => row));
        for (const group of new Set(codes)) {
          const counts = [0, 1, 2, 3, 4].map(
            (fold) => codes.filter((code, row) => code === group && folds[row] === fold).length,
          );
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  test("a sample has just the rows asked for, keeps each group, in proportion", () => {
    fc.assert(
      fc.property(groups, fc.integer({ min: 4, max: 60 }), seed, (codes, limit, from) => {
        const sample = stratifiedSample(codes, limit, createRandom(from));
        if (codes.length <= limit) {
          expect(sample).toBeUndefined();
          return;
        }
        expect(new Set(sample).size).toBe(limit);
        for (const group of new Set(codes)) {
          const share = codes.filter((code) => code === group).length / codes.length;
          const kept = [...sample!].filter((row) => codes[row] === group).length;
          expect(kept).toBeGreaterThanOrEqual(1);
          expect(Math.abs(kept - share * limit)).toBeLessThanOrEqual(4);
        }
      }),
    );
  });

  test("balanced weights give each class that occurs the same total", () => {
    const target = classTarget([0, 0, 0, 1, 2], 4);
    const weights = exampleWeights(target, Float64Array.of(1, 2, 1, 4, 0.5), "balanced")!;
    const totals = [0, 0, 0, 0];
    for (const [row, code] of target.codes.entries()) totals[code]! += weights[row]!;
    expect(totals[0]).toBeCloseTo(totals[1]!, 12);
    expect(totals[1]).toBeCloseTo(totals[2]!, 12);
    expect(totals[3]).toBe(0);
  });

  test("moments are weighted, exact about large means, and 1 for constant columns", () => {
    const features = frameOf([
      [1e6, 5, 1.7e9],
      [1e6 + 2, 5, 1.7e9],
    ]);
    const { mean, deviation, scale, weightSum } = columnMoments(
      trainingDesign(features, "test"),
      Float64Array.of(3, 1),
    );
    expect([...mean]).toEqual([1e6 + 0.5, 5, 1.7e9]);
    expect(deviation[0]).toBeCloseTo(Math.sqrt(0.75), 12);
    expect([...scale.slice(1)]).toEqual([1, 1]);
    expect(weightSum).toBe(4);
  });
});

test("a checkpoint lets the signal through and stops the work", async () => {
  const controller = new AbortController();
  let elapsed = 0;
  const clock = { now: () => 0, elapsed: () => (elapsed += 60) };
  const context = { ...workContext(), clock, signal: controller.signal };
  const checkpoint = createCheckpoint(context, "fit", 10);
  setImmediate(() => controller.abort(new Error("enough")));
  const work = async () => {
    for (let iteration = 0; iteration < 1000; iteration++) await checkpoint(iteration);
  };
  await expect(work()).rejects.toThrow("enough");
});
