/**
 * Promises about chance, tested by chance: each `it` draws data in which the truth is known and counts how often the
 * promise is broken. What one run gave is in `test/oracles/trust/README.md`; draws are seeded, so it repeats.
 */
import { describe, expect, it, vi } from "vitest";
import { createRandom, type Random } from "../../foundation/base/random.js";
import { createFrame } from "../../foundation/contracts/frame.js";
import type { ClassTarget } from "../../foundation/contracts/target.js";
import { predictIntervals, predictSets } from "./conformal/apply.js";
import { calibrateInterval, calibrateSets } from "./conformal/calibrate.js";
import { crossConformalIntervals } from "./conformal/cross-conformal.js";
import { estimateMetrics } from "./intervals/bootstrap.js";
import { compareModels } from "./intervals/compare.js";
import {
  correctedResampledTest,
  delong,
  fiveByTwoTest,
  mcnemar,
  permutationTest,
} from "./intervals/paired-tests.js";
import { findMetric } from "./metrics/index.js";
import { findNovelty } from "./novelty/find-novelty.js";
import { findSlices } from "./slices/find-slices.js";

vi.setConfig({ testTimeout: 600_000 });

const SIMULATIONS = 1000;

function report(name: string, share: number): number {
  process.stdout.write(`${name}: ${(100 * share).toFixed(2)} %\n`);
  return share;
}

const filled = (count: number, make: (index: number) => number) =>
  Float64Array.from({ length: count }, (_, index) => make(index));

describe("conformal coverage over 100 seeds, promised 90 %", () => {
  const ROWS = 999;

  /** Noise grows with |x|; the model knows the mean, and quantiles and scales roughly. */
  function regressionRows(random: Random, count: number) {
    const x = filled(count, () => 4 * random.uniform() - 2);
    const predicted = x.map((value) => Math.sin(value));
    const scale = x.map((value) => 0.3 + 0.4 * Math.abs(value));
    const values = predicted.map((value, row) => value + (0.2 + 0.6 * Math.abs(x[row]!)) * random.normal());
    const bounds = {
      lower: predicted.map((value, row) => value - 1.3 * scale[row]!),
      upper: predicted.map((value, row) => value + 1.3 * scale[row]!),
    };
    return {
      rows: {
        target: { task: "regression", values },
        predictions: { kind: "values", values: predicted },
        calibratedOn: "held-out",
      } as const,
      scale,
      bounds,
    };
  }

  it.each(["absolute", "normalised", "quantile"] as const)("intervals, %s", (method) => {
    let covered = 0;
    for (let seed = 0; seed < 100; seed++) {
      const random = createRandom(`interval/${method}/${seed}`);
      const extras = (one: ReturnType<typeof regressionRows>) =>
        method === "normalised" ? { scale: one.scale } : method === "quantile" ? { bounds: one.bounds } : {};
      const known = regressionRows(random, ROWS);
      const fresh = regressionRows(random, 2000);
      const conformal = calibrateInterval(known.rows, { level: 0.9, ...extras(known) });
      const predicted = fresh.rows.predictions.values;
      const { low, high } = predictIntervals(conformal, { predicted, ...extras(fresh) });
      covered +=
        fresh.rows.target.values.filter((y, row) => y >= low[row]! && y <= high[row]!).length / 2000 / 100;
    }
    expect(Math.abs(report(`intervals, ${method}`, covered) - 0.9)).toBeLessThan(0.01);
  });

  it("intervals, CV+ of a line fitted in ten folds", () => {
    let covered = 0;
    for (let seed = 0; seed < 100; seed++) {
      const random = createRandom(`cv-plus/${seed}`);
      const draw = (count: number) => {
        const x = filled(count, () => random.normal());
        return { x, y: x.map((value) => 2 * value + random.normal()) };
      };
      const known = draw(300);
      const fresh = draw(1000);
      const folds = Int32Array.from(known.x, (_, row) => row % 10);
      const slopes = Array.from({ length: 10 }, (_, fold) => {
        let [xy, xx] = [0, 0];
        for (const [row, x] of known.x.entries()) {
          if (folds[row] === fold) continue;
          xy += x * known.y[row]!;
          xx += x * x;
        }
        return xy / xx;
      });
      const residuals = known.y.map((y, row) => Math.abs(y - slopes[folds[row]!]! * known.x[row]!));
      const foldPredictions = slopes.map((slope) => fresh.x.map((x) => slope * x));
      const { low, high } = crossConformalIntervals({ residuals, folds, foldPredictions, level: 0.9 });
      covered += fresh.y.filter((y, row) => y >= low[row]! && y <= high[row]!).length / 1000 / 100;
    }
    expect(Math.abs(report("intervals, CV+", covered) - 0.9)).toBeLessThan(0.01);
  });

  /** Four classes; stated probabilities are overconfident. */
  function classRows(random: Random, count: number) {
    const codes = new Int32Array(count);
    const values = new Float64Array(4 * count);
    for (let row = 0; row < count; row++) {
      const scores = [0, 1, 2, 3].map((k) => 1.2 * random.normal() - 0.4 * k);
      const share = (sharpness: number) => {
        const raised = scores.map((score) => Math.exp(sharpness * score));
        const total = raised.reduce((sum, one) => sum + one, 0);
        return raised.map((one) => one / total);
      };
      values.set(share(1.6), 4 * row);
      let rest = random.uniform();
      const shares = share(1);
      let truth = 0;
      while (truth < 3 && rest >= shares[truth]!) rest -= shares[truth++]!;
      codes[row] = truth;
    }
    const target: ClassTarget = { task: "multiclass", codes, classes: ["a", "b", "c", "d"] };
    return {
      target,
      predictions: { kind: "probabilities", values, classes: 4 },
      calibratedOn: "held-out",
    } as const;
  }

  it.each([
    ["lac", false],
    ["aps", false],
    ["raps", false],
    ["lac", true],
  ] as const)("sets, %s, by class %s", (method, byClass) => {
    let covered = 0;
    const rows = new Float64Array(4);
    const hits = new Float64Array(4);
    for (let seed = 0; seed < 100; seed++) {
      const random = createRandom(`sets/${method}/${byClass}/${seed}`);
      const conformal = calibrateSets(classRows(random, ROWS), { level: 0.9, method, byClass });
      const { target, predictions } = classRows(random, 2000);
      const sets = predictSets(conformal, predictions.values);
      for (const [row, code] of target.codes.entries()) {
        const hit = sets[4 * row + code]!;
        covered += hit / 2000 / 100;
        rows[code]! += 1;
        hits[code]! += hit;
      }
    }
    expect(Math.abs(report(`sets, ${method}${byClass ? ", by class" : ""}`, covered) - 0.9)).toBeLessThan(
      0.01,
    );
    if (byClass)
      for (const k of [0, 1, 2, 3])
        expect(Math.abs(report(`  class ${k}`, hits[k]! / rows[k]!) - 0.9)).toBeLessThan(0.01);
  });
});

