import type { Random } from "../../../foundation/base/random.js";

/** Fold of each row, 0..folds-1: rows of one group (class) are dealt out in random order, round and round. */
export function stratifiedFolds(groups: ArrayLike<number>, folds: number, random: Random): Int32Array {
  const order = random.permutation(groups.length);
  const dealt = new Map<number, number>();
  const assignment = new Int32Array(groups.length);
  for (const row of order) {
    const group = groups[row]!;
    // The next group goes on where the last one stopped, so that fold sizes differ by one at most.
    const position = dealt.get(group) ?? dealt.size;
    assignment[row] = position % folds;
    dealt.set(group, position + 1);
  }
  return assignment;
}

/** Row numbers outside (`keep` false) or inside (true) a fold, ascending. */
export function rowsOfFold(assignment: Int32Array, fold: number, keep: boolean): Int32Array {
  const rows: number[] = [];
  for (let row = 0; row < assignment.length; row++) {
    if ((assignment[row] === fold) === keep) rows.push(row);
  }
  return Int32Array.from(rows);
}

/**
 * A random sample of `limit` rows, ascending, each group in proportion (and at least one row of each that occurs,
 * while there are no more groups than `limit`); undefined when there is nothing to leave out.
 */
export function stratifiedSample(
  groups: ArrayLike<number>,
  limit: number,
  random: Random,
): Int32Array | undefined {
  if (groups.length <= limit) return undefined;
  const sizes = new Map<number, number>();
  for (let row = 0; row < groups.length; row++) sizes.set(groups[row]!, (sizes.get(groups[row]!) ?? 0) + 1);
  const drawn = new Map<number, number>();
  const order = random.permutation(groups.length);
  // How much of its group comes before a row in random order: taking the least first keeps proportions.
  const depth = new Float64Array(groups.length);
  for (const row of order) {
    const group = groups[row]!;
    const position = drawn.get(group) ?? 0;
    drawn.set(group, position + 1);
    depth[row] = position / sizes.get(group)!;
  }
  return order
    .sort((a, b) => depth[a]! - depth[b]! || a - b)
    .slice(0, limit)
    .sort();
}
