import { carveValidation } from "../../capabilities/data/splits/carve-validation.js";
import { chooseSplit } from "../../capabilities/data/splits/choose-split.js";
import { divideRows, restoreSplits } from "../../capabilities/data/splits/make-splits.js";
import type { SplitInput } from "../../capabilities/data/splits/split-input.js";
import type { Table } from "../../engines/table/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { columnOf, type Frame } from "../../foundation/contracts/frame.js";
import type { Project } from "../../foundation/contracts/project.js";
import type { Split, SplitRecord } from "../../foundation/contracts/split.js";
import type { Target } from "../../foundation/contracts/target.js";
import type { ResolvedTarget } from "../load/target.js";
import type { PreparedData } from "./prepare.js";
import { areSeparate, divisionHashes } from "./row-identity.js";
import { type Sample, sampledForTime } from "./sample-division.js";

export interface Division {
  readonly record: SplitRecord;
  /** One, or one for each fold; every one with validation rows. */
  readonly splits: readonly Split[];
  /** All usable rows with some set apart for validation: what the model of a cross-validated training learns from. */
  readonly whole: Split;
  readonly reason: string;
  /** Absent: the splits hold all rows. */
  readonly sample?: Sample;
  /** What it was made from; inner folds are made from it as well. */
  readonly input: SplitInput;
}

/** Rows for validation where a split brings none: a sixth, as the usual 80/10/10 has an eighth of its training rows. */
const VALIDATION_SHARE = 1 / 6;

/** Divides a table with a target by the content of its rows; a timed training learns from as many as its time can hold. */
export async function divideTable(table: Table, prepared: PreparedData, project: Project): Promise<Division> {
  const { schema, frame } = prepared;
  const identity = { schema, frame, areSeparate: areSeparate(prepared, project) };
  const division = divideData(prepared, await divisionHashes(table, identity), project);
  return sampledForTime(division, prepared.features.columns.size, project);
}

export function divideData(
  prepared: Pick<PreparedData, "frame" | "roles"> & {
    readonly target: Pick<ResolvedTarget, "rows" | "target">;
  },
  rowHashes: BigUint64Array,
  project: Project,
): Division {
  const { frame, roles, target } = prepared;
  const choice = project.split
    ? { config: project.split, reason: "Given by the project." }
    : chooseSplit({
        rows: target.rows.length,
        target: target.target,
        ...(roles.time === undefined ? {} : { time: roles.time }),
        ...(roles.group === undefined ? {} : { group: roles.group }),
      });
  const input: SplitInput = {
    rowHashes,
    seed: project.seed,
    target: wholeTarget(target, frame.rows),
    ...(roles.group === undefined ? {} : { groups: textsOf(frame, roles.group) }),
    ...(roles.time === undefined ? {} : { times: timesOf(frame, roles.time) }),
    ...(roles.split === undefined ? {} : { columnValues: textsOf(frame, roles.split) }),
  };
  const record = divideRows(choice.config, input);
  const splits = restoreSplits(record).map((split) =>
    split.validation.length > 0 ? split : carveValidation(split, VALIDATION_SHARE, input),
  );
  const all: Split = {
    name: "whole",
    train: target.rows,
    validation: new Int32Array(0),
    test: new Int32Array(0),
  };
  const whole = splits.length === 1 ? splits[0]! : carveValidation(all, VALIDATION_SHARE, input);
  return { record, splits, whole, reason: choice.reason, input };
}

/** One entry a row of the table: -1 or NaN where the target is missing. */
export function wholeTarget(
  { target, rows }: Pick<ResolvedTarget, "rows" | "target">,
  count: number,
): Target {
  if (target.task === "regression") {
    const values = new Float64Array(count).fill(Number.NaN);
    for (const [i, row] of rows.entries()) values[row] = target.values[i]!;
    return { task: "regression", values };
  }
  const codes = new Int32Array(count).fill(-1);
  for (const [i, row] of rows.entries()) codes[row] = target.codes[i]!;
  return { ...target, codes };
}

function textsOf(frame: Frame, name: string): readonly string[] {
  const column = columnOf(frame, name);
  switch (column.kind) {
    case "text":
    case "id":
      return column.values;
    case "category":
      return Array.from(column.codes, (code) => (code < 0 ? "" : column.dictionary[code]!));
    case "vector":
    case "image":
    case "tokens":
      return new Array<string>(frame.rows).fill("");
    default:
      return Array.from(column.values, (value) => (Number.isNaN(value) ? "" : String(value)));
  }
}

/** Dates as epoch milliseconds; plain numbers (a year, a sequence) order rows as well. */
function timesOf(frame: Frame, name: string): ArrayLike<number> {
  const column = columnOf(frame, name);
  if (column.kind === "datetime" || column.kind === "number") return column.values;
  throw new QuernError(
    "CONFIG_INVALID",
    `The time column ${JSON.stringify(name)} is a ${column.kind}; a split by time needs dates or numbers.`,
    {
      details: { column: name, kind: column.kind },
      hint: `Write its dates as 2024-03-05, or set \`data.kinds: { ${name}: datetime }\`.`,
    },
  );
}
