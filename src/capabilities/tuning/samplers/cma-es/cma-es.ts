import { z } from "zod";
import type { Random } from "../../../../foundation/base/random.js";
import { fields } from "../../../../foundation/contracts/extension.js";
import { defineSampler, type Observation } from "../../../../foundation/contracts/sampler.js";
import { normalQuantile } from "../../numeric/normal.js";
import { cellAt } from "../../space/coordinates.js";
import { createEncoder, type SpaceEncoder } from "../../space/encoder.js";
import { finiteValues, nextNumber, Tried } from "../proposals.js";
import {
  beginEvolution,
  deviationOf,
  drawPoint,
  type Evolution,
  isExhausted,
  learnGeneration,
} from "./evolution.js";

const FIRST_SIGMA = 0.2;
/** Configurations have six digits: a narrower distribution repeats itself. */
const LEAST_SIGMA = 1e-6;
const REDRAWS = 20;

const config = z.strictObject({
  population: z.number().int().min(0).max(1000).default(0).register(fields, {
    title: "Trials of a generation",
    help: "0: 4 + 3 ln(columns), as Hansen advises; doubled at each restart.",
    unit: "trials",
  }),
});

/**
 * CMA-ES with restarts in which the population doubles (Auger and Hansen, IPOP, 2005). The state is rebuilt from the
 * history: every `population` trials in order are a generation, whoever proposed them. Whole numbers and choices keep
 * a chance to change whatever the step size (margins as of Hamano et al., "CMA-ES with margin", GECCO 2022).
 */
export const cmaEsSampler = defineSampler({
  id: "cma-es",
  version: 1,
  summary: "An evolution strategy for many numbers and many cheap trials.",
  config,
  suggest({ space, history, count, random, config }) {
    const encoder = createEncoder(space);
    const evolution = replay(encoder, history, config.population, random);
    const tried = new Tried(encoder.space, history);
    const first = nextNumber(history);
    return Array.from({ length: count }, (_, k) => {
      const stream = random.fork(`cma-es ${first + k}`);
      return tried.take(() => encoder.decode(drawInside(encoder, evolution, stream)));
    });
  },
});

function replay(
  encoder: SpaceEncoder,
  history: readonly Observation[],
  population: number,
  random: Random,
): Evolution {
  const values = finiteValues(history);
  const base = population || 4 + Math.floor(3 * Math.log(encoder.width));
  let restarts = 0;
  let evolution = beginEvolution(new Float64Array(encoder.width).fill(0.5), FIRST_SIGMA, Math.max(4, base));
  for (let from = 0; from + evolution.settings.population <= history.length; ) {
    const to = from + evolution.settings.population;
    const points = history.slice(from, to).map(({ configuration }) => encoder.encode(configuration));
    learnGeneration(evolution, points, Array.from(values.subarray(from, to)));
    from = to;
    if (!isExhausted(evolution, LEAST_SIGMA)) continue;
    const stream = random.fork(`cma-es restart ${++restarts}`);
    const mean = Float64Array.from({ length: encoder.width }, () => stream.uniform());
    evolution = beginEvolution(mean, FIRST_SIGMA, 2 * evolution.settings.population);
  }
  return evolution;
}

/** A draw whose numbers lie in the cube; after many in vain the last one, which decodes to the nearest ends. */
function drawInside(encoder: SpaceEncoder, evolution: Evolution, random: Random): Float64Array {
  let point = drawPoint(evolution, random);
  const isInside = () =>
    encoder.parts.every(({ dimension, first }) => {
      const x = point[first]!;
      return dimension.kind === "choice" || (x >= 0 && x <= 1);
    });
  for (let draw = 1; draw < REDRAWS && !isInside(); draw++) point = drawPoint(evolution, random);
  widenCells(encoder, evolution, point);
  return point;
}

/** Stretches what would otherwise never leave its cell, so that it does once in a generation or so. */
function widenCells(encoder: SpaceEncoder, evolution: Evolution, point: Float64Array): void {
  const chance = 1 / (2 * evolution.settings.population);
  const reach = normalQuantile(1 - chance);
  for (const { dimension, first, size } of encoder.parts) {
    if (dimension.kind === "number" && !dimension.integer) continue;
    const centres = evolution.mean.subarray(first, first + size);
    const greatest = centres.reduce((a, b) => Math.max(a, b));
    for (let k = 0; k < size; k++) {
      const centre = centres[k]!;
      const [from, to] = cellAt(dimension, centre);
      const distance =
        dimension.kind === "choice"
          ? (greatest - centre) / Math.SQRT2
          : Math.min(from > 0 ? centre - from : 1, to < 1 ? to - centre : 1);
      const deviation = Math.max(1e-12, deviationOf(evolution, first + k));
      const stretch = Math.max(1, distance / (reach * deviation));
      point[first + k] = centre + (point[first + k]! - centre) * stretch;
    }
  }
}
