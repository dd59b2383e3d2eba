/** Against SciPy and Optuna; see test/oracles/tuning. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createRandom } from "../../foundation/base/random.js";
import type { Observation } from "../../foundation/contracts/sampler.js";
import type { Configuration, SearchSpace } from "../../foundation/contracts/search-space.js";
import { fanovaImportance } from "./importance/fanova.js";
import { permutationImportance } from "./importance/permutation.js";
import { normalCdf, normalQuantile } from "./numeric/normal.js";
import { signedRankGreater } from "./numeric/signed-rank.js";
import { scrambledSobol, sobolWord } from "./numeric/sobol.js";
import { medianPruner } from "./pruners/median.js";
import { wilcoxonPruner } from "./pruners/wilcoxon.js";
import { logImprovement } from "./samplers/gaussian-process/expected-improvement.js";

interface Recorded {
  readonly sobol: { readonly words: readonly (readonly number[])[] };
  readonly normal: Record<"z" | "cdf" | "shares" | "quantile" | "far" | "logImprovement", readonly number[]>;
  readonly signedRank: readonly { readonly differences: readonly number[]; readonly p: number }[];
  readonly fanova: readonly {
    readonly function: string;
    readonly trials: readonly { readonly configuration: Configuration; readonly value: number }[];
    readonly importance: Readonly<Record<string, number>>;
  }[];
  readonly pruners: readonly {
    readonly peers: readonly (readonly number[])[];
    readonly own: readonly number[];
    readonly median: readonly boolean[];
    readonly wilcoxon: readonly boolean[];
  }[];
}
const file = new URL("../../../test/oracles/tuning/tuning.json", import.meta.url);
const recorded = JSON.parse(readFileSync(file, "utf8")) as Recorded;

const close = (actual: number, expected: number, relative: number, absolute = 1e-300) =>
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(relative * Math.abs(expected) + absolute);

describe("numbers as SciPy's", () => {
  test("Sobol points", () => {
    for (const [index, words] of recorded.sobol.words.entries())
      expect(words.map((_, dimension) => sobolWord(index, dimension))).toEqual(words);
  });

  test("scrambling keeps one point of 2^k in each of 2^k intervals of every dimension", () => {
    const random = createRandom("scramble");
    for (let dimension = 0; dimension < 100; dimension++) {
      const seed = random.integer(2 ** 32);
      const cells = Array.from({ length: 64 }, (_, index) =>
        Math.floor(64 * scrambledSobol(index, dimension, seed)),
      );
      expect(new Set(cells).size).toBe(64);
    }
  });

  test("normal distribution and log expected improvement, far into the tails", () => {
    const { z, cdf, shares, quantile, far, logImprovement: expected } = recorded.normal;
    for (const [k, value] of z.entries()) close(normalCdf(value), cdf[k]!, 1e-13);
    for (const [k, share] of shares.entries()) close(normalQuantile(share), quantile[k]!, 1e-12, 1e-15);
    for (const [k, value] of far.entries()) close(logImprovement(value).log, expected[k]!, 1e-9);
    for (const value of [-1000, -30, -2, 0.5, 4, 29.9]) {
      const step = 1e-5 * Math.max(1, Math.abs(value));
      const slope = (logImprovement(value + step).log - logImprovement(value - step).log) / (2 * step);
      close(logImprovement(value).slope, slope, 1e-5);
    }
  });

  test("signed-rank test, exact and approximate, with ties and zeros", () => {
    for (const { differences, p } of recorded.signedRank)
      expect(signedRankGreater(differences)).toBeCloseTo(p, 9);
  });
});

const completed = (values: readonly number[], number: number): Observation => {
  const value = values.reduce((a, b) => a + b, 0) / values.length;
  const steps = values.map((reported, k) => ({ step: k + 1, value: reported }));
  return { number, configuration: {}, state: "complete", value, steps, seconds: 1 };
};

test.each([
  ["median", medianPruner, { warmup: 1 }],
  ["wilcoxon", wilcoxonPruner, {}],
] as const)("the %s pruner decides as Optuna's", (name, pruner, settings) => {
  let stopped = 0;
  for (const { own, peers, ...decisions } of recorded.pruners) {
    const finished = peers.map(completed);
    const trial = completed(own, peers.length);
    const answers = own.map((_, k) =>
      pruner.prune({
        trial: { number: trial.number, steps: trial.steps.slice(0, k + 1) },
        peers: finished,
        config: pruner.config.parse(settings) as never,
      }),
    );
    expect(answers).toEqual(decisions[name]);
    stopped += answers.filter(Boolean).length;
  }
  expect(stopped).toBeGreaterThan(10);
});

describe("importance", () => {
  const unit = { kind: "number", low: 0, high: 1, scale: "linear", integer: false } as const;
  const space: SearchSpace = [
    { ...unit, name: "a" },
    { ...unit, name: "b" },
    { name: "c", kind: "choice", choices: ["x", "y"] },
    { ...unit, name: "d", low: -2, high: 3 },
  ];
  const historyOf = (trials: Recorded["fanova"][number]["trials"]) =>
    trials.map(({ configuration, value }, number): Observation => {
      return { number, configuration, state: "complete", value, steps: [], seconds: 1 };
    });

  test.each(recorded.fanova.map((study) => [study.function, study] as const))(
    "of %s is as Optuna's fANOVA finds it",
    (_, { trials, importance }) => {
      const ours = fanovaImportance(space, { history: historyOf(trials) }, createRandom(0));
      expect(Object.keys(ours).sort()).toEqual(Object.keys(importance).sort());
      for (const [name, share] of Object.entries(importance))
        expect(Math.abs(ours[name]! - share), `${name}: ${ours[name]} ${share}`).toBeLessThan(0.05);
    },
  );

  test("by permutation puts the same dimension first; constant or few trials say nothing", () => {
    for (const { trials, importance } of recorded.fanova) {
      const history = historyOf(trials);
      const ours = permutationImportance(space, { history }, createRandom(0));
      const first = (shares: Readonly<Record<string, number>>) =>
        Object.entries(shares).sort((p, q) => q[1] - p[1])[0]![0];
      if (importance[first(importance)]! > 0.5) expect(first(ours)).toBe(first(importance));
      const constant = history.map((trial) => ({ ...trial, value: 3 }));
      for (const evaluate of [fanovaImportance, permutationImportance]) {
        expect(Object.values(evaluate(space, { history: constant }, createRandom(0)))).toEqual([0, 0, 0, 0]);
        const few = Object.values(evaluate(space, { history: history.slice(0, 3) }, createRandom(0)));
        expect(few.every(Number.isNaN)).toBe(true);
      }
    }
  });
});
