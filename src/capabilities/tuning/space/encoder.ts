import type { Configuration, Dimension, SearchSpace } from "../../../foundation/contracts/search-space.js";
import { isActive, parentsFirst } from "./conditions.js";
import { coordinateOf, valueAt } from "./coordinates.js";

/** The columns one dimension owns: a number one, a choice one for each of its values. */
export interface EncodedDimension {
  readonly dimension: Dimension;
  readonly first: number;
  readonly size: number;
}

/** Configurations as points of the unit cube, choices one-hot. */
export interface SpaceEncoder {
  /** Parents first. */
  readonly space: SearchSpace;
  readonly parts: readonly EncodedDimension[];
  /** Columns in all. */
  readonly width: number;
  /** NaN in the columns of what is inactive or unknown. */
  encode(configuration: Configuration): Float64Array;
  /** Any point decodes to a valid configuration: a choice is the greatest of its columns (the first of equals). */
  decode(point: ArrayLike<number>): Configuration;
}

export function createEncoder(given: SearchSpace): SpaceEncoder {
  const space = parentsFirst(given);
  let width = 0;
  const parts = space.map((dimension): EncodedDimension => {
    const size = dimension.kind === "choice" ? dimension.choices.length : 1;
    const first = width;
    width += size;
    return { dimension, first, size };
  });
  return { space, parts, width, encode, decode };

  function encode(configuration: Configuration): Float64Array {
    const point = new Float64Array(width).fill(Number.NaN);
    for (const { dimension, first, size } of parts) {
      if (!isActive(dimension, configuration)) continue;
      const value = configuration[dimension.name];
      if (dimension.kind === "number") {
        point[first] = coordinateOf(dimension, value);
      } else if (value !== undefined && dimension.choices.includes(value)) {
        point.fill(0, first, first + size);
        point[first + dimension.choices.indexOf(value)] = 1;
      }
    }
    return point;
  }

  function decode(point: ArrayLike<number>): Configuration {
    const configuration: Record<string, string | number | boolean> = {};
    for (const { dimension, first, size } of parts) {
      if (!isActive(dimension, configuration)) continue;
      if (dimension.kind === "number") {
        configuration[dimension.name] = valueAt(dimension, point[first]!);
        continue;
      }
      let greatest = 0;
      for (let k = 1; k < size; k++) if (point[first + k]! > point[first + greatest]!) greatest = k;
      configuration[dimension.name] = dimension.choices[greatest]!;
    }
    return configuration;
  }
}
