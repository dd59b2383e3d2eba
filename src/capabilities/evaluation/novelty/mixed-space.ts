/** One distance for rows of numbers, categories, dates and texts; missing is a value of its own. */
import { quantileOfSorted } from "../../../foundation/base/statistics.js";
import type { Column, Frame } from "../../../foundation/contracts/frame.js";

/** Differences beyond this many spreads count no more, so that one wild number is not the whole distance. */
const FARTHEST = 8;
/** What two different categories, or a value and its absence, are apart, in spreads of a number. */
const DIFFERENT = 1.5;
/** A category that no learning row has. */
export const UNSEEN = -2;

interface Axis {
  readonly name: string;
  /** Numbers are subtracted, other values compared. */
  readonly numeric: boolean;
  readonly place: (column: Column) => Float32Array;
}

export interface MixedSpace {
  readonly names: readonly string[];
  /** One array an axis: places of the rows of a frame with the same columns. */
  place(frame: Frame): readonly Float32Array[];
  /** Squared distance of one axis: 0 for equal values. */
  apart(axis: number, a: number, b: number): number;
  /** Adds to each sum how far `a` is from the place of the same position: the loop in which the time goes. */
  addApart(axis: number, a: number, places: Float32Array, sums: Float64Array): void;
}

/** Scales and categories are those of the learning rows. Texts, ids and vectors have no axis. */
export function fitMixedSpace(learning: Frame): MixedSpace {
  const axes = [...learning.columns].flatMap(([name, column]) => axisOf(name, column) ?? []);
  return {
    names: axes.map(({ name }) => name),
    place: (frame) => axes.map(({ name, place }) => place(frame.columns.get(name)!)),
    apart: (axis, a, b) => (axes[axis]!.numeric ? numbersApart(a, b) : valuesApart(a, b)),
    addApart(axis, a, places, sums) {
      if (axes[axis]!.numeric)
        for (let i = 0; i < places.length; i++) sums[i]! += numbersApart(a, places[i]!);
      else for (let i = 0; i < places.length; i++) sums[i]! += valuesApart(a, places[i]!);
    },
  };
}

function numbersApart(a: number, b: number): number {
  const distance = Math.abs(a - b);
  if (distance < FARTHEST) return distance * distance;
  if (distance >= FARTHEST) return a === b ? 0 : FARTHEST * FARTHEST;
  return valuesApart(a, b);
}

/** NaN is missing, and equals itself. */
function valuesApart(a: number, b: number): number {
  return a === b || (Number.isNaN(a) && Number.isNaN(b)) ? 0 : DIFFERENT * DIFFERENT;
}

function axisOf(name: string, column: Column): Axis | undefined {
  switch (column.kind) {
    case "number":
      if (column.categories) return categoryAxis(name, column.categories);
      return numberAxis(name, column.values);
    case "datetime":
      return numberAxis(name, column.values);
    case "boolean":
      return { name, numeric: false, place: (other) => Float32Array.from(numbersOf(other)) };
    case "category":
      return categoryAxis(name, column.dictionary);
    default:
      return undefined;
  }
}

/** In spreads: the middle 95 % of the learning rows, as if normal; a constant's other values are far at once. */
function numberAxis(name: string, values: Float64Array | Float32Array): Axis | undefined {
  const sorted = Float64Array.from(values.filter((value) => !Number.isNaN(value))).sort();
  if (sorted.length === 0) return undefined;
  const spread = (quantileOfSorted(sorted, 0.975) - quantileOfSorted(sorted, 0.025)) / 3.92;
  const range = sorted.at(-1)! - sorted[0]!;
  const unit = spread || range / FARTHEST || 1;
  const centre = quantileOfSorted(sorted, 0.5);
  return {
    name,
    numeric: true,
    place: (column) => Float32Array.from(numbersOf(column), (value) => (value - centre) / unit),
  };
}

function categoryAxis(name: string, dictionary: readonly string[]): Axis {
  const known = new Map(dictionary.map((value, code) => [value, code]));
  return {
    name,
    numeric: false,
    place(column) {
      const texts = column.kind === "category" ? column.dictionary : dictionary;
      const codes = texts.map((text) => known.get(text) ?? UNSEEN);
      const read = (code: number) => (code < 0 || Number.isNaN(code) ? Number.NaN : codes[code]!);
      return Float32Array.from(column.kind === "category" ? column.codes : numbersOf(column), read);
    },
  };
}

function numbersOf(column: Column): ArrayLike<number> {
  if (column.kind === "number" || column.kind === "boolean" || column.kind === "datetime")
    return column.values;
  throw new Error(`Column of kind ${column.kind} where a number was learnt.`);
}
