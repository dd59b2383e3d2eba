import { z } from "zod";
import type { Random } from "../../../foundation/base/random.js";
import { defineSampler, type Observation } from "../../../foundation/contracts/sampler.js";
import type { Configuration, SearchSpace } from "../../../foundation/contracts/search-space.js";
import { SOBOL_DIMENSIONS, scrambledSobol } from "../numeric/sobol.js";
import { parentsFirst } from "../space/conditions.js";
import { configurationAt } from "../space/coordinates.js";
import { Tried, uniformConfiguration } from "./proposals.js";

/** Points first, first + 1, ... of a scrambled Sobol sequence in [0,1]^width; beyond the table's width, random ones. */
export function sobolPoints(random: Random, first: number, count: number, width: number): Float64Array[] {
  const stream = random.fork("sobol");
  const seeds = Array.from({ length: Math.min(width, SOBOL_DIMENSIONS) }, () => stream.integer(2 ** 32));
  return Array.from({ length: count }, (_, k) => {
    const index = first + k;
    const rest = width > SOBOL_DIMENSIONS ? random.fork(`sobol ${index}`) : undefined;
    return Float64Array.from({ length: width }, (__, dimension) =>
      dimension < SOBOL_DIMENSIONS ? scrambledSobol(index, dimension, seeds[dimension]!) : rest!.uniform(),
    );
  });
}

/**
 * The trials with which model-based samplers begin: spread evenly, whatever their values. What the coarseness of
 * the space would repeat is drawn at random instead. `space` has parents first.
 */
export function spreadConfigurations(
  space: SearchSpace,
  history: readonly Observation[],
  count: number,
  random: Random,
): Configuration[] {
  const tried = new Tried(space, history);
  return sobolPoints(random, history.length, count, space.length).map((point, k) => {
    const stream = random.fork(`repeated ${history.length + k}`);
    return tried.take((attempt) =>
      attempt === 0 ? configurationAt(space, point) : uniformConfiguration(space, stream),
    );
  });
}

/** Sobol, 1967; directions of Joe and Kuo, 2008; scrambling of Owen, 1995. */
export const sobolSampler = defineSampler({
  id: "sobol",
  version: 1,
  summary: "Spreads trials evenly over the space (scrambled Sobol sequence), whatever was seen before.",
  config: z.strictObject({}),
  suggest({ space, history, count, random }) {
    return spreadConfigurations(parentsFirst(space), history, count, random);
  },
});
