import type { Random } from "../../foundation/base/random.js";
import type { Dimension, SearchSpace } from "./search-space.js";

/** Draws each dimension on its own: uniform on its scale (Bergstra and Bengio, 2012). */
export function sampleConfiguration(space: SearchSpace, random: Random): Record<string, unknown> {
  return Object.fromEntries(space.map((dimension) => [dimension.name, sampleDimension(dimension, random)]));
}

function sampleDimension(dimension: Dimension, random: Random): unknown {
  if (dimension.kind === "choice") return dimension.choices[random.integer(dimension.choices.length)];
  const { low, high, scale, integer } = dimension;
  const position = random.uniform();
  if (integer && scale === "linear") return low + Math.floor(position * (high - low + 1));
  const value = scale === "log" ? low * (high / low) ** position : low + position * (high - low);
  return integer ? Math.round(value) : Number(value.toPrecision(6));
}
