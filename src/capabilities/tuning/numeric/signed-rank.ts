/** Wilcoxon's signed-rank test (Biometrics Bulletin 1, 1945), one-sided. */
import { normalCdf } from "./normal.js";

/** Up to this many differences the distribution is counted exactly, ties and zeros included. */
const EXACT_COUNT = 50;

/**
 * P(rank sum of positive differences >= the observed one) if each sign were a fair coin: small where the
 * differences tend to be positive. Equal magnitudes share their mean rank; half the ranks of zeros count as positive
 * ("zsplit"). 1 for no differences. Differences are finite.
 */
export function signedRankGreater(differences: readonly number[]): number {
  const count = differences.length;
  if (count === 0) return 1;
  const order = Array.from(differences.keys()).sort(
    (a, b) => Math.abs(differences[a]!) - Math.abs(differences[b]!),
  );
  // Twice the ranks, so that mean ranks are whole numbers.
  const doubled = new Int32Array(count);
  let ties = 0;
  for (let from = 0; from < count; ) {
    let to = from + 1;
    while (to < count && Math.abs(differences[order[to]!]!) === Math.abs(differences[order[from]!]!)) to++;
    for (let k = from; k < to; k++) doubled[order[k]!] = from + to + 1;
    ties += (to - from) ** 3 - (to - from);
    from = to;
  }
  const signed = Array.from(doubled).filter((_, k) => differences[k] !== 0);
  const observed = doubled.reduce((sum, rank, k) => sum + (differences[k]! > 0 ? rank : 0), 0);
  if (count <= EXACT_COUNT) return upperShare(signed, observed);
  const mean = (count * (count + 1)) / 4;
  const variance = (count * (count + 1) * (2 * count + 1) - ties / 2) / 24;
  const zeros = doubled.reduce((sum, rank, k) => sum + (differences[k] === 0 ? rank : 0), 0);
  return variance > 0 ? normalCdf((mean - observed / 2 - zeros / 4) / Math.sqrt(variance)) : 1;
}

/** The share of all subsets of `ranks` whose sum is at least `observed`. */
function upperShare(ranks: readonly number[], observed: number): number {
  const total = ranks.reduce((a, b) => a + b, 0);
  const chances = new Float64Array(total + 1);
  chances[0] = 1;
  for (const rank of ranks) {
    for (let sum = total; sum >= 0; sum--)
      chances[sum] = 0.5 * chances[sum]! + (sum >= rank ? 0.5 * chances[sum - rank]! : 0);
  }
  return chances.subarray(observed).reduce((a, b) => a + b, 0);
}