/** Two models of one truth that are equally good but err independently. */
function equalModels(random: Random, count: number) {
  const codes = new Int32Array(count);
  const [first, second] = [new Float64Array(count), new Float64Array(count)];
  for (let row = 0; row < count; row++) {
    codes[row] = random.uniform() < 0.4 ? 1 : 0;
    const common = random.normal();
    for (const scores of [first, second]) {
      const z = 1.2 * codes[row]! - 0.6 + 0.5 * common + 0.7 * random.normal();
      scores[row] = 1 / (1 + Math.exp(-z));
    }
  }
  const predictionsOf = (scores: Float64Array) => ({
    kind: "probabilities" as const,
    classes: 2,
    values: filled(2 * count, (i) => (i % 2 === 1 ? scores[i >> 1]! : 1 - scores[i >> 1]!)),
  });
  const target: ClassTarget = { task: "binary", codes, classes: ["no", "yes"] };
  return {
    target,
    first,
    second,
    firstPredictions: predictionsOf(first),
    secondPredictions: predictionsOf(second),
  };
}

describe("type-I error at 5 %, 1000 simulations", () => {
  it("DeLong, McNemar, permutation", () => {
    const rejected = { delong: 0, mcnemar: 0, permutation: 0 };
    for (let seed = 0; seed < SIMULATIONS; seed++) {
      const random = createRandom(`tests/${seed}`);
      const { target, first, second } = equalModels(random, 200);
      const positive = Uint8Array.from(target.codes);
      if (delong(positive, first, second).pValue <= 0.05) rejected.delong += 1 / SIMULATIONS;
      const right = (scores: Float64Array) =>
        scores.map((score, row) => ((score >= 0.5 ? 1 : 0) === target.codes[row] ? 1 : 0));
      const [a, b] = [right(first), right(second)];
      const only = (x: Float64Array, y: Float64Array) => x.filter((one, row) => one > y[row]!).length;
      if (mcnemar(only(a, b), only(b, a)) <= 0.05) rejected.mcnemar += 1 / SIMULATIONS;
      const loss = (scores: Float64Array) =>
        scores.map((score, row) => -Math.log(target.codes[row] === 1 ? score : 1 - score));
      const differences = loss(first).map((value, row) => value - loss(second)[row]!);
      if (permutationTest(differences, random, 400).pValue <= 0.05) rejected.permutation += 1 / SIMULATIONS;
    }
    expect(report("DeLong", rejected.delong)).toBeLessThan(0.065);
    expect(report("McNemar, exact", rejected.mcnemar)).toBeLessThan(0.065);
    expect(report("permutation", rejected.permutation)).toBeLessThan(0.065);
    expect(rejected.delong).toBeGreaterThan(0.03);
    expect(rejected.permutation).toBeGreaterThan(0.03);
  });

  it.each(["auc", "log-loss", "accuracy"])("paired bootstrap, %s", (id) => {
    const metric = findMetric(id, "binary");
    let rejected = 0;
    for (let seed = 0; seed < SIMULATIONS; seed++) {
      const random = createRandom(`paired/${id}/${seed}`);
      const { target, firstPredictions, secondPredictions } = equalModels(random, 200);
      const rival = { name: "other", predictions: secondPredictions };
      const { verdict } = compareModels(metric, { target, predictions: firstPredictions }, rival, {
        random,
        resamples: 300,
      });
      if (verdict !== "no-clear-difference") rejected += 1 / SIMULATIONS;
    }
    expect(report(`paired bootstrap, ${id}`, rejected)).toBeLessThan(0.07);
  });

  /** Classes by the nearest centre of one of two features that tell equally much. */
  function foldAccuracy(x: Float64Array, codes: Int32Array, inFold: (row: number) => boolean): number {
    const sums = [0, 0];
    const rows = [0, 0];
    for (const [row, code] of codes.entries()) {
      if (inFold(row)) continue;
      sums[code]! += x[row]!;
      rows[code]! += 1;
    }
    const middle = (sums[0]! / rows[0]! + sums[1]! / rows[1]!) / 2;
    const judged = Array.from(codes.keys()).filter(inFold);
    return judged.filter((row) => (x[row]! > middle ? 1 : 0) === codes[row]).length / judged.length;
  }

  it("tests over folds: corrected t of ten and of three times ten, 5x2 F; the plain t for contrast", () => {
    const rejected = { corrected: 0, repeated: 0, plainRepeated: 0, fiveByTwo: 0 };
    for (let seed = 0; seed < SIMULATIONS; seed++) {
      const random = createRandom(`folds/${seed}`);
      const codes = Int32Array.from({ length: 200 }, (_, row) => row % 2);
      const [a, b] = [0, 1].map(() => filled(200, (row) => 0.8 * codes[row]! + random.normal()));
      const differencesOf = (folds: number, times: number) =>
        Float64Array.from(
          Array.from({ length: times }, () => {
            const place = random.permutation(200);
            return Array.from({ length: folds }, (_, fold) => {
              const inFold = (row: number) => place[row]! % folds === fold;
              return foldAccuracy(a!, codes, inFold) - foldAccuracy(b!, codes, inFold);
            });
          }).flat(),
        );
      const count = (pValue: number) => (pValue <= 0.05 ? 1 / SIMULATIONS : 0);
      const repeated = differencesOf(10, 3);
      rejected.corrected += count(correctedResampledTest(repeated.slice(0, 10), 1 / 9).pValue);
      rejected.repeated += count(correctedResampledTest(repeated, 1 / 9).pValue);
      rejected.plainRepeated += count(correctedResampledTest(repeated, 0).pValue);
      rejected.fiveByTwo += count(fiveByTwoTest(differencesOf(2, 5)).pValue);
    }
    expect(report("corrected t, 10 folds", rejected.corrected)).toBeLessThan(0.065);
    expect(report("corrected t, 3 x 10 folds", rejected.repeated)).toBeLessThan(0.08);
    expect(report("5x2 F", rejected.fiveByTwo)).toBeLessThan(0.065);
    expect(report("uncorrected t, 3 x 10 folds", rejected.plainRepeated)).toBeGreaterThan(rejected.repeated);
  });
});

