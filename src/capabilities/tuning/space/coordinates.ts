/**
 * Values as coordinates in [0, 1], one a dimension: equal lengths are equally likely. A choice or a whole number
 * owns a cell of the axis; on a log scale whole numbers own [value - 1/2, value + 1/2] in logarithms.
 */
import type {
  ChoiceValue,
  Configuration,
  Dimension,
  NumberDimension,
  SearchSpace,
} from "../../../foundation/contracts/search-space.js";
import { isActive } from "./conditions.js";

/** Six digits: what a person writes down again gives the same model. */
const DIGITS = 6;

interface Axis {
  readonly from: number;
  readonly length: number;
}

function axisOf({ low, high, scale, integer }: NumberDimension): Axis {
  const margin = integer ? 0.5 : 0;
  const from = scale === "log" ? Math.log(low - margin) : low - margin;
  const to = scale === "log" ? Math.log(high + margin) : high + margin;
  return { from, length: to - from };
}

const onScale = ({ scale }: NumberDimension, value: number) => (scale === "log" ? Math.log(value) : value);

/** NaN for a value the dimension cannot take; numbers beyond the range count as its end. */
export function coordinateOf(dimension: Dimension, value: ChoiceValue | undefined): number {
  if (dimension.kind === "choice") {
    const index = value === undefined ? -1 : dimension.choices.indexOf(value);
    return index < 0 ? Number.NaN : (index + 0.5) / dimension.choices.length;
  }
  if (typeof value !== "number" || Number.isNaN(value)) return Number.NaN;
  const { from, length } = axisOf(dimension);
  const inside = Math.min(dimension.high, Math.max(dimension.low, value));
  return (onScale(dimension, inside) - from) / length;
}

/** The value at a coordinate in [0, 1]. */
export function valueAt(dimension: Dimension, coordinate: number): ChoiceValue {
  if (dimension.kind === "choice") {
    const { choices } = dimension;
    return choices[Math.min(choices.length - 1, Math.max(0, Math.floor(coordinate * choices.length)))]!;
  }
  const { low, high, scale, integer } = dimension;
  const { from, length } = axisOf(dimension);
  const position = from + Math.min(1, Math.max(0, coordinate)) * length;
  const value = scale === "log" ? Math.exp(position) : position;
  const written = integer ? Math.round(value) : Number(value.toPrecision(DIGITS));
  // Plus 0: what is rounded up to nothing is -0, which equals 0 and is not the same.
  return Math.min(high, Math.max(low, written)) + 0;
}

/** Number of cells of a dimension whose values are countable, Infinity for real numbers. */
export function cellCount(dimension: Dimension): number {
  if (dimension.kind === "choice") return dimension.choices.length;
  return dimension.integer ? dimension.high - dimension.low + 1 : Number.POSITIVE_INFINITY;
}

/** The cell [from, to] of a countable dimension that holds the coordinate; the point itself for real numbers. */
export function cellAt(dimension: Dimension, coordinate: number): readonly [number, number] {
  if (dimension.kind === "choice") {
    const size = dimension.choices.length;
    const index = Math.min(size - 1, Math.max(0, Math.floor(coordinate * size)));
    return [index / size, (index + 1) / size];
  }
  if (!dimension.integer) return [coordinate, coordinate];
  const value = valueAt(dimension, coordinate) as number;
  const { from, length } = axisOf(dimension);
  return [
    (onScale(dimension, value - 0.5) - from) / length,
    (onScale(dimension, value + 0.5) - from) / length,
  ];
}

/** One coordinate a dimension; NaN where it is not active or not known. `space` has parents first. */
export function coordinatesOf(space: SearchSpace, configuration: Configuration): Float64Array {
  return Float64Array.from(space, (dimension) =>
    isActive(dimension, configuration) ? coordinateOf(dimension, configuration[dimension.name]) : Number.NaN,
  );
}

/** The configuration at a point of the unit cube; coordinates of inactive dimensions are ignored. */
export function configurationAt(space: SearchSpace, point: ArrayLike<number>): Configuration {
  const configuration: Record<string, ChoiceValue> = {};
  for (const [index, dimension] of space.entries())
    if (isActive(dimension, configuration)) configuration[dimension.name] = valueAt(dimension, point[index]!);
  return configuration;
}

/** A text that is equal for equal configurations of the space. */
export function configurationKey(space: SearchSpace, configuration: Configuration): string {
  return JSON.stringify(space.map(({ name }) => configuration[name] ?? null));
}
