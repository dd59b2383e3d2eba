import { expect, test } from "vitest";
import { binaryMaterial, candidateOf, FAKE, quiet } from "../../../test/fixtures/fake-search.js";
import { findMetric } from "../../capabilities/evaluation/metrics/index.js";
import { createRandom } from "../../foundation/base/random.js";
import { resolveProject } from "../project/project-file.js";
import { heldOutRows, type LearningMaterial } from "./material.js";
import { type FinishedTrial, scoreRows } from "./trial.js";
import { weigh } from "./weigh.js";

const LOSS = findMetric("log-loss", "binary");
const ROWS = 300;
const material = binaryMaterial(ROWS, 5);
const tools = { project: resolveProject({}), metric: LOSS, logger: quiet };

/** A trial that knows the answer as well as `signal` against noise of 1 says. */
function trialOf(number: number, signal: number, { target }: LearningMaterial = material): FinishedTrial {
  const random = createRandom(`trial ${number}`);
  const codes = target.task === "regression" ? [] : target.codes;
  const positive = Array.from(
    codes,
    (code) => 1 / (1 + Math.exp(-(signal * (code - 0.5) + random.normal()))),
  );
  const values = Float64Array.from(positive.flatMap((share) => [1 - share, share]));
  const heldOut = { kind: "probabilities" as const, values, classes: 2 };
  const value = scoreRows(LOSS, heldOut, material, heldOutRows(material));
  const candidate = candidateOf(number, { trainer: { ...FAKE, id: `family ${number % 4}` } });
  return { state: "done", seconds: 1, fits: [], foldValues: [value], value, heldOut, candidate };
}

const weighed = (trials: readonly FinishedTrial[], kind: "auto" | "none" = "auto") =>
  weigh(trials, undefined, material, { ...tools, project: resolveProject({ ensemble: { kind } }) });

test("of trials that differ by luck on few rows many have a part", () => {
  const trials = Array.from({ length: 24 }, (_, k) => trialOf(k, 1)).sort((a, b) => a.value - b.value);
  const { shares } = weighed(trials);
  expect(shares.length).toBeGreaterThan(8);
  expect(shares[0]!.weight).toBeLessThan(0.3);
  expect(shares.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 10);
});

test("one that is far ahead is not outvoted by selections that were made without it", () => {
  const ahead = trialOf(100, 12);
  const { shares } = weighed([ahead, ...Array.from({ length: 24 }, (_, k) => trialOf(k, 0))]);
  expect(shares[0]!.trial).toBe(ahead);
  expect(shares[0]!.weight).toBeGreaterThan(0.8);
});

test("without an ensemble the best stands alone", () => {
  const trials = [trialOf(1, 3), trialOf(2, 1)];
  expect(weighed(trials, "none").shares).toEqual([{ trial: trials[0], weight: 1 }]);
});
