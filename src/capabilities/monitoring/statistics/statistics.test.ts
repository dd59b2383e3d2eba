import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { adjustFalseDiscovery, adjustFamilywise } from "../../../foundation/base/multiplicity.js";
import { createRandom } from "../../../foundation/base/random.js";
import { kolmogorovTail } from "../../../foundation/base/tail-probability.js";
import { betaBinomialTail } from "./beta-binomial.js";
import { countsTest, joinRare } from "./contingency.js";
import {
  binCounts,
  jensenShannonDistance,
  populationStability,
  totalVariation,
  wassersteinDistance,
} from "./distances.js";
import { fisherExact } from "./fisher-exact.js";
import { kolmogorovSmirnov } from "./kolmogorov-smirnov.js";
import { meanDiscrepancy, type Points } from "./mean-discrepancy.js";

interface Oracle {
  readonly kolmogorov: readonly {
    readonly first: readonly number[];
    readonly second: readonly number[];
    readonly distance: number;
    readonly exact: number;
    readonly wasserstein: number;
  }[];
  readonly asymptotic: readonly { distance: number; first: number; second: number; pValue: number }[];
  readonly counts: readonly {
    readonly first: readonly number[];
    readonly second: readonly number[];
    readonly pearson: readonly [number, number, number];
    readonly likelihoodRatio: readonly [number, number];
    readonly jensenShannon: number;
    readonly totalVariation: number;
    readonly psi: number;
  }[];
  readonly fisher: readonly { arguments: [number, number, number, number]; pValue: number }[];
  readonly betaBinomial: readonly { arguments: [number, number, number, number]; tail: number }[];
  readonly adjusted: { pValues: number[]; holm: number[]; falseDiscovery: number[] };
}

const path = new URL("../../../../test/oracles/monitoring/statistics.json", import.meta.url);
const oracle = JSON.parse(readFileSync(path, "utf8")) as Oracle;
const sorted = (values: readonly number[]): Float64Array => Float64Array.from(values).sort();

function expectNear(actual: number, expected: number, tolerance = 1e-9): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(tolerance * Math.max(Math.abs(expected), 1e-3));
}

test("requirement 22: Kolmogorov-Smirnov and Wasserstein equal SciPy's, p values down to their last digits", () => {
  for (const { first, second, distance, exact, wasserstein } of oracle.kolmogorov) {
    const result = kolmogorovSmirnov(sorted(first), sorted(second));
    expectNear(result.distance, distance);
    expect(result.exact).toBe(true);
    expect(Math.abs(result.pValue / exact - 1)).toBeLessThan(1e-9);
    expectNear(wassersteinDistance(sorted(first), sorted(second)), wasserstein);
  }
  for (const { distance, first, second, pValue } of oracle.asymptotic) {
    expectNear(kolmogorovTail(distance, first, second), pValue);
  }
});

test("tests and distances of counts equal SciPy's", () => {
  for (const { first, second, pearson, likelihoodRatio, ...distances } of oracle.counts) {
    const found = countsTest(first, second);
    expectNear(found.statistic, pearson[0]);
    expectNear(found.pValue, pearson[1]);
    expect(found.degreesOfFreedom).toBe(pearson[2]);
    const ratio = countsTest(first, second, "likelihood-ratio");
    expectNear(ratio.statistic, likelihoodRatio[0]);
    expectNear(ratio.pValue, likelihoodRatio[1]);
    expectNear(jensenShannonDistance(first, second), distances.jensenShannon);
    expectNear(totalVariation(first, second), distances.totalVariation);
    expectNear(populationStability(first, second), distances.psi);
  }
});

test("exact tests of shares equal SciPy's", () => {
  for (const { arguments: given, pValue } of oracle.fisher) expectNear(fisherExact(...given), pValue, 1e-6);
  for (const { arguments: given, tail } of oracle.betaBinomial)
    expectNear(betaBinomialTail(...given), tail, 1e-6);
});

test("adjusted p values equal those of statsmodels", () => {
  const { pValues, holm, falseDiscovery } = oracle.adjusted;
  for (const [index, value] of adjustFamilywise(pValues).entries()) expectNear(value, holm[index]!);
  for (const [index, value] of adjustFalseDiscovery(pValues).entries())
    expectNear(value, falseDiscovery[index]!);
});

test("rare categories are joined until every expected count suffices, and no row is lost", () => {
  const joined = joinRare([100, 1, 2, 0, 40], [90, 2, 0, 3, 60]);
  expect(joined.first.reduce((sum, count) => sum + count)).toBe(143);
  expect(joined.second.reduce((sum, count) => sum + count)).toBe(155);
  expect(joined.first).toHaveLength(2);
  expect(joinRare([3], [4])).toEqual({ first: [3], second: [4] });
  expect(countsTest([5], [7]).pValue).toBe(1);
});

test("bins hold every value once, right ends included", () => {
  expect(binCounts(sorted([1, 2, 2, 3, 9]), [2, 5])).toEqual([3, 1, 1]);
});

test("the kernel test sees a change of two columns together that neither shows alone", () => {
  const random = createRandom("discrepancy");
  const points = (rows: number, correlation: number): Points => {
    const values = new Float64Array(2 * rows);
    for (let row = 0; row < rows; row++) {
      const [a, b] = [random.normal(), random.normal()];
      values[2 * row] = a;
      values[2 * row + 1] = correlation * a + Math.sqrt(1 - correlation ** 2) * b;
    }
    return { values, rows, width: 2 };
  };
  const options = { random: createRandom(0), permutations: 199 };
  expect(meanDiscrepancy(points(400, 0), points(400, 0.8), options).pValue).toBe(1 / 200);
  expect(meanDiscrepancy(points(400, 0), points(400, 0), options).pValue).toBeGreaterThan(0.05);

  const [many, few] = [points(401, 0), points(83, 0.9)];
  const [there, back] = [meanDiscrepancy(many, few, options), meanDiscrepancy(few, many, options)];
  expect([there.pValue, back.pValue]).toEqual([1 / 200, 1 / 200]);
  expect(Math.abs(there.distance - back.distance)).toBeLessThan(0.2 * there.distance);
});
