import { z } from "zod";
import type { Random } from "../../../foundation/base/random.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { defineSampler } from "../../../foundation/contracts/sampler.js";
import type { Configuration, Dimension, SearchSpace } from "../../../foundation/contracts/search-space.js";
import { isActive, parentsFirst } from "../space/conditions.js";
import { cellCount, configurationKey, valueAt } from "../space/coordinates.js";
import { Tried } from "./proposals.js";

/** A grid with more points than this is drawn from, without repetition, instead of listed. */
const LISTED_POINTS = 20_000;

/** `steps + 1` values from end to end of a number's scale; all values of a choice or of few whole numbers. */
function levelsOf(dimension: Dimension, steps: number): Configuration[string][] {
  const cells = cellCount(dimension);
  if (cells <= steps + 1)
    return Array.from({ length: cells }, (_, k) => valueAt(dimension, (k + 0.5) / cells))
      .concat(dimension.kind === "number" ? numbersOf(dimension.low, dimension.high) : [])
      .filter((value, index, all) => all.indexOf(value) === index);
  if (dimension.kind === "choice") return [...dimension.choices];
  const values = Array.from({ length: steps + 1 }, (_, k) => valueAt(dimension, k / steps));
  return [...new Set(values)];
}

/** Cells of a logarithmic axis differ in length, so whole numbers are counted directly. */
function numbersOf(low: number, high: number): number[] {
  return Array.from({ length: high - low + 1 }, (_, k) => low + k);
}

/** Every point of the grid, inactive dimensions left out; undefined for more than `LISTED_POINTS`. */
function listGrid(space: SearchSpace, steps: number): Configuration[] | undefined {
  let points: Configuration[] = [{}];
  for (const dimension of space) {
    const levels = levelsOf(dimension, steps);
    points = points.flatMap((point) =>
      isActive(dimension, point)
        ? levels.map((value): Configuration => ({ ...point, [dimension.name]: value }))
        : [point],
    );
    if (points.length > LISTED_POINTS) return undefined;
  }
  return points;
}

function drawFromGrid(space: SearchSpace, steps: number, random: Random): Configuration {
  const point: Record<string, Configuration[string]> = {};
  for (const dimension of space) {
    if (!isActive(dimension, point)) continue;
    const levels = levelsOf(dimension, steps);
    point[dimension.name] = levels[random.integer(levels.length)]!;
  }
  return point;
}

/** The first `length` points: grid after finer grid, each in random order without the points of those before. */
function gridSequence(space: SearchSpace, steps: number, length: number, random: Random): Configuration[] {
  const sequence: Configuration[] = [];
  const seen = new Set<string>();
  for (let round = 0; sequence.length < length; round++) {
    const roundSteps = steps * 2 ** round;
    const listed = listGrid(space, roundSteps);
    const stream = random.fork(`grid ${round}`);
    if (!listed) {
      const tried = new Tried(space, []);
      while (sequence.length < length)
        sequence.push(tried.take(() => drawFromGrid(space, roundSteps, stream)));
      break;
    }
    const fresh = listed.filter((point) => !seen.has(configurationKey(space, point)));
    // A space of finitely many points begins again once all were listed.
    if (fresh.length === 0) seen.clear();
    for (const point of stream.shuffle(fresh)) {
      seen.add(configurationKey(space, point));
      sequence.push(point);
    }
  }
  return sequence;
}

/** The exhaustive search over finitely many levels; when all were tried, levels in between follow. */
export const gridSampler = defineSampler({
  id: "grid",
  version: 1,
  summary: "Every combination of a few levels in random order, then finer and finer levels.",
  config: z.strictObject({
    levels: z
      .number()
      .int()
      .min(2)
      .max(1000)
      .default(3)
      .register(fields, { title: "Levels of a number at first", help: "End to end on the number's scale." }),
  }),
  suggest({ space: given, history, count, random, config }) {
    const space = parentsFirst(given);
    const sequence = gridSequence(space, config.levels - 1, history.length + count, random);
    return sequence.slice(history.length, history.length + count);
  },
});
