import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  betaBelow,
  betaQuantile,
  shareInterval,
  studentReach,
  studentTwoSided,
} from "../../../foundation/base/beta-distribution.js";
import { adjustFalseDiscovery } from "../../../foundation/base/multiplicity.js";
import { createRandom } from "../../../foundation/base/random.js";
import { summariseFolds } from "./cross-validation.js";
import { correctedResampledTest, delong, fiveByTwoTest, mcnemar, permutationTest } from "./paired-tests.js";

interface Recorded {
  readonly delong: {
    readonly labels: number[];
    readonly first: number[];
    readonly second: number[];
    readonly firstArea: number;
    readonly secondArea: number;
    readonly error: number;
    readonly pValue: number;
  };
  readonly mcnemar: { readonly onlyFirst: number; readonly onlySecond: number; readonly pValue: number }[];
  readonly correctedT: {
    readonly differences: number[];
    readonly testShare: number;
    readonly pValue: number;
  };
  readonly fiveByTwo: { readonly differences: number[]; readonly pValue: number };
  readonly beta: { readonly x: number; readonly a: number; readonly b: number; readonly below: number }[];
  readonly betaQuantile: {
    readonly share: number;
    readonly a: number;
    readonly b: number;
    readonly x: number;
  }[];
  readonly student: {
    readonly t: number;
    readonly degrees: number;
    readonly twoSided: number;
    readonly q975: number;
  }[];
  readonly clopperPearson: {
    readonly hits: number;
    readonly rows: number;
    readonly low: number;
    readonly high: number;
  }[];
  readonly benjaminiHochberg: { readonly pValues: number[]; readonly adjusted: number[] };
}
const RECORDED: Recorded = JSON.parse(
  readFileSync(new URL("../../../../test/oracles/trust/tests.json", import.meta.url), "utf8"),
);

describe("distributions agree with SciPy", () => {
  it("beta and Student's t", () => {
    for (const { x, a, b, below } of RECORDED.beta) expect(betaBelow(x, a, b) / below).toBeCloseTo(1, 9);
    for (const { share, a, b, x } of RECORDED.betaQuantile)
      expect(betaQuantile(share, a, b) / x).toBeCloseTo(1, 9);
    for (const { t, degrees, twoSided, q975 } of RECORDED.student) {
      expect(studentTwoSided(t, degrees) / twoSided).toBeCloseTo(1, 9);
      expect(studentReach(0.95, degrees)).toBeCloseTo(q975, 8);
    }
  });

  it("exact intervals of shares, and adjusted p values", () => {
    for (const { hits, rows, low, high } of RECORDED.clopperPearson) {
      const interval = shareInterval(hits, rows);
      expect(interval[0]).toBeCloseTo(low, 9);
      expect(interval[1]).toBeCloseTo(high, 9);
    }
    const { pValues, adjusted } = RECORDED.benjaminiHochberg;
    for (const [index, value] of adjustFalseDiscovery(pValues).entries())
      expect(value).toBeCloseTo(adjusted[index]!, 12);
  });
});

describe("paired tests", () => {
  it("DeLong's is that of its definition", () => {
    const { labels, first, second, ...expected } = RECORDED.delong;
    const test = delong(Uint8Array.from(labels), Float64Array.from(first), Float64Array.from(second));
    expect(test.difference).toBeCloseTo(expected.firstArea - expected.secondArea, 12);
    expect(test.pValue).toBeCloseTo(expected.pValue, 10);
    expect((test.high - test.low) / 2 / 1.959963984540054).toBeCloseTo(expected.error, 10);
    const same = delong(Uint8Array.from(labels), Float64Array.from(first), Float64Array.from(first));
    expect(same).toMatchObject({ difference: 0, pValue: 1 });
  });

  it("McNemar's is the exact binomial test", () => {
    for (const { onlyFirst, onlySecond, pValue } of RECORDED.mcnemar)
      expect(mcnemar(onlyFirst, onlySecond)).toBeCloseTo(pValue, 10);
  });

  it("those of folds agree with SciPy", () => {
    const { correctedT, fiveByTwo } = RECORDED;
    const t = correctedResampledTest(Float64Array.from(correctedT.differences), correctedT.testShare);
    expect(t.pValue).toBeCloseTo(correctedT.pValue, 10);
    expect(fiveByTwoTest(Float64Array.from(fiveByTwo.differences)).pValue).toBeCloseTo(fiveByTwo.pValue, 10);
    expect(() => fiveByTwoTest(new Float64Array(9))).toThrow("ten differences");
  });

  it("permutation sees a difference and sees none", () => {
    const random = createRandom("permutation");
    const noise = Float64Array.from({ length: 200 }, () => random.normal());
    expect(
      permutationTest(
        noise.map((value) => value + 0.5),
        random,
      ).pValue,
    ).toBeLessThan(0.001);
    expect(permutationTest(new Float64Array(50), random).pValue).toBe(1);
  });
});

describe("cross-validation", () => {
  it("has a wider interval than folds alone suggest, and shows optimism", () => {
    const values = [
      [0.8, 0.82, 0.78, 0.81, 0.79],
      [0.81, 0.8, 0.79, 0.83, 0.77],
    ];
    const summary = summariseFolds({ metric: "auc", direction: "maximize", values, inner: 0.84 });
    expect(summary.mean).toBeCloseTo(0.8, 12);
    expect(summary.nested!.optimism).toBeCloseTo(0.04, 12);
    const naive = (2.262 * summary.foldDeviation!) / Math.sqrt(10);
    expect((summary.high! - summary.low!) / 2).toBeCloseTo(naive * Math.sqrt(10 * (0.1 + 0.25)), 4);
    expect(summary.repeatDeviation).toBeCloseTo(0, 12);
    const loss = summariseFolds({ metric: "rmse", direction: "minimize", values, inner: 0.75 });
    expect(loss.nested!.optimism).toBeCloseTo(0.05, 12);
  });

  it("gives no interval for one fold", () => {
    const summary = summariseFolds({ metric: "auc", direction: "maximize", values: [[0.8]] });
    expect(summary).toMatchObject({ mean: 0.8, low: null, high: null, repeatDeviation: null });
  });
});
