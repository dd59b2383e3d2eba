import { logGamma } from "../../../foundation/base/gamma.js";

/** Tables as likely as the observed one, up to rounding, count as at least as far out. */
const AS_LIKELY = 1 + 1e-7;

/**
 * Two-sided exact test of two shares (Fisher 1935): `hits` of `rows` in each sample. The sum of the chances of all
 * tables with these margins that are no likelier than the observed one.
 */
export function fisherExact(
  firstHits: number,
  firstRows: number,
  secondHits: number,
  secondRows: number,
): number {
  const hits = firstHits + secondHits;
  const least = Math.max(0, hits - secondRows);
  const most = Math.min(hits, firstRows);
  const all = logChoose(firstRows + secondRows, hits);
  const chance = (k: number): number =>
    Math.exp(logChoose(firstRows, k) + logChoose(secondRows, hits - k) - all);
  const limit = chance(firstHits) * AS_LIKELY;
  let sum = 0;
  for (let k = least; k <= most; k++) {
    const one = chance(k);
    if (one <= limit) sum += one;
  }
  return Math.min(1, sum);
}

/** ln of the number of ways to choose `chosen` of `from`. */
export function logChoose(from: number, chosen: number): number {
  return logGamma(from + 1) - logGamma(chosen + 1) - logGamma(from - chosen + 1);
}
