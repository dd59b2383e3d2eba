import { averageRanks } from "../../../../foundation/base/ranks.js";

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

/** Counts of code pairs, row-major `rows * columns`; pairs with a negative code are left out. */
export interface ContingencyTable {
  readonly rows: number;
  readonly columns: number;
  readonly counts: Float64Array;
}

export function contingencyTable(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  rows: number,
  columns: number,
): ContingencyTable {
  const counts = new Float64Array(rows * columns);
  for (let i = 0; i < first.length; i++) {
    if (first[i]! >= 0 && second[i]! >= 0) counts[first[i]! * columns + second[i]!]!++;
  }
  return { rows, columns, counts };
}

/** Pearson's chi-square statistic of independence, over rows and columns that occur. */
export function chiSquare({ rows, columns, counts }: ContingencyTable): {
  statistic: number;
  degreesOfFreedom: number;
  total: number;
  usedRows: number;
  usedColumns: number;
} {
  const rowSums = new Float64Array(rows);
  const columnSums = new Float64Array(columns);
  let total = 0;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const count = counts[r * columns + c]!;
      rowSums[r]! += count;
      columnSums[c]! += count;
      total += count;
    }
  }
  let statistic = 0;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const expected = (rowSums[r]! * columnSums[c]!) / total;
      if (expected > 0) statistic += (counts[r * columns + c]! - expected) ** 2 / expected;
    }
  }
  const usedRows = rowSums.filter((sum) => sum > 0).length;
  const usedColumns = columnSums.filter((sum) => sum > 0).length;
  const degreesOfFreedom = Math.max(0, usedRows - 1) * Math.max(0, usedColumns - 1);
  return { statistic, degreesOfFreedom, total, usedRows, usedColumns };
}

/**
 * Cramér's V with Bergsma's bias correction (2013), 0..1; NaN when a variable has a single value.
 * Without the correction, columns of many categories would look associated by chance.
 */
export function cramersV(table: ContingencyTable): number {
  const { statistic, total, usedRows, usedColumns } = chiSquare(table);
  if (usedRows < 2 || usedColumns < 2 || total < 3) return Number.NaN;
  const phiSquared = Math.max(0, statistic / total - ((usedRows - 1) * (usedColumns - 1)) / (total - 1));
  const correctedRows = usedRows - (usedRows - 1) ** 2 / (total - 1);
  const correctedColumns = usedColumns - (usedColumns - 1) ** 2 / (total - 1);
  const limit = Math.min(correctedRows, correctedColumns) - 1;
  return limit > 0 ? Math.min(1, Math.sqrt(phiSquared / limit)) : Number.NaN;
}

/**
 * Correlation ratio eta of a number given a category: root of the share of its variance between categories,
 * with the adjustment for the number of categories (epsilon squared), 0..1. NaN when undefined.
 */
export function correlationRatio(
  codes: ArrayLike<number>,
  values: ArrayLike<number>,
  categories: number,
): number {
  const sums = new Float64Array(categories);
  const counts = new Float64Array(categories);
  let total = 0;
  let sum = 0;
  for (let i = 0; i < codes.length; i++) {
    const value = values[i]!;
    if (codes[i]! < 0 || !Number.isFinite(value)) continue;
    sums[codes[i]!]! += value;
    counts[codes[i]!]!++;
    sum += value;
    total++;
  }
  const used = counts.filter((count) => count > 0).length;
  if (used < 2 || total <= used) return Number.NaN;
  const overall = sum / total;
  let between = 0;
  let all = 0;
  for (let i = 0; i < codes.length; i++) {
    if (codes[i]! < 0 || !Number.isFinite(values[i]!)) continue;
    all += (values[i]! - overall) ** 2;
  }
  for (let c = 0; c < categories; c++) {
    if (counts[c]! > 0) between += counts[c]! * (sums[c]! / counts[c]! - overall) ** 2;
  }
  if (!(all > 0)) return Number.NaN;
  const epsilonSquared = 1 - ((1 - between / all) * (total - 1)) / (total - used);
  return Math.sqrt(Math.max(0, Math.min(1, epsilonSquared)));
}
