/** Number of neighbours and power of the weights, chosen by leave-one-out votes of the stored rows. */
import type { Checkpoint } from "../numeric/pace.js";
import { createSearchSpace, findNeighbours, type Neighbours } from "./neighbour-search.js";
import { castVotes } from "./neighbour-votes.js";
import type { NeighboursState } from "./neighbours-state.js";

const NEIGHBOURS = [1, 3, 5, 9, 15, 25, 40, 70, 120, 200];
/** 0: uniform. */
const POWERS = [0, 1, 2, 3];
const BLOCK_ROWS = 256;

type Votes = Pick<NeighboursState, "neighbours" | "weighting" | "power">;

/** The votes of least mean squared error (of class shares: Brier's score), each of `queries` left out of its own. */
export async function selectVotes(
  state: NeighboursState,
  queries: Int32Array,
  checkpoint: Checkpoint,
): Promise<Votes> {
  const most = Math.min(state.rows - 1, NEIGHBOURS.at(-1)!);
  const candidates: (Votes & { error: number })[] = [];
  for (const count of NEIGHBOURS.filter((value) => value <= most)) {
    for (const power of POWERS) {
      const weighting = power === 0 ? "uniform" : "distance";
      candidates.push({ neighbours: count, weighting, power: power || 1, error: 0 });
    }
  }
  const { points, width, center, unit } = state;
  const space = createSearchSpace(points, width, center, unit);
  for (let start = 0; start < queries.length && candidates.length > 0; start += BLOCK_ROWS) {
    const block = queries.subarray(start, start + BLOCK_ROWS);
    const rows = new Float32Array(block.length * width);
    for (const [i, row] of block.entries())
      rows.set(points.subarray(row * width, (row + 1) * width), i * width);
    const found = findNeighbours(space, rows, block.length, most + 1);
    for (const [i, row] of block.entries()) {
      const others = withoutSelf(found, i * (most + 1), most, row);
      for (const candidate of candidates) candidate.error += squaredError(state, candidate, others, row);
    }
    await checkpoint(start + block.length);
  }
  const best = candidates.reduce(
    (a, b) => (b.error < a.error ? b : a),
    candidates[0] ?? { ...state, error: 0 },
  );
  return { neighbours: best.neighbours, weighting: best.weighting, power: best.power };
}

/** The `count` nearest of a row that are not the row; when equal rows crowd it out, the last one goes. */
function withoutSelf(
  { rows, distances }: Neighbours,
  start: number,
  count: number,
  self: number,
): Neighbours {
  const kept = new Int32Array(count);
  const near = new Float64Array(count);
  let filled = 0;
  for (let i = start; filled < count; i++) {
    if (rows[i] === self) continue;
    kept[filled] = rows[i]!;
    near[filled++] = distances[i]!;
  }
  return { rows: kept, distances: near };
}

function squaredError(
  state: NeighboursState,
  votes: Votes,
  { rows, distances }: Neighbours,
  row: number,
): number {
  const weights = new Float64Array(votes.neighbours);
  const total = castVotes({ ...votes, softening: state.softening }, distances, 0, weights);
  const truth = state.targets[row]!;
  if (state.classes === 0) {
    const mean = weights.reduce((sum, weight, i) => sum + weight * state.targets[rows[i]!]!, 0) / total;
    return (mean - truth) ** 2;
  }
  const shares = new Float64Array(state.classes);
  for (let i = 0; i < weights.length; i++) shares[state.targets[rows[i]!]!]! += weights[i]! / total;
  shares[truth]! -= 1;
  return shares.reduce((sum, share) => sum + share * share, 0);
}
