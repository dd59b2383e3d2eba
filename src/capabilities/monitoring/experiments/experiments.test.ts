import { describe, expect, test } from "vitest";
import { createRandom } from "../../../foundation/base/random.js";
import { banditShares } from "./bandit.js";
import { meanFigures, sequentialDifference, shareFigures } from "./confidence-sequence.js";
import { judgeExperiment, type WatchedOutcome } from "./judge-experiment.js";
import { minimumDetectableEffect, planExperiment } from "./plan-experiment.js";
import { sampleRatioPValue } from "./sample-ratio.js";

describe("confidence sequences", () => {
  test("interval and p value say the same, and equal the published formula", () => {
    const [first, second] = [shareFigures(500, 5000), shareFigures(610, 5000)];
    const found = sequentialDifference(first, second);
    // Waudby-Smith et al. 2024, (3), by hand: N = 10000, rho² = (5.991 + ln 6.991) / 5000.
    const rho2 = (-2 * Math.log(0.05) + Math.log(1 - 2 * Math.log(0.05))) / 5000;
    const variance = 10_000 * (first.variance / 5000 + second.variance / 5000);
    const reach = Math.sqrt(
      ((variance * 2 * (10_000 * rho2 + 1)) / (10_000 ** 2 * rho2)) *
        Math.log(Math.sqrt(10_000 * rho2 + 1) / 0.05),
    );
    expect(found.high - found.difference).toBeCloseTo(reach, 12);
    expect(found.pValue < 0.05).toBe(found.low > 0);
    const edge = sequentialDifference(first, second, { level: found.pValue });
    // At its own p value the interval, tuned as before, would just touch 0; another level is tuned otherwise.
    expect(Math.abs(edge.low)).toBeLessThan(0.003);
    expect(sequentialDifference(shareFigures(1, 20), shareFigures(9, 20)).pValue).toBe(1);
    expect(meanFigures(Float64Array.of(1, 2, 3, 6))).toEqual({ units: 4, mean: 3, variance: 14 / 3 });
  });

  test.each(["share", "mean"])(
    "30 looks at a %s without effect are wrong in at most 5 %% (requirement 24)",
    (kind) => {
      const random = createRandom(kind);
      const trials = 600;
      let wrong = 0;
      for (let trial = 0; trial < trials; trial++) {
        const sums = [0, 0];
        const squares = [0, 0];
        let units = 0;
        for (let look = 0; look < 30; look++) {
          for (let unit = 0; unit < 100; unit++) {
            for (const arm of [0, 1]) {
              const value = kind === "share" ? (random.uniform() < 0.1 ? 1 : 0) : random.normal() ** 2;
              sums[arm]! += value;
              squares[arm]! += value * value;
            }
          }
          units += 100;
          const figures = [0, 1].map((arm) => {
            if (kind === "share") return shareFigures(sums[arm]!, units);
            const mean = sums[arm]! / units;
            return { units, mean, variance: (squares[arm]! - units * mean * mean) / (units - 1) };
          });
          if (sequentialDifference(figures[0]!, figures[1]!).pValue < 0.05) {
            wrong += 1;
            break;
          }
        }
      }
      expect(wrong / trials).toBeLessThanOrEqual(0.05);
    },
  );
});

test("requirement 24: of experiments without effect at most 5 % ever end in a verdict, looked at 30 times with uneven shares", () => {
  const random = createRandom("whole experiments");
  const experiments = 500;
  const ended = { launch: 0, stop: 0, blocked: 0, "no-effect": 0, continue: 0 };
  for (let trial = 0; trial < experiments; trial++) {
    const arms = [0, 1].map(() => ({ units: 0, right: 0, loss: 0 }));
    let verdict: keyof typeof ended = "continue";
    for (let look = 0; look < 30 && verdict === "continue"; look++) {
      for (let unit = 0; unit < 150; unit++) {
        const arm = arms[random.uniform() < 0.3 ? 1 : 0]!;
        arm.units += 1;
        if (random.uniform() < 0.7) arm.right += 1;
        if (random.uniform() < 0.1) arm.loss += 1;
      }
      const [control, treatment] = arms.map(({ units, right }) => shareFigures(right, units));
      const [before, after] = arms.map(({ units, loss }) => shareFigures(loss, units));
      verdict = judgeExperiment({
        goal: { name: "correct", direction: "maximize", control: control!, treatment: treatment! },
        guards: [{ name: "failed", direction: "minimize", control: before!, treatment: after!, harm: 0.001 }],
        ...{ shares: [7, 3], minimumEffect: 0 },
      }).verdict;
    }
    ended[verdict] += 1;
  }
  expect((ended.launch + ended.stop) / experiments).toBeLessThanOrEqual(0.05);
  // 30 looks of a test at 0.001 each, which are not independent.
  expect(ended.blocked / experiments).toBeLessThanOrEqual(0.03);
});

