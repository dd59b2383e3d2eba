import type { NeighboursState } from "./neighbours-state.js";

/**
 * Weights of one query's nearest `votes.length` neighbours into `votes`, the nearest's being 1; returns their sum.
 * `distances`: squared, in units, from `start`.
 */
export function castVotes(
  { weighting, power, softening }: Pick<NeighboursState, "weighting" | "power" | "softening">,
  distances: Float64Array,
  start: number,
  votes: Float64Array,
): number {
  if (weighting === "uniform") {
    votes.fill(1);
    return votes.length;
  }
  const nearest = Math.sqrt(distances[start]!) + softening;
  let sum = 0;
  for (let i = 0; i < votes.length; i++) {
    const distance = Math.sqrt(distances[start + i]!) + softening;
    // Neighbours at distance 0, when there are any and nothing softens, decide alone.
    votes[i] = distance === nearest ? 1 : (nearest / distance) ** power;
    sum += votes[i]!;
  }
  return sum;
}
