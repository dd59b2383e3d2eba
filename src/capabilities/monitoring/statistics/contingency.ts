import { chiSquareTail } from "../../../foundation/base/tail-probability.js";

export interface CountsTest {
  readonly statistic: number;
  readonly degreesOfFreedom: number;
  readonly pValue: number;
}

/** Below this expected count the chi-square approximation is not to be trusted (Cochran 1954). */
const LEAST_EXPECTED = 5;

/**
 * Whether two rows of counts over the same categories are of one distribution: Pearson's chi-square, or twice the
 * log-likelihood ratio (G). Without continuity correction.
 */
export function countsTest(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  statisticKind: "pearson" | "likelihood-ratio" = "pearson",
): CountsTest {
  const [rowsFirst, rowsSecond] = [sumOf(first), sumOf(second)];
  const rows = rowsFirst + rowsSecond;
  let statistic = 0;
  let categories = 0;
  const add = (count: number, expected: number): void => {
    if (statisticKind === "pearson") statistic += (count - expected) ** 2 / expected;
    else if (count > 0) statistic += 2 * count * Math.log(count / expected);
  };
  for (let k = 0; k < first.length; k++) {
    const total = first[k]! + second[k]!;
    if (total === 0) continue;
    categories += 1;
    add(first[k]!, (total * rowsFirst) / rows);
    add(second[k]!, (total * rowsSecond) / rows);
  }
  const degreesOfFreedom = Math.max(0, categories - 1);
  const pValue = rowsFirst === 0 || rowsSecond === 0 ? 1 : chiSquareTail(statistic, degreesOfFreedom);
  return { statistic, degreesOfFreedom, pValue };
}

/**
 * Joins categories too rare for chi-square, by their total over both samples so that the choice does not depend on
 * the difference; the joined one takes the next rarest until it is large enough.
 */
export function joinRare(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
): { readonly first: number[]; readonly second: number[] } {
  const [rowsFirst, rowsSecond] = [sumOf(first), sumOf(second)];
  const smallerShare = Math.min(rowsFirst, rowsSecond) / Math.max(1, rowsFirst + rowsSecond);
  const order = Array.from({ length: first.length }, (_, k) => k)
    .filter((k) => first[k]! + second[k]! > 0)
    .sort((a, b) => first[a]! + second[a]! - (first[b]! + second[b]!) || a - b);
  const kept = { first: [] as number[], second: [] as number[] };
  let [restFirst, restSecond] = [0, 0];
  for (const k of order) {
    const restExpected = (restFirst + restSecond) * smallerShare;
    const expected = (first[k]! + second[k]!) * smallerShare;
    const restTooSmall = restFirst + restSecond > 0 && restExpected < LEAST_EXPECTED;
    if (expected < LEAST_EXPECTED || restTooSmall) {
      restFirst += first[k]!;
      restSecond += second[k]!;
    } else {
      kept.first.push(first[k]!);
      kept.second.push(second[k]!);
    }
  }
  if (restFirst + restSecond > 0) {
    kept.first.push(restFirst);
    kept.second.push(restSecond);
  }
  return kept;
}

function sumOf(counts: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < counts.length; k++) sum += counts[k]!;
  return sum;
}
