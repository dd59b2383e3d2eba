/** The point of a mixed, conditional space where an acquisition function is greatest, as far as one can find it. */
import type { Random } from "../../../../foundation/base/random.js";
import type { Configuration, SearchSpace } from "../../../../foundation/contracts/search-space.js";
import { minimizeInBox } from "../../numeric/minimize-in-box.js";
import { cellCount, configurationAt, coordinatesOf } from "../../space/coordinates.js";

/** What stands for an inactive number and an inactive choice. */
const INACTIVE_NUMBER = 0.5;
const INACTIVE_CHOICE = -1;

/** Evenly drawn points, points around the best trials, and how many of the best of them are climbed from. */
const DRAWN = 600;
const NEAR = 40;
const CLIMBS = 4;
const ROUNDS = 3;

export interface AcquisitionSearch {
  /** Parents first. */
  readonly space: SearchSpace;
  /** Good configurations, whose neighbourhood is looked at too. */
  readonly promising: readonly Configuration[];
  readonly random: Random;
  /** At the input of the model; fills the gradient where given one. */
  evaluate(input: Float64Array, gradient?: Float64Array): number;
  /** Configurations that would be useless to try again. */
  isTried(configuration: Configuration): boolean;
}

/** What the model sees of a configuration. */
export function modelInput(space: SearchSpace, configuration: Configuration): Float64Array {
  return coordinatesOf(space, configuration).map((coordinate, d) =>
    Number.isNaN(coordinate) ? (space[d]!.kind === "choice" ? INACTIVE_CHOICE : INACTIVE_NUMBER) : coordinate,
  );
}

/** A point of the cube (also in inactive dimensions), its configuration and value. */
interface Candidate {
  readonly point: Float64Array;
  readonly configuration: Configuration;
  readonly value: number;
}

export function maximizeAcquisition(search: AcquisitionSearch): Configuration | undefined {
  const { space, random } = search;
  const width = space.length;
  const drawn = Array.from({ length: DRAWN }, () =>
    Float64Array.from({ length: width }, () => random.uniform()),
  );
  const near = search.promising.flatMap((configuration) =>
    Array.from({ length: NEAR }, (_, k) => neighbour(space, configuration, 10 ** -(1 + (k % 3)), random)),
  );
  const candidates = [...drawn, ...near].map((point) => candidateAt(search, point));
  candidates.sort((a, b) => b.value - a.value);
  const climbed = candidates.slice(0, CLIMBS).map((candidate) => climb(search, candidate));
  const ranked = [...climbed, ...candidates].toSorted((a, b) => b.value - a.value);
  return ranked.find(({ configuration }) => !search.isTried(configuration))?.configuration;
}

function candidateAt(search: AcquisitionSearch, point: Float64Array): Candidate {
  const configuration = configurationAt(search.space, point);
  return { point, configuration, value: search.evaluate(modelInput(search.space, configuration)) };
}

/** Numbers move by about `reach` of the axis, one coordinate in `width` is drawn anew. */
function neighbour(
  space: SearchSpace,
  configuration: Configuration,
  reach: number,
  random: Random,
): Float64Array {
  return coordinatesOf(space, configuration).map((coordinate, d) => {
    if (Number.isNaN(coordinate) || random.uniform() < 1 / (2 * space.length)) return random.uniform();
    if (space[d]!.kind === "choice") return coordinate;
    return Math.min(1, Math.max(0, coordinate + reach * random.normal()));
  });
}

/** Climbs in the numbers by gradient and in the countable dimensions value by value, in turn. */
function climb(search: AcquisitionSearch, start: Candidate): Candidate {
  let best = start;
  for (let round = 0; round < ROUNDS; round++) {
    const before = best.value;
    best = better(best, climbNumbers(search, best));
    best = exchangeValues(search, best);
    if (best.value <= before + 1e-9) break;
  }
  return best;
}

const better = (a: Candidate, b: Candidate) => (b.value > a.value ? b : a);

function climbNumbers(search: AcquisitionSearch, { point, configuration }: Candidate): Candidate {
  const { space } = search;
  const input = modelInput(space, configuration);
  const moving = space.flatMap((dimension, d) =>
    dimension.kind === "number" && dimension.name in configuration ? [d] : [],
  );
  if (moving.length === 0) return candidateAt(search, point);
  const minimum = minimizeInBox({
    start: Float64Array.from(moving, (d) => input[d]!),
    low: new Float64Array(moving.length),
    high: new Float64Array(moving.length).fill(1),
    tolerance: 1e-5,
    maxIterations: 40,
    evaluate(values, gradient) {
      const moved = input.slice();
      for (const [k, d] of moving.entries()) moved[d] = values[k]!;
      const slopes = new Float64Array(input.length);
      const value = search.evaluate(moved, slopes);
      for (const [k, d] of moving.entries()) gradient[k] = -slopes[d]!;
      return -value;
    },
  });
  const reached = point.slice();
  for (const [k, d] of moving.entries()) reached[d] = minimum.point[k]!;
  return candidateAt(search, reached);
}

/** Tries every other value of each active choice, and the neighbours of each whole number. */
function exchangeValues(search: AcquisitionSearch, start: Candidate): Candidate {
  let best = start;
  for (const [d, dimension] of search.space.entries()) {
    const cells = cellCount(dimension);
    if (!Number.isFinite(cells) || !(dimension.name in best.configuration)) continue;
    const here = modelInput(search.space, best.configuration)[d]!;
    const others =
      dimension.kind === "choice"
        ? Array.from({ length: cells }, (_, k) => (k + 0.5) / cells)
        : [here - 1 / cells, here + 1 / cells].map((x) => Math.min(1, Math.max(0, x)));
    for (const other of others) {
      const point = best.point.slice();
      point[d] = other;
      best = better(best, candidateAt(search, point));
    }
  }
  return best;
}
