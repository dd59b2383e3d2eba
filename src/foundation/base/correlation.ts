import { averageRanks } from "./ranks.js";

/**
 * Pearson's r of two columns over rows where both are finite (two passes). NaN when fewer than three such
 * rows, or when one column is constant on them.
 */
export function pearson(first: ArrayLike<number>, second: ArrayLike<number>): number {
  const [x, y] = completePairs(first, second);
  return pearsonOfComplete(x, y);
}

/** Spearman's rho: Pearson's r of average ranks, over rows where both are finite. */
export function spearman(first: ArrayLike<number>, second: ArrayLike<number>): number {
  const [x, y] = completePairs(first, second);
  return pearsonOfComplete(averageRanks(x), averageRanks(y));
}

type Numbers = ArrayLike<number>;

function completePairs(first: Numbers, second: Numbers): [Numbers, Numbers] {
  if (isComplete(first) && isComplete(second)) return [first, second];
  const x = new Float64Array(first.length);
  const y = new Float64Array(first.length);
  let count = 0;
  for (let i = 0; i < first.length; i++) {
    if (!Number.isFinite(first[i]!) || !Number.isFinite(second[i]!)) continue;
    x[count] = first[i]!;
    y[count++] = second[i]!;
  }
  return [x.subarray(0, count), y.subarray(0, count)];
}

function isComplete(values: Numbers): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i]!)) return false;
  return true;
}

function pearsonOfComplete(x: ArrayLike<number>, y: ArrayLike<number>): number {
  const n = x.length;
  if (n < 3) return Number.NaN;
  const meanX = mean(x);
  const meanY = mean(y);
  let products = 0;
  let squaresX = 0;
  let squaresY = 0;
  for (let i = 0; i < n; i++) {
    const dx = x[i]! - meanX;
    const dy = y[i]! - meanY;
    products += dx * dy;
    squaresX += dx * dx;
    squaresY += dy * dy;
  }
  const scale = Math.sqrt(squaresX) * Math.sqrt(squaresY);
  if (!(scale > 0) || !Number.isFinite(scale)) return Number.NaN;
  return Math.max(-1, Math.min(1, products / scale));
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}
