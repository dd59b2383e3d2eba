/**
 * FLOW2, a randomised direct search (Wu, Wang and Huang, "Frugal optimization for cost-related hyperparameters",
 * AAAI 2021): from the incumbent one step in a random direction, then the opposite one; a better point becomes the
 * incumbent; without success the step shrinks; with none left the search starts again elsewhere.
 */
import type { Random } from "../../../../foundation/base/random.js";
import type { Configuration, SearchSpace } from "../../../../foundation/contracts/search-space.js";
import { configurationAt, configurationKey, coordinateOf, coordinatesOf } from "../../space/coordinates.js";

/** As shares of the cube's diagonal. */
const FIRST_STEP = 0.1;
const LEAST_STEP = 1e-3;
/** A direction also changes one choice with this chance: choices have no direction. */
const CHOICE_CHANCE = 0.4;

export class DirectedSearch {
  readonly #space: SearchSpace;
  readonly #random: Random;
  /** NaN until the first value. */
  #value = Number.NaN;
  #incumbent: Float64Array;
  #step: number;
  /** Observations since the incumbent, and in all, and in all at the last change of step. */
  #failures = 0;
  #observed = 0;
  #observedAtStep = 1;
  #round = 0;
  #restarts = 0;
  /** The point where the next run begins, when the last one has ended. */
  #waiting: string | undefined;

  /** @param space parents first; its `start` values are where the search begins */
  constructor(space: SearchSpace, random: Random) {
    this.#space = space;
    this.#random = random;
    this.#step = FIRST_STEP * Math.sqrt(space.length);
    this.#incumbent = Float64Array.from(space, (dimension) => {
      const start = coordinateOf(dimension, dimension.start);
      if (!Number.isNaN(start)) return start;
      return dimension.kind === "choice" ? 0.5 / dimension.choices.length : 0.5;
    });
  }

  /** A trial that ended, whoever proposed it. `value` finite. */
  observe(configuration: Configuration, value: number): void {
    this.#observed++;
    const restarted =
      this.#waiting !== undefined && this.#waiting === configurationKey(this.#space, configuration);
    if (restarted || !(value >= this.#value)) {
      this.#move(configuration, value);
      return;
    }
    // Twice the dimensions: as many directions as span the space, both ways.
    if (++this.#failures < 2 * this.#space.length) return;
    this.#failures -= 2;
    this.#step *= Math.sqrt(this.#observedAtStep / this.#observed);
    this.#observedAtStep = this.#observed;
    if (this.#waiting === undefined && this.#step < LEAST_STEP * Math.sqrt(this.#space.length))
      this.#restart();
  }

  #move(configuration: Configuration, value: number): void {
    const point = coordinatesOf(this.#space, configuration);
    this.#incumbent = this.#incumbent.map((kept, d) => (Number.isNaN(point[d]!) ? kept : point[d]!));
    if (this.#waiting !== undefined) this.#step = FIRST_STEP * Math.sqrt(this.#space.length);
    this.#waiting = undefined;
    this.#value = value;
    this.#failures = 0;
    this.#round++;
    this.#observedAtStep = Math.max(1, this.#observed);
  }

  #restart(): void {
    const stream = this.#random.fork(`restart ${++this.#restarts}`);
    const point = Float64Array.from(this.#space, () => stream.uniform());
    this.#incumbent = point;
    this.#waiting = configurationKey(this.#space, configurationAt(this.#space, point));
    this.#failures = 0;
  }

  /** The proposal after `pending` others that have no value yet. `attempt` above 0 goes further. */
  propose(pending: number, attempt: number): Configuration {
    const begins = Number.isNaN(this.#value) || this.#waiting !== undefined;
    if (begins && pending === 0 && attempt === 0) return configurationAt(this.#space, this.#incumbent);
    const turn = this.#failures + pending;
    const name = `${this.#restarts} ${this.#round} ${this.#observed - this.#failures} ${turn >> 1} ${attempt}`;
    const stream = this.#random.fork(name);
    const sign = turn % 2 === 0 ? 1 : -1;
    const direction = this.#direction(stream);
    const length = sign * this.#step * 1.5 ** attempt;
    const point = this.#incumbent.map((x, d) => reflect(x + length * direction[d]!));
    this.#changeChoice(point, sign > 0 ? stream : stream.fork("opposite"));
    return configurationAt(this.#space, point);
  }

  /** Uniform on the sphere of the numbers. */
  #direction(stream: Random): Float64Array {
    const normals = Float64Array.from(this.#space, ({ kind }) => (kind === "number" ? stream.normal() : 0));
    const length = Math.hypot(...normals) || 1;
    return normals.map((value) => value / length);
  }

  #changeChoice(point: Float64Array, stream: Random): void {
    const choices = this.#space.flatMap(({ kind }, d) => (kind === "choice" ? [d] : []));
    const always = choices.length === this.#space.length;
    if (choices.length === 0 || (!always && stream.uniform() >= CHOICE_CHANCE)) return;
    point[choices[stream.integer(choices.length)]!] = stream.uniform();
  }
}

/** Back into [0, 1]. */
function reflect(x: number): number {
  const folded = Math.abs(x) % 2;
  return folded > 1 ? 2 - folded : folded;
}
