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
 * A random sample of at most `limit` rows, ascending, each group in proportion (at least one row of each that
 * occurs); undefined when there is nothing to leave out.
 */
export function stratifiedSample(
  groups: ArrayLike<number>,
  limit: number,
  random: Random,
): Int32Array | undefined {
  if (groups.length <= limit) return undefined;
  const byGroup = new Map<number, number[]>();
  for (const row of random.permutation(groups.length)) {
    const members = byGroup.get(groups[row]!);
    if (members) members.push(row);
    else byGroup.set(groups[row]!, [row]);
  }
  const share = limit / groups.length;
  const rows = [...byGroup.values()].flatMap((members) =>
    members.slice(0, Math.max(1, Math.floor(members.length * share))),
  );
  return Int32Array.from(rows).sort();
}
