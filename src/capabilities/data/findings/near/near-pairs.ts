/**
 * Pairs of rows that nearly agree: each number within 1 % of its column's spread, each text alike by four fifths of
 * its shingles, everything else equal. Numbers that are counts or codes, with no two values so close, must be equal.
 */
import { finiteValues, gather } from "../../../../foundation/base/gather.js";
import { createRandom } from "../../../../foundation/base/random.js";
import { quantileOfSorted } from "../../../../foundation/base/statistics.js";
import type { Column, Frame } from "../../../../foundation/contracts/frame.js";
import { createFrame } from "../../../../foundation/contracts/frame.js";
import { contentKeys } from "../row-content.js";
import { bandKeys, jaccard, shingles } from "./text-shingles.js";

const TOLERANCE = 0.01;
const LEAST_SHARED = 0.8;
/** Pairs looked at before giving up: a few seconds. */
const MOST_COMPARISONS = 3e8;
const SAMPLED = 8;

export interface NearPairs {
  /** Positions in `rows`, the smaller first. */
  readonly pairs: readonly (readonly [number, number])[];
  /** How many pairs the density of the numbers alone would bring so near. */
  readonly byChance: number;
  readonly complete: boolean;
}

/** `rows`: rows of `frame`, no two of them equal. */
export function findNearPairs(frame: Frame, rows: Int32Array): NearPairs {
  const measured = [...frame.columns].flatMap(([name, column]) => measuredColumn(name, column, rows) ?? []);
  const texts = [...frame.columns].filter(([, column]) => column.kind === "text");
  const exact = [...frame.columns.keys()].filter(
    (name) => !measured.some((one) => one.name === name) && !texts.some(([text]) => text === name),
  );
  if (measured.length === 0 && texts.length === 0) return { pairs: [], byChance: 0, complete: true };
  const gaps = measured.map(({ name, column }) => gapColumn(name, column));
  const keyed = createFrame(
    [...exact.map((name) => [name, frame.columns.get(name)!] as const), ...gaps],
    frame.rows,
  );
  const keys = contentKeys(keyed, [...keyed.columns.keys()]);
  const search = new PairSearch(scaledRows(measured, rows), measured.length, textsOf(texts, rows));
  for (const bucket of bucketsOf(keys, rows)) search.compare(bucket);
  return search.result();
}

interface MeasuredColumn {
  readonly name: string;
  readonly column: Column & { readonly values: ArrayLike<number> };
  readonly tolerance: number;
}

/** Numbers of which some are closer to each other than the tolerance; undefined for the rest. */
function measuredColumn(name: string, column: Column, rows: Int32Array): MeasuredColumn | undefined {
  if (column.kind !== "number" && column.kind !== "datetime") return undefined;
  if (column.kind === "number" && column.categories) return undefined;
  const sorted = finiteValues(gather(column.values, rows)).sort();
  const spread = (quantileOfSorted(sorted, 0.975) - quantileOfSorted(sorted, 0.025)) / 3.92;
  const tolerance = TOLERANCE * spread;
  return holdsNeighbours(sorted, tolerance) ? { name, column, tolerance } : undefined;
}

/** Whether two different values are at most so far from each other. */
function holdsNeighbours(sorted: Float64Array, tolerance: number): boolean {
  for (let i = 1; i < sorted.length; i++) {
    const step = sorted[i]! - sorted[i - 1]!;
    if (step > 0 && step <= tolerance) return true;
  }
  return false;
}

/** Whether a value is missing, as a column: gaps must agree. */
function gapColumn(
  name: string,
  { values }: { readonly values: ArrayLike<number> },
): readonly [string, Column] {
  const gaps = new Float32Array(values.length);
  for (let row = 0; row < gaps.length; row++) gaps[row] = Number.isNaN(values[row]!) ? 1 : 0;
  return [`${name}?`, { kind: "boolean", values: gaps }];
}

/** Row-major, in tolerances; missing is 0, as gaps agree already. */
function scaledRows(columns: readonly MeasuredColumn[], rows: Int32Array): Float64Array {
  const scaled = new Float64Array(rows.length * columns.length);
  for (const [k, { column, tolerance }] of columns.entries()) {
    for (const [i, row] of rows.entries()) {
      const value = column.values[row]!;
      scaled[i * columns.length + k] = Number.isNaN(value) ? 0 : value / tolerance;
    }
  }
  return scaled;
}

function textsOf(texts: readonly (readonly [string, Column])[], rows: Int32Array): LazyShingles[] {
  return texts.map(([, column]) => new LazyShingles(column.kind === "text" ? column.values : [], rows));
}

/** Texts of the rows compared. Sets of shingles are made for candidates alone: most rows are none. */
class LazyShingles {
  readonly #values: readonly string[];
  readonly #rows: Int32Array;
  readonly #sets = new Map<number, ReadonlySet<number>>();

