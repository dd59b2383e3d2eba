import type { Split, SplitConfig, SplitRecord } from "../../../foundation/contracts/split.js";
import { columnParts } from "./column.js";
import { foldAssignments } from "./folds.js";
import { ALWAYS_TRAIN, LEFT_OUT, PART, type SplitInput } from "./split-input.js";
import { stratifiedParts } from "./stratified.js";
import { groupParts, randomParts } from "./threshold.js";
import { timeParts } from "./time.js";

/**
 * Divides rows into train, validation and test, or into folds. The same config, seed and row content give the
 * same division in any row order.
 * @throws QuernError DATA_TOO_FEW_ROWS, TARGET_UNUSABLE or CONFIG_INVALID when the rows cannot be divided so
 */
export function makeSplits(config: SplitConfig, input: SplitInput): Split[] {
  return restoreSplits(divideRows(config, input));
}

/** As `makeSplits`, in the form that is stored with the dataset version. */
export function divideRows(config: SplitConfig, input: SplitInput): SplitRecord {
  return {
    formatVersion: 1,
    config,
    seed: String(input.seed),
    rows: input.rowHashes.length,
    divisions: config.kind === "folds" ? config.repeats : 1,
    assignments: assign(config, input),
  };
}

function assign(config: SplitConfig, input: SplitInput): Uint8Array {
  switch (config.kind) {
    case "stratified":
      return stratifiedParts(config, input);
    case "random":
      return randomParts(config, input);
    case "group":
      return groupParts(config, input);
    case "time":
      return timeParts(config, input);
    case "columns":
      return columnParts(config, input);
    case "folds":
      return foldAssignments(config, input);
  }
}

/**
 * The splits of a record: one named `split`, or for folds `fold-1`, `fold-2`, … (`repeat-1-fold-1`, … when
 * repeated), whose validation part is empty: carve one from the training rows where it is needed.
 */
export function restoreSplits(record: SplitRecord): Split[] {
  const { config, rows, assignments } = record;
  if (config.kind !== "folds") {
    const part = (code: number): Int32Array => rowsWhere(rows, (row) => assignments[row] === code);
    return [
      { name: "split", train: part(PART.train), validation: part(PART.validation), test: part(PART.test) },
    ];
  }
  const splits: Split[] = [];
  for (let repeat = 0; repeat < config.repeats; repeat++) {
    const folds = assignments.subarray(rows * repeat, rows * (repeat + 1));
    const prefix = config.repeats > 1 ? `repeat-${repeat + 1}-` : "";
    for (let fold = 0; fold < config.folds; fold++) {
      splits.push({
        name: `${prefix}fold-${fold + 1}`,
        train: rowsWhere(rows, (row) => folds[row] !== fold && isTrained(folds[row]!)),
        validation: new Int32Array(0),
        test: rowsWhere(rows, (row) => folds[row] === fold),
      });
    }
  }
  return splits;
}

const isTrained = (fold: number): boolean => fold !== LEFT_OUT && fold <= ALWAYS_TRAIN;

function rowsWhere(rows: number, matches: (row: number) => boolean): Int32Array {
  let count = 0;
  for (let row = 0; row < rows; row++) if (matches(row)) count++;
  const result = new Int32Array(count);
  for (let row = 0, i = 0; row < rows; row++) if (matches(row)) result[i++] = row;
  return result;
}