test("a broken assignment is seen as the reference cases say, and blocks any verdict", () => {
  expect(sampleRatioPValue([600, 400], [1, 1])).toBeCloseTo(2.5e-10, 11);
  expect(sampleRatioPValue([44_000, 45_000], [0.5, 0.5])).toBeCloseTo(0.0008, 4);
  expect(sampleRatioPValue([900, 100], [9, 1])).toBe(1);
  const goal = {
    ...{ name: "kept", direction: "maximize" as const },
    control: shareFigures(3000, 6000),
    treatment: shareFigures(3500, 5000),
  };
  expect(judgeExperiment({ goal, guards: [], shares: [1, 1], minimumEffect: 0 }).verdict).toBe("blocked");
});

test("verdicts: launch, stop by a guard, no effect, go on", () => {
  const outcome = (name: string, control: number, treatment: number, units = 20_000): WatchedOutcome => ({
    ...{ name, direction: "maximize" },
    control: shareFigures(control * units, units),
    treatment: shareFigures(treatment * units, units),
  });
  const judge = (goal: WatchedOutcome, guards: (WatchedOutcome & { harm: number })[] = []) =>
    judgeExperiment({ goal, guards, shares: [1, 1], minimumEffect: 0.02 }).verdict;
  expect(judge(outcome("kept", 0.5, 0.55))).toBe("launch");
  expect(judge(outcome("kept", 0.5, 0.45))).toBe("stop");
  expect(judge(outcome("kept", 0.5, 0.501, 200_000))).toBe("no-effect");
  expect(judge(outcome("kept", 0.5, 0.52, 1000))).toBe("continue");
  const guard = { ...outcome("fast", 0.9, 0.8), harm: 0.01 };
  expect(judge(outcome("kept", 0.5, 0.55), [guard])).toBe("stop");
  expect(judge(outcome("kept", 0.5, 0.55), [{ ...outcome("fast", 0.9, 0.899, 1000), harm: 0.01 }])).toBe(
    "continue",
  );
  const lower = { ...outcome("errors", 0.5, 0.45), direction: "minimize" as const };
  expect(judge(lower)).toBe("launch");
});

test("a plan needs 16 s²/d² units an arm at a fixed time and somewhat more for looking at any time", () => {
  const request = { variance: 0.05 * 0.95, effect: 0.005, unitsPerDay: 5000 };
  const { fixedUnits, sequentialUnits, days } = planExperiment(request);
  expect(Math.abs(fixedUnits / 2 / 30_400 - 1)).toBeLessThan(0.03);
  expect(sequentialUnits / fixedUnits).toBeGreaterThan(1.1);
  expect(sequentialUnits / fixedUnits).toBeLessThan(3);
  expect(days).toBeCloseTo(sequentialUnits / 5000, 9);
  expect(minimumDetectableEffect(fixedUnits, request.variance)).toBeCloseTo(0.005, 5);
});

test("a bandit gives the better version more, each a little, and the same seed the same shares", () => {
  const arms = [
    { successes: 100, failures: 900 },
    { successes: 140, failures: 860 },
    { successes: 0, failures: 0 },
  ];
  const shares = banditShares(arms, { random: createRandom("b") });
  expect(shares).toEqual(banditShares(arms, { random: createRandom("b") }));
  expect(shares.reduce((sum, share) => sum + share)).toBeCloseTo(1, 12);
  expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.02);
  expect(shares[1]! > shares[0]!).toBe(true);
  const even = banditShares([arms[0]!, arms[0]!], { random: createRandom("c"), draws: 4000 });
  expect(Math.abs(even[0]! - 0.5)).toBeLessThan(0.03);
});
