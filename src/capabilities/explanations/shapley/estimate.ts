import type { Random } from "../../../foundation/base/random.js";
import { solvePositive } from "./conditional-game.js";

/** Worth of each coalition (1 = the player is in), float64 [coalitions][outputs]. */
export type CoalitionGame = (coalitions: readonly Uint8Array[]) => Promise<Float64Array>;

/**
 * `permutation`: antithetic walks through random orders (Mitchell et al. 2022), each adding up exactly.
 * `kernel`: weighted least squares over sampled coalitions and their complements (Lundberg and Lee 2017).
 * Up to `exactPlayers` players both ask for every coalition and give the Shapley values themselves.
 */
export interface ShapleyBudget {
  readonly method: "permutation" | "kernel";
  /** Coalitions asked for, at least; a permutation takes 2 * players. */
  readonly coalitions: number;
  readonly random: Random;
  readonly exactPlayers?: number;
}

interface Problem extends ShapleyBudget {
  readonly players: number;
  readonly outputs: number;
}

export interface ShapleyEstimate {
  /** float64 [outputs][players]. */
  readonly values: Float64Array;
  /** float64 [outputs], of the empty and of the full coalition. */
  readonly base: Float64Array;
  readonly full: Float64Array;
}

const EXACT_PLAYERS = 10;

/** Whether these players are few enough for every coalition to be asked for. */
export function isExact(
  players: number,
  { exactPlayers = EXACT_PLAYERS, coalitions }: ShapleyBudget,
): boolean {
  return players <= exactPlayers && 2 ** players <= Math.max(coalitions, 2);
}

export async function estimateShapley(game: CoalitionGame, problem: Problem): Promise<ShapleyEstimate> {
  const { players, method } = problem;
  if (players === 0) {
    const base = await game([new Uint8Array(0)]);
    return { values: new Float64Array(0), base, full: base };
  }
  if (isExact(players, problem)) return enumerate(game, problem);
  return method === "permutation" ? permute(game, problem) : regress(game, problem);
}

async function enumerate(game: CoalitionGame, { players, outputs }: Problem): Promise<ShapleyEstimate> {
  const coalitions = Array.from({ length: 2 ** players }, (_, set) =>
    Uint8Array.from({ length: players }, (_member, player) => (set >>> player) & 1),
  );
  const worths = await game(coalitions);
  // (size)! (players - size - 1)! / players!, from 1 / players at size 0.
  const weights = [1 / players];
  for (let size = 1; size < players; size++) weights.push((weights[size - 1]! * size) / (players - size));
  const values = new Float64Array(outputs * players);
  for (const [set, members] of coalitions.entries()) {
    const size = members.reduce((sum, member) => sum + member, 0);
    for (let player = 0; player < players; player++) {
      if (members[player] === 1) continue;
      const joined = set | (1 << player);
      for (let k = 0; k < outputs; k++) {
        const gain = worths[joined * outputs + k]! - worths[set * outputs + k]!;
        values[k * players + player]! += weights[size]! * gain;
      }
    }
  }
  return { values, base: worths.slice(0, outputs), full: worths.slice(-outputs) };
}

async function permute(game: CoalitionGame, problem: Problem): Promise<ShapleyEstimate> {
  const { players, outputs, random } = problem;
  const orders = Math.max(1, Math.round(problem.coalitions / (2 * players)));
  const values = new Float64Array(outputs * players);
  let ends = { base: new Float64Array(outputs), full: new Float64Array(outputs) };
  for (let walk = 0; walk < orders; walk++) {
    const order = random.permutation(players);
    // Players enter in order until all are in, then leave in the same order: the second half is the reverse order's.
    const coalitions = [new Uint8Array(players)];
    for (const member of [1, 0]) {
      for (const player of order) {
        const next = Uint8Array.from(coalitions.at(-1)!);
        next[player] = member;
        coalitions.push(next);
      }
    }
    coalitions.pop();
    const worths = await game(coalitions);
    const worth = (at: number, k: number) => worths[(at % coalitions.length) * outputs + k]!;
    for (const [step, player] of order.entries()) {
      for (let k = 0; k < outputs; k++) {
        const entering = worth(step + 1, k) - worth(step, k);
        const leaving = worth(players + step, k) - worth(players + step + 1, k);
        values[k * players + player]! += (entering + leaving) / (2 * orders);
      }
    }
    ends = { base: worths.slice(0, outputs), full: worths.slice(players * outputs, (players + 1) * outputs) };
  }
  return { values, ...ends };
}

/** Coalition sizes are drawn by the Shapley kernel's weight of their size, so all drawn count alike. */
async function regress(game: CoalitionGame, problem: Problem): Promise<ShapleyEstimate> {
  const { players, outputs } = problem;
  const sampled = sampleCoalitions(problem);
  const all = [
    new Uint8Array(players),
    new Uint8Array(players).fill(1),
    ...sampled.map(({ members }) => members),
  ];
  const worths = await game(all);
  const base = worths.slice(0, outputs);
  const full = worths.slice(outputs, 2 * outputs);
  const normal = Array.from({ length: players }, () => new Array<number>(players).fill(0));
  for (const { members, weight } of sampled) {
    for (let a = 0; a < players; a++) {
      if (members[a] === 0) continue;
      for (let b = 0; b < players; b++) normal[a]![b]! += weight * members[b]!;
    }
  }
  for (let a = 0; a < players; a++) normal[a]![a]! += 1e-9;
  const ones = solvePositive(normal, new Array<number>(players).fill(1));
  const onesSum = ones.reduce((sum, value) => sum + value, 0);
  const values = new Float64Array(outputs * players);
  for (let k = 0; k < outputs; k++) {
    const right = new Array<number>(players).fill(0);
    for (const [at, { members, weight }] of sampled.entries()) {
      const gain = weight * (worths[(at + 2) * outputs + k]! - base[k]!);
      for (let a = 0; a < players; a++) if (members[a] === 1) right[a]! += gain;
    }
    const free = solvePositive(normal, right);
    // The nearest solution, in the metric of the problem, whose sum is what is to be dealt out.
    const excess = free.reduce((sum, value) => sum + value, 0) - (full[k]! - base[k]!);
    for (let a = 0; a < players; a++) values[k * players + a] = free[a]! - (excess / onesSum) * ones[a]!;
  }
  return { values, base, full };
}

function sampleCoalitions({
  players,
  coalitions,
  random,
}: Problem): { members: Uint8Array; weight: number }[] {
  const sizes = Array.from({ length: players - 1 }, (_, k) => (players - 1) / ((k + 1) * (players - k - 1)));
  const total = sizes.reduce((sum, weight) => sum + weight, 0);
  const found = new Map<string, { members: Uint8Array; weight: number }>();
  const pairs = Math.ceil(Math.max(coalitions, 2 * players) / 2);
  for (let pair = 0; pair < pairs; pair++) {
    let left = random.uniform() * total;
    let size = 1;
    while (size < players - 1 && left >= sizes[size - 1]!) left -= sizes[size++ - 1]!;
    const members = new Uint8Array(players);
    for (const player of random.permutation(players).subarray(0, size)) members[player] = 1;
    for (const coalition of [members, members.map((member) => 1 - member)]) {
      const key = coalition.join("");
      const known = found.get(key);
      found.set(key, { members: coalition, weight: (known?.weight ?? 0) + 1 });
    }
  }
  return [...found.values()];
}
