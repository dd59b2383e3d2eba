/** One share a model, summing to 1. @throws Error for unusable weights: a bug of the caller. */
export function averageShares(models: number, weights?: readonly number[]): Float64Array {
  const given = Float64Array.from({ length: models }, (_, k) => (weights ? (weights[k] ?? Number.NaN) : 1));
  const total = given.reduce((sum, weight) => sum + weight, 0);
  if (!(total > 0 && Number.isFinite(total)) || given.some((weight) => !(weight >= 0))) {
    throw new Error(`Weights of an average must be finite, not negative and not all 0: ${given.join(", ")}.`);
  }
  return given.map((weight) => weight / total);
}

/** The weighted mean of arrays of the same length. */
export function meanArray(arrays: readonly ArrayLike<number>[], shares: Float64Array): Float64Array {
  const mean = new Float64Array(arrays[0]!.length);
  for (const [k, array] of arrays.entries()) {
    for (let i = 0; i < mean.length; i++) mean[i]! += shares[k]! * array[i]!;
  }
  return mean;
}
