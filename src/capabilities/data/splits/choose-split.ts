import { type SplitConfig, splitConfigSchema } from "../../../foundation/contracts/split.js";
import type { Target } from "../../../foundation/contracts/target.js";

export interface SplitSituation {
  /** Rows with a target value. */
  readonly rows: number;
  readonly target?: Target;
  /** Columns the project names for these roles. */
  readonly time?: string;
  readonly group?: string;
  readonly column?: string;
}

export interface SplitChoice {
  readonly config: SplitConfig;
  /** One sentence for plans and reports. */
  readonly reason: string;
}

/**
 * The split that judges a model as it will be used: a split column as given; later rows when there is a time
 * column; unseen groups when there is a group column; otherwise equal class shares. Small tables give more
 * rows to validation and test, and below 100 rows repeated folds, for a handful of test rows says nothing.
 */
export function chooseSplit(situation: SplitSituation): SplitChoice {
  const { rows, column, time, group } = situation;
  if (column !== undefined) {
    return choice({ kind: "columns", column }, `the column ${quote(column)} says which part each row is in`);
  }
  const { shares, reason } = sharesFor(rows);
  if (time !== undefined) {
    return choice(
      { kind: "time", time, ...shares },
      `the model will judge rows later than ${quote(time)} of its training rows, so the newest rows are the test; ${reason}`,
    );
  }
  if (rows < FOLDS_BELOW) {
    const grouped = group === undefined ? {} : { group };
    return choice(
      { kind: "folds", folds: 5, repeats: group === undefined ? 3 : 1, ...grouped },
      `with ${rows} rows a single test part would be too small to say anything, so every row is tested once in each round of 5 folds`,
    );
  }
  if (group !== undefined) {
    return choice(
      { kind: "group", group, ...shares },
      `rows that share ${quote(group)} resemble each other, so each group is in one part only; ${reason}`,
    );
  }
  const even =
    situation.target?.task === "regression" ? "the spread of the target" : "the share of each class";
  return choice({ kind: "stratified", ...shares }, `${even} is equal in every part; ${reason}`);
}

const FOLDS_BELOW = 100;
const quote = (name: string): string => JSON.stringify(name);

const choice = (config: object, reason: string): SplitChoice => ({
  config: splitConfigSchema.parse(config),
  reason: `${reason[0]!.toUpperCase()}${reason.slice(1)}.`,
});

/** The error of an estimated share falls with the root of the rows behind it: 200 test rows give about 3 %. */
function sharesFor(rows: number) {
  if (rows < 1000) {
    return {
      shares: { train: 0.6, validation: 0.2, test: 0.2 },
      reason: `with ${rows} rows, a fifth each for validation and test keeps their figures meaningful`,
    };
  }
  if (rows < 5000) {
    return {
      shares: { train: 0.7, validation: 0.15, test: 0.15 },
      reason: `with ${rows} rows, 15% each for validation and test keeps their figures meaningful`,
    };
  }
  return {
    shares: { train: 0.8, validation: 0.1, test: 0.1 },
    reason: "80% of the rows train, 10% validate and 10% test",
  };
}
