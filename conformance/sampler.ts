/** What every sampler must hold, built in or not. Call it inside a test file: `samplerSuite(sampler)`. */
import { describe, expect, it } from "vitest";
import { createRandom } from "../src/foundation/base/random.js";
import type { Observation, Sampler } from "../src/foundation/contracts/sampler.js";
import type {
  ChoiceDimension,
  Configuration,
  NumberDimension,
  SearchSpace,
} from "../src/foundation/contracts/search-space.js";

const number = (name: string, options: Partial<NumberDimension> = {}): NumberDimension => {
  return { name, kind: "number", low: 0, high: 1, scale: "linear", integer: false, ...options };
};
const choice = (name: string, choices: ChoiceDimension["choices"]): ChoiceDimension => {
  return { name, kind: "choice", choices };
};

const SPACES: Record<string, SearchSpace> = {
  "one real": [number("x", { low: -3, high: 5 })],
  "one choice": [choice("c", ["a", "b"])],
  "a single value": [choice("c", [true])],
  "whole numbers": [
    number("depth", { low: 1, high: 4, integer: true }),
    number("leaves", { low: 2, high: 300, integer: true, scale: "log" }),
  ],
  "choices alone": [choice("a", ["x", "y", "z"]), choice("b", [1, 2, 4]), choice("c", [false, true])],
  mixed: [
    number("rate", { low: 1e-4, high: 1, scale: "log", start: 0.1 }),
    number("share", { low: 0.2, high: 0.9 }),
    number("depth", { low: 1, high: 12, integer: true, start: 3 }),
    choice("kind", ["gini", "entropy"]),
  ],
  conditional: [
    { ...number("width"), when: { kind: ["radial", "polynomial"] } },
    choice("trainer", ["boost", "kernel", "plain"]),
    { ...number("rate", { low: 0.01, high: 0.3, scale: "log" }), when: { trainer: ["boost"] } },
    { ...choice("kind", ["linear", "radial", "polynomial"]), when: { trainer: ["kernel"] } },
    { ...number("degree", { low: 2, high: 5, integer: true }), when: { kind: ["polynomial"] } },
  ],
};

/** A made objective: smooth in numbers, a step for the first value of a choice. */
function objective(space: SearchSpace, configuration: Configuration): number {
  let total = 0;
  for (const dimension of space) {
    const value = configuration[dimension.name];
    if (value === undefined) continue;
    if (dimension.kind === "choice") total += dimension.choices.indexOf(value) === 0 ? 0 : 0.3;
    else total += (((value as number) - dimension.low) / (dimension.high - dimension.low) - 0.3) ** 2;
  }
  return total;
}

function observe(
  space: SearchSpace,
  configuration: Configuration,
  trial: number,
  hostile = false,
): Observation {
  const value = objective(space, configuration);
  const state = hostile && trial % 3 === 0 ? "failed" : hostile && trial % 3 === 1 ? "pruned" : "complete";
  return {
    number: trial,
    configuration,
    state,
    value: state === "failed" ? Number.NaN : value,
    steps: state === "failed" ? [] : [{ step: 1, value }],
    seconds: trial % 4,
  };
}

/** Every dimension that is active has a value of its range, and no other name occurs. */
export function checkConfiguration(space: SearchSpace, configuration: Configuration): void {
  const names = new Set<string>();
  for (const dimension of space) {
    const value = configuration[dimension.name];
    const active = Object.entries(dimension.when ?? {}).every(([field, values]) => {
      const parent = configuration[field];
      return parent !== undefined && values.includes(parent);
    });
    expect(value !== undefined, `${dimension.name} in ${JSON.stringify(configuration)}`).toBe(active);
    if (value === undefined) continue;
    names.add(dimension.name);
    if (dimension.kind === "choice") {
      expect(dimension.choices).toContain(value);
    } else {
      expect(value).toBeGreaterThanOrEqual(dimension.low);
      expect(value).toBeLessThanOrEqual(dimension.high);
      if (dimension.integer) expect(Number.isInteger(value)).toBe(true);
    }
  }
  expect(Object.keys(configuration).sort()).toEqual([...names].sort());
}

