/**
 * The conformal quantile: the ceil((n + 1) * level)-th smallest score, infinite where n + 1 rows are too few for the
 * level. With exchangeable rows a new score is at most this with a probability of at least `level`, and of at most
 * `level` + 1 / (n + 1) where scores have no ties (Lei et al. 2018, theorem 2.2).
 */
export function conformalQuantile(scores: Float64Array, level: number): number {
  const rank = conformalRank(scores.length, level);
  return rank > scores.length ? Number.POSITIVE_INFINITY : scores.slice().sort()[rank - 1]!;
}

/** From 1; `rows` + 1 means infinity. */
export function conformalRank(rows: number, level: number): number {
  // (n + 1) * level is often whole, but for rounding: 0.9 * 110 = 99.00000000000001.
  return Math.max(1, Math.ceil((rows + 1) * level - 1e-9));
}