  constructor(values: readonly string[], rows: Int32Array) {
    this.#values = values;
    this.#rows = rows;
  }

  text(position: number): string {
    return this.#values[this.#rows[position]!]!;
  }

  alike(a: number, b: number): boolean {
    return jaccard(this.#set(a), this.#set(b)) >= LEAST_SHARED;
  }

  #set(position: number): ReadonlySet<number> {
    const known = this.#sets.get(position) ?? shingles(this.text(position));
    this.#sets.set(position, known);
    return known;
  }
}

/** Positions of rows that agree in all that must be equal; only where there are two or more. */
function bucketsOf(keys: Float64Array, rows: Int32Array): number[][] {
  const buckets = new Map<number, number[]>();
  for (const [position, row] of rows.entries()) {
    const bucket = buckets.get(keys[row]!);
    if (bucket) bucket.push(position);
    else buckets.set(keys[row]!, [position]);
  }
  return [...buckets.values()].filter((bucket) => bucket.length > 1);
}

class PairSearch {
  readonly #scaled: Float64Array;
  readonly #width: number;
  readonly #texts: readonly LazyShingles[];
  readonly #weights: Float64Array;
  readonly #pairs = new Map<string, readonly [number, number]>();
  #twiceAsFar = 0;
  #comparisons = 0;

  constructor(scaled: Float64Array, width: number, texts: readonly LazyShingles[]) {
    this.#scaled = scaled;
    this.#width = width;
    this.#texts = texts;
    const random = createRandom("near-pairs");
    this.#weights = Float64Array.from(
      { length: width },
      () => (0.5 + random.uniform()) * (random.integer(2) ? 1 : -1),
    );
  }

  result(): NearPairs {
    const pairs = [...this.#pairs.values()];
    // The pairs that chance brings within a distance grow with its power of the number of columns.
    const byChance = this.#width === 0 ? 0 : this.#twiceAsFar / (2 ** this.#width - 1);
    return { pairs, byChance, complete: this.#comparisons < MOST_COMPARISONS };
  }

  compare(bucket: readonly number[]): void {
    if (this.#texts.length === 0) this.#sweep(bucket);
    else for (const part of this.#textBuckets(bucket)) this.#sweep(part);
  }

  /**
   * Along one direction near rows are near as well: sorted by their sum of weighted places, only those within reach
   * need a look. Nothing is missed.
   */
  #sweep(bucket: readonly number[]): void {
    const width = this.#width;
    const reach = this.#weights.reduce((sum, weight) => sum + Math.abs(weight), 0);
    const places = bucket.map((position) => {
      let place = 0;
      for (let k = 0; k < width; k++) place += this.#weights[k]! * this.#scaled[position * width + k]!;
      return { position, place };
    });
    places.sort((a, b) => a.place - b.place || a.position - b.position);
    for (let i = 0; i < places.length; i++) {
      const { position, place } = places[i]!;
      // What chance brings is learnt from pairs up to twice as far, of every so many rows.
      const limit = place + (i % SAMPLED === 0 ? 2 * reach : reach);
      for (let j = i + 1; j < places.length && places[j]!.place <= limit; j++) {
        this.#comparisons += 1;
        if (this.#comparisons >= MOST_COMPARISONS) return;
        this.#look(position, places[j]!.position, i % SAMPLED === 0);
      }
    }
  }

  #look(a: number, b: number, sampled: boolean): void {
    const width = this.#width;
    let farthest = 0;
    for (let k = 0; k < width; k++) {
      const distance = Math.abs(this.#scaled[a * width + k]! - this.#scaled[b * width + k]!);
      if (distance > farthest) farthest = distance;
      if (farthest > (sampled ? 2 : 1)) return;
    }
    if (this.#texts.some((texts) => !texts.alike(a, b))) return;
    if (farthest > 1) {
      if (this.#texts.length === 0) this.#twiceAsFar += SAMPLED;
      return;
    }
    const pair = a < b ? ([a, b] as const) : ([b, a] as const);
    this.#pairs.set(`${pair[0]},${pair[1]}`, pair);
  }

  /** Rows whose first text agrees in a band; the other texts are compared later. */
  #textBuckets(bucket: readonly number[]): number[][] {
    const buckets = new Map<number, number[]>();
    for (const position of bucket) {
      for (const [band, key] of bandKeys(this.#texts[0]!.text(position)).entries()) {
        const name = band * 0x1_0000_0000 + key;
        const members = buckets.get(name);
        if (members) members.push(position);
        else buckets.set(name, [position]);
      }
    }
    return [...buckets.values()].filter((members) => members.length > 1);
  }
}