export function samplerSuite(sampler: Sampler): void {
  const config = sampler.config.parse({});
  const suggest = (space: SearchSpace, history: readonly Observation[], count = 1, seed = 0) =>
    sampler.suggest({ space, history, count, random: createRandom(seed), config });
  const study = (space: SearchSpace, trials: number, batch: number, hostile = false) => {
    const history: Observation[] = [];
    while (history.length < trials) {
      const proposals = suggest(space, history, batch);
      expect(proposals).toHaveLength(batch);
      for (const configuration of proposals) {
        checkConfiguration(space, configuration);
        history.push(observe(space, configuration, history.length, hostile));
      }
    }
    return history;
  };

  describe(`sampler ${sampler.id}`, () => {
    it("is described, has a default for every setting and refuses unknown ones", () => {
      expect(sampler.id).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
      expect(sampler.summary.length).toBeGreaterThan(10);
      expect(sampler.version).toBeGreaterThanOrEqual(1);
      expect(() => sampler.config.parse({ "no such setting": 1 })).toThrow();
    });

    it.each(Object.entries(SPACES))("proposes valid configurations for %s", (_, space) => {
      study(space, 24, 4);
      study(space, 15, 1);
    });

    it.each(Object.entries(SPACES))("bears failed and pruned trials in %s", (_, space) => {
      study(space, 24, 3, true);
      const failed = study(space, 12, 3).map((trial): Observation => {
        return { ...trial, state: "failed", value: Number.NaN, steps: [] };
      });
      for (const configuration of suggest(space, failed, 3)) checkConfiguration(space, configuration);
    });

    it("is a function of history and seed, whatever was asked before and wherever the stream stands", () => {
      const space = SPACES.mixed!;
      const history = study(space, 20, 2);
      const before = JSON.stringify(history);
      const proposals = suggest(space, history, 3);
      const random = createRandom(0);
      for (let k = 0; k < 5; k++) random.uniform();
      expect(sampler.suggest({ space, history, count: 3, random, config })).toEqual(proposals);
      expect(JSON.stringify(history)).toBe(before);
      // Later, models of one history may well agree on the best place.
      expect(suggest(space, [], 3, 1)).not.toEqual(suggest(space, [], 3, 0));
    });

    it("proposes different configurations in a batch", () => {
      for (const name of ["mixed", "conditional"]) {
        const space = SPACES[name]!;
        for (const history of [[], study(space, 20, 4)]) {
          const texts = suggest(space, history, 6).map((configuration) => JSON.stringify(configuration));
          expect(new Set(texts).size).toBe(6);
        }
      }
    });

    it("takes histories of another space, equal values and numbers with gaps", () => {
      const space = SPACES.mixed!;
      const foreign = [{}, { kind: "unknown", rate: 99 }, { other: 1, share: 0.5 }].map((configuration, k) =>
        observe(space, configuration as Configuration, 7 * k),
      );
      const constant = study(space, 30, 3).map((trial) => ({
        ...trial,
        value: 1,
        number: 30 + trial.number,
      }));
      for (const configuration of suggest(space, [...foreign, ...constant], 4))
        checkConfiguration(space, configuration);
      const huge = constant.map((trial, k) => ({ ...trial, value: k % 2 ? 1e300 : -1e300 }));
      for (const configuration of suggest(space, huge, 2)) checkConfiguration(space, configuration);
    });

    it("remains usable after 10,000 trials", () => {
      const space = SPACES.mixed!;
      const random = createRandom("long");
      const history = Array.from({ length: 10_000 }, (_, trial) => {
        const configuration = {
          rate: 10 ** (-4 * random.uniform()),
          share: 0.2 + 0.7 * random.uniform(),
          depth: 1 + random.integer(12),
          kind: random.uniform() < 0.5 ? "gini" : "entropy",
        };
        return observe(space, configuration, trial, trial % 5 === 0);
      });
      for (const configuration of suggest(space, history, 2)) checkConfiguration(space, configuration);
    }, 20_000);
  });
}
