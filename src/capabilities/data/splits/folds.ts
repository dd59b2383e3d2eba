import { QuernError } from "../../../foundation/base/errors.js";
import type { SplitConfig } from "../../../foundation/contracts/split.js";
import { rowKeys, sortByKey } from "./row-keys.js";
import {
  ALWAYS_TRAIN,
  LEFT_OUT,
  requireInput,
  requireRows,
  type SplitInput,
  strataOf,
  usableRows,
} from "./split-input.js";
import { groupUnits } from "./threshold.js";

type FoldsConfig = Extract<SplitConfig, { kind: "folds" }>;

/** The fold in which each row is tested, for each repeat: `rows * repeats`. */
export function foldAssignments(config: FoldsConfig, input: SplitInput): Uint8Array {
  const size = input.rowHashes.length;
  const result = new Uint8Array(size * config.repeats);
  for (let repeat = 0; repeat < config.repeats; repeat++) {
    const seeded = repeat === 0 ? input : { ...input, seed: `${input.seed}/repeat ${repeat}` };
    result.set(
      config.group === undefined ? rowFolds(config, seeded) : groupFolds(config, seeded),
      size * repeat,
    );
  }
  return result;
}

/**
 * Runs of equal rows, in key order within each stratum, each go to the fold with the fewest rows of that
 * stratum (then the fewest rows): folds are exact to one row, and equal rows share a fold. A class with a
 * single row is always trained on, for no model can be tested on a class it never saw.
 */
function rowFolds(config: FoldsConfig, input: SplitInput): Uint8Array {
  const rows = usableRows(input);
  requireRows(rows.length, config.folds, `A division into ${config.folds} folds`);
  const keys = rowKeys(input.rowHashes, input.seed);
  const folds = new Uint8Array(input.rowHashes.length).fill(LEFT_OUT);
  const totals = new Array<number>(config.folds).fill(0);
  const strata = strataOf(rows, config.stratified ? input.target : undefined);
  const classes = config.stratified && input.target !== undefined && input.target.task !== "regression";
  for (const stratum of strata) {
    if (classes && stratum.length === 1) {
      folds[stratum[0]!] = ALWAYS_TRAIN;
      continue;
    }
    const ordered = sortByKey(stratum, keys);
    const counts = new Array<number>(config.folds).fill(0);
    for (let start = 0; start < ordered.length; ) {
      const end = runEnd(ordered, keys, start, Math.ceil(ordered.length / config.folds));
      const fold = fewest(counts, totals);
      for (const row of ordered.subarray(start, end)) folds[row] = fold;
      counts[fold]! += end - start;
      totals[fold]! += end - start;
      start = end;
    }
  }
  requireFilledFolds(totals, config, "distinct rows");
  return folds;
}

/** End of the run of equal keys from `start`, at most `limit` rows long. */
function runEnd(ordered: Int32Array, keys: Float64Array, start: number, limit: number): number {
  let end = start + 1;
  while (end < ordered.length && end - start < limit && keys[ordered[end]!] === keys[ordered[start]!]) end++;
  return end;
}

function fewest(counts: readonly number[], totals: readonly number[]): number {
  let best = 0;
  for (let fold = 1; fold < counts.length; fold++) {
    const difference = counts[fold]! - counts[best]!;
    if (difference < 0 || (difference === 0 && totals[fold]! < totals[best]!)) best = fold;
  }
  return best;
}

/**
 * Groups, largest first (equal sizes in key order), each go to the fold where the squared stratum counts,
 * weighted by the stratum's size, grow least: the idea of scikit-learn's StratifiedGroupKFold.
 */
function groupFolds(config: FoldsConfig, input: SplitInput): Uint8Array {
  const rows = usableRows(input);
  const units = groupUnits(rows, requireInput(input, "groups", config), input);
  const strata = strataOf(rows, config.stratified ? input.target : undefined);
  const stratumOf = new Int32Array(input.rowHashes.length);
  for (const [index, members] of strata.entries()) for (const row of members) stratumOf[row] = index;

  const contents = new Map<string, { rows: number[]; counts: Map<number, number> }>();
  for (const [i, row] of rows.entries()) {
    const name = units.names[i]!;
    const content = contents.get(name) ?? { rows: [], counts: new Map<number, number>() };
    contents.set(name, content);
    content.rows.push(row);
    content.counts.set(stratumOf[row]!, (content.counts.get(stratumOf[row]!) ?? 0) + 1);
  }
  const ordered = [...contents].sort(
    ([a, first], [b, second]) =>
      second.rows.length - first.rows.length || units.keys.get(a)! - units.keys.get(b)!,
  );
  const folds = new Uint8Array(input.rowHashes.length).fill(LEFT_OUT);
  const totals = new Array<number>(config.folds).fill(0);
  const held = totals.map(() => new Float64Array(strata.length));
  for (const [, content] of ordered) {
    const fold = cheapest(content.counts, held, totals, strata);
    for (const row of content.rows) folds[row] = fold;
    for (const [stratum, count] of content.counts) held[fold]![stratum]! += count;
    totals[fold]! += content.rows.length;
  }
  requireFilledFolds(totals, config, `groups in ${JSON.stringify(config.group)}`);
  return folds;
}

function cheapest(
  counts: ReadonlyMap<number, number>,
  held: readonly Float64Array[],
  totals: readonly number[],
  strata: readonly Int32Array[],
): number {
  let best = 0;
  let bestCost = Number.POSITIVE_INFINITY;
  for (let fold = 0; fold < held.length; fold++) {
    let cost = 0;
    for (const [stratum, count] of counts) {
      const before = held[fold]![stratum]!;
      cost += ((before + count) ** 2 - before ** 2) / strata[stratum]!.length;
    }
    if (cost < bestCost || (cost === bestCost && totals[fold]! < totals[best]!)) {
      best = fold;
      bestCost = cost;
    }
  }
  return best;
}

function requireFilledFolds(totals: readonly number[], config: FoldsConfig, what: string): void {
  const filled = totals.filter((total) => total > 0).length;
  if (filled === config.folds) return;
  throw new QuernError(
    "DATA_TOO_FEW_ROWS",
    `A division into ${config.folds} folds needs as many ${what}; only ${filled} folds could be filled.`,
    { details: { folds: config.folds, filled }, hint: `Use at most ${Math.max(filled, 2)} folds.` },
  );
}
