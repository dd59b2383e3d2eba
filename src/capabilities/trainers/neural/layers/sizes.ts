import type { GraphValue } from "../../../../foundation/contracts/graph.js";

/** The size along an axis, which must be known when the graph is built; negative axes count from the end. */
export function sizeAt(value: GraphValue, axis: number): number {
  const size = value.shape.at(axis);
  if (typeof size === "number") return size;
  throw new Error(`A layer needs to know size ${axis} of [${value.shape.join(", ")}].`);
}

export const lastSize = (value: GraphValue): number => sizeAt(value, -1);
