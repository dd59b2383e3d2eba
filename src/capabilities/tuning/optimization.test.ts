/** The best value found, beside what Optuna's samplers find in as many trials (test/oracles/tuning/optimization.json). */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createRandom } from "../../foundation/base/random.js";
import type { Observation } from "../../foundation/contracts/sampler.js";
import type { SearchSpace } from "../../foundation/contracts/search-space.js";
import { SAMPLERS } from "./index.js";

const file = new URL("../../../test/oracles/tuning/optimization.json", import.meta.url);
const optuna = (
  JSON.parse(readFileSync(file, "utf8")) as {
    readonly median: Record<string, Record<string, Record<string, number>>>;
  }
).median;

const SEEDS = 7;
const CENTRE = [1.2, -2.1, 0.4, 3.0, -1.5];
const space: SearchSpace = CENTRE.map((_, i) => {
  return { name: `x${i}`, kind: "number", low: -5, high: 5, scale: "linear", integer: false };
});

function bestValue(id: string, seed: number, trials: number, batch: number): number {
  const sampler = SAMPLERS.find((candidate) => candidate.id === id)!;
  const config = sampler.config.parse({});
  const history: Observation[] = [];
  while (history.length < trials) {
    const random = createRandom(seed);
    for (const configuration of sampler.suggest({ space, history, count: batch, random, config })) {
      const value = CENTRE.reduce((sum, c, i) => sum + ((configuration[`x${i}`] as number) - c) ** 2, 0);
      const number = history.length;
      history.push({ number, configuration, state: "complete", value, steps: [], seconds: 1 });
    }
  }
  return Math.min(...history.map(({ value }) => value));
}

/** Twice Optuna's median: few seeds here, and none of the factors of ten that a broken sampler costs. */
test.each([
  ["random", 100, 1],
  ["tpe", 50, 1],
  ["tpe", 100, 5],
  ["cma-es", 100, 1],
  ["gaussian-process", 25, 1],
])("%s finds in %i trials, %i at once, about what Optuna's finds one by one", (id, trials, batch) => {
  const values = Array.from({ length: SEEDS }, (_, seed) => bestValue(id, seed, trials, batch));
  const median = values.sort((a, b) => a - b)[SEEDS >> 1]!;
  expect(median).toBeLessThan(2 * optuna.sphere![id]![trials]!);
});
