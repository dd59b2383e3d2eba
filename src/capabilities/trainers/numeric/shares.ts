/** Shares of non-negative strengths by name, summing to 1; all 0 where every strength is 0. */
export function importanceShares(names: readonly string[], strength: Float64Array): Record<string, number> {
  const total = strength.reduce((sum, value) => sum + value, 0);
  return Object.fromEntries(names.map((name, j) => [name, total > 0 ? strength[j]! / total : 0]));
}