describe("bootstrap intervals, promised 95 %, 1000 simulations", () => {
  it.each(["bca", "percentile"] as const)("%s", (method) => {
    const metrics = ["auc", "accuracy"].map((id) => findMetric(id, "binary"));
    // Of the scores of `equalModels`: both classes normal with unit distance 1.2 and variance 0.74.
    const truth = { auc: 0.838, accuracy: 0.7574 };
    const covered: Record<string, number> = { auc: 0, accuracy: 0 };
    for (let seed = 0; seed < SIMULATIONS; seed++) {
      const random = createRandom(`bootstrap/${seed}`);
      const { target, firstPredictions } = equalModels(random, 150);
      const estimates = estimateMetrics(
        metrics,
        { target, predictions: firstPredictions },
        { random, resamples: 400, method },
      );
      for (const [id, value] of Object.entries(truth)) {
        const { low, high } = estimates.get(id)!;
        if (value >= low! && value <= high!) covered[id]! += 1 / SIMULATIONS;
      }
    }
    for (const id of Object.keys(truth)) {
      expect(report(`${method}, ${id}`, covered[id]!)).toBeGreaterThan(0.925);
      expect(covered[id]!).toBeLessThan(0.975);
    }
  });
});

describe("searches that control chance", () => {
  function slicesOf(random: Random, harm: number) {
    const count = 600;
    const groups = Array.from({ length: 6 }, () =>
      Int32Array.from({ length: count }, () => random.integer(4)),
    );
    const predicted = filled(count, () => random.normal());
    const values = predicted.map((value, row) => {
      const worse = groups[0]![row] === 1 && groups[1]![row] === 2 ? harm : 1;
      return value + worse * random.normal();
    });
    const features = createFrame(
      groups.map(
        (codes, k) => [`g${k}`, { kind: "category", codes, dictionary: ["a", "b", "c", "d"] }] as const,
      ),
    );
    const input = {
      target: { task: "regression", values },
      predictions: { kind: "values", values: predicted },
    } as const;
    return findSlices({ metric: findMetric("rmse", "regression"), input, features, given: [] }).slices;
  }

  it("slices: false alarms in 500 draws without any, and the pair of columns that is worse", () => {
    let alarms = 0;
    let found = 0;
    for (let seed = 0; seed < 500; seed++) {
      const random = createRandom(`slices/${seed}`);
      if (slicesOf(random, 1).length > 0) alarms += 1 / 500;
      const hit = slicesOf(random, 3).some(
        ({ conditions }) =>
          conditions.length === 2 &&
          conditions.every(
            ({ column, value }) => (column === "g0" && value === "b") || (column === "g1" && value === "c"),
          ),
      );
      if (hit) found += 1 / 500;
    }
    expect(report("slices: draws with a false alarm", alarms)).toBeLessThan(0.07);
    expect(report("slices: pair of columns found", found)).toBeGreaterThan(0.8);
  });

  it("strange rows: false alarms, and the share of false ones among those found", () => {
    const draw = (random: Random, count: number, strange: number) =>
      createFrame(
        [0, 1, 2, 3].map((k) => [
          `x${k}`,
          {
            kind: "number",
            values: filled(count, (row) => (row < strange ? 5 : 0) + random.normal()),
          } as const,
        ]),
      );
    let alarms = 0;
    let falseShare = 0;
    for (let seed = 0; seed < 100; seed++) {
      const random = createRandom(`novelty/${seed}`);
      const search = (strange: number) =>
        findNovelty({ learning: draw(random, 800, 0), rows: draw(random, 200, strange), random, most: 200 })!;
      if (search(0).found > 0) alarms += 1 / 100;
      const { found, strangest } = search(20);
      const wrong = strangest.slice(0, found).filter(({ row }) => row >= 20).length;
      falseShare += wrong / Math.max(1, found) / 100;
    }
    expect(report("strange rows: draws with a false alarm", alarms)).toBeLessThan(0.18);
    expect(report("strange rows: false among found", falseShare)).toBeLessThan(0.13);
  });
});
