import { type Target, takeTarget } from "../../../foundation/contracts/target.js";
import { rowKeys, sortByKey } from "./row-keys.js";
import type { SplitInput } from "./split-input.js";

/** A class keeps so many of its rows at least, where it has them: what is rare still has to be learnt. */
const FEWEST_OF_A_CLASS = 100;

/**
 * A share of the rows, drawn by their content, each class by itself; ascending.
 * @param share in (0, 1]; of a larger share the rows of a smaller one are a part
 * @param input of all rows of the dataset, as given to `divideRows`
 */
export function sampleRows(
  rows: Int32Array,
  share: number,
  { rowHashes, seed, target }: Pick<SplitInput, "rowHashes" | "seed" | "target">,
): Int32Array {
  const own = BigUint64Array.from(rows, (row) => rowHashes[row]!);
  const keys = rowKeys(own, `${seed}/sample`);
  const strata = stratify(rows.length, target && takeTarget(target, rows));
  const kept = new Uint8Array(rows.length);
  for (const members of strata) {
    const count = Math.max(Math.round(share * members.length), Math.min(FEWEST_OF_A_CLASS, members.length));
    for (const position of sortByKey(members, keys).subarray(0, count)) kept[position] = 1;
  }
  return rows.filter((_, position) => kept[position] === 1);
}

function stratify(count: number, target: Target | undefined): readonly Int32Array[] {
  if (!target || target.task === "regression") return [Int32Array.from({ length: count }, (_, row) => row)];
  const byClass: number[][] = target.classes.map(() => []);
  for (let row = 0; row < count; row++) byClass[target.codes[row]!]?.push(row);
  return byClass.map((members) => Int32Array.from(members));
}
