/** What samplers share: the next trial's number, draws that avoid repetition, trials in order of merit. */
import type { Random } from "../../../foundation/base/random.js";
import type { Observation } from "../../../foundation/contracts/sampler.js";
import type { Configuration, SearchSpace } from "../../../foundation/contracts/search-space.js";
import { configurationAt, configurationKey } from "../space/coordinates.js";

/** Draws of one configuration before a repetition is accepted: the space may hold no other. */
const ATTEMPTS = 16;

export function nextNumber(history: readonly Observation[]): number {
  return (history.at(-1)?.number ?? -1) + 1;
}

/** Configurations that were tried or proposed. */
export class Tried {
  readonly #space: SearchSpace;
  readonly #keys: Set<string>;

  constructor(space: SearchSpace, history: readonly Observation[]) {
    this.#space = space;
    this.#keys = new Set(history.map(({ configuration }) => configurationKey(space, configuration)));
  }

  has(configuration: Configuration): boolean {
    return this.#keys.has(configurationKey(this.#space, configuration));
  }

  /** The first fresh draw, or the last one of several; it counts as tried from now on. */
  take(draw: (attempt: number) => Configuration): Configuration {
    let configuration = draw(0);
    for (let attempt = 1; attempt < ATTEMPTS && this.has(configuration); attempt++)
      configuration = draw(attempt);
    this.#keys.add(configurationKey(this.#space, configuration));
    return configuration;
  }
}

/** Uniform over the unit cube. `space` has parents first. */
export function uniformConfiguration(space: SearchSpace, random: Random): Configuration {
  return configurationAt(
    space,
    Float64Array.from(space, () => random.uniform()),
  );
}

/**
 * Finite values to minimise, in history order: a failed trial counts as the worst that completed, a pruned one
 * as no better than the best that completed. 0 for all where none completed.
 */
export function finiteValues(history: readonly Observation[]): Float64Array {
  const complete = history.filter(isComplete).map(({ value }) => value);
  if (complete.length === 0) return new Float64Array(history.length);
  const best = complete.reduce((a, b) => Math.min(a, b));
  const worst = complete.reduce((a, b) => Math.max(a, b));
  return Float64Array.from(history, ({ state, value }) => {
    if (state === "failed" || !Number.isFinite(value)) return worst;
    return state === "pruned" ? Math.max(best, value) : value;
  });
}

export function isComplete({ state, value }: Observation): boolean {
  return state === "complete" && Number.isFinite(value);
}

/** Best first: complete ones by value, pruned ones by how far they came, then failed ones; ties by number. */
export function byMerit(history: readonly Observation[]): Observation[] {
  const group = (observation: Observation) =>
    isComplete(observation)
      ? 0
      : observation.state === "pruned" && Number.isFinite(observation.value)
        ? 1
        : 2;
  const reached = (observation: Observation) => observation.steps.at(-1)?.step ?? 0;
  return history.toSorted((a, b) => {
    const groups = group(a) - group(b);
    if (groups !== 0 || group(a) === 2) return groups || a.number - b.number;
    const progress = group(a) === 1 ? reached(b) - reached(a) : 0;
    return progress || a.value - b.value || a.number - b.number;
  });
}
