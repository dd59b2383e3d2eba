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
