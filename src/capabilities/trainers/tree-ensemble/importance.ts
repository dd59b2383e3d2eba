import type { TreeEnsemble } from "./tree-ensemble.js";

/** `gain`: the loss reduction of the splits on a feature; `splits`: their number. */
export type ImportanceKind = "gain" | "splits";

/** One share for each feature, summing to 1; all 0 when there are no splits. */
export function importanceShares(ensemble: TreeEnsemble, kind: ImportanceKind): Float64Array {
  const shares = new Float64Array(ensemble.features);
  let total = 0;
  for (const [node, feature] of ensemble.nodeFeature.entries()) {
    const amount = kind === "gain" ? ensemble.nodeGain[node]! : 1;
    shares[feature] = shares[feature]! + amount;
    total += amount;
  }
  return total > 0 ? shares.map((share) => share / total) : shares;
}

export function namedShares(shares: ArrayLike<number>, names: readonly string[]): Record<string, number> {
  return Object.fromEntries(names.map((name, k) => [name, shares[k] ?? 0]));
}
