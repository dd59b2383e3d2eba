import type { TableNote } from "../../engines/table/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { gather } from "../../foundation/base/gather.js";
import { nearest } from "../../foundation/base/nearest.js";
import type { ColumnSchema } from "../../foundation/contracts/column.js";
import type { Column } from "../../foundation/contracts/frame.js";
import type { Target, TaskType } from "../../foundation/contracts/target.js";

/** Whole numbers with more distinct values than this are predicted as numbers, not as classes. */
const MAX_INTEGER_CLASSES = 10;
const MAX_CLASSES = 1000;
/** A class needs two rows on average. */
const MAX_CLASSES_PER_ROW = 0.5;
const NEARLY_UNIQUE = 0.9;
/** Two of each of two classes, that one may be learnt from and one judged by. */
const FEWEST_ROWS = 4;

/** What will be predicted, with the reason in words; rows without a target are named, never guessed. */
export interface ResolvedTarget {
  readonly column: string;
  readonly task: TaskType;
  /** One sentence for the report and the plan. */
  readonly reason: string;
  /** Class labels in order; for a binary task the positive one is last. Empty for regression. */
  readonly classes: readonly string[];
  /** Rows that have a target and can be used, ascending. */
  readonly rows: Int32Array;
  /** For `rows`, in their order. */
  readonly target: Target;
}

export interface TargetWish {
  readonly column: string;
  readonly type?: TaskType | undefined;
  readonly positive?: string | undefined;
  /** Other rows count as having no target. */
  readonly isUsable?: (row: number) => boolean;
}

/**
 * Decides the task from the target column.
 * @throws QuernError TARGET_UNUSABLE: all missing, one class, too many classes, text where a number is needed
 */
export function resolveTarget(column: Column, schema: ColumnSchema, wish: TargetWish): ResolvedTarget {
  const labels = labelsOf(column, schema);
  const { isUsable = () => true } = wish;
  const rows = Int32Array.from(labels.keys()).filter((row) => labels[row] !== undefined && isUsable(row));
  if (rows.length === 0) throw unusable(wish.column, "has no value in any row", { rows: labels.length });
  const distinct = new Map<string, number>();
  for (const row of rows) distinct.set(labels[row]!, (distinct.get(labels[row]!) ?? 0) + 1);
  if (distinct.size === 1) {
    throw unusable(
      wish.column,
      `has one value only (${shortened(labels[rows[0]!]!)}), so there is nothing to learn`,
      { classes: 1 },
    );
  }
  const decided = wish.type
    ? { task: wish.type, reason: "Given by the project." }
    : inferTask(column, distinct, rows.length);
  const facts = { column: wish.column, task: decided.task, reason: decided.reason, rows };
  if (decided.task === "regression")
    return { ...facts, classes: [], target: regressionTarget(column, rows, wish.column) };
  const classes = orderClasses(distinct, decided.task, rows.length, wish);
  const codeOf = new Map(classes.map((label, code) => [label, code]));
  const codes = Int32Array.from(rows, (row) => codeOf.get(labels[row]!)!);
  return { ...facts, classes, target: { task: decided.task, codes, classes } };
}

/** Each row's value as text, undefined where missing. */
function labelsOf(column: Column, schema: ColumnSchema): (string | undefined)[] {
  switch (column.kind) {
    case "category":
      return Array.from(column.codes, (code) => (code < 0 ? undefined : column.dictionary[code]));
    case "text":
    case "id":
      return Array.from(column.values, (value) => (value === "" ? undefined : value));
    case "boolean": {
      const [no, yes] = [schema.format?.falseText?.[0] ?? "false", schema.format?.trueText?.[0] ?? "true"];
      return Array.from(column.values, (value) => (Number.isNaN(value) ? undefined : value === 1 ? yes : no));
    }
    case "number":
    case "datetime":
      return Array.from(column.values, (value) => (Number.isFinite(value) ? String(value) : undefined));
    case "vector":
    case "image":
    case "tokens":
      throw new QuernError("TARGET_UNUSABLE", `A column of kind ${column.kind} cannot be a target.`);
  }
}

function inferTask(
  column: Column,
  distinct: ReadonlyMap<string, number>,
  rows: number,
): { task: TaskType; reason: string } {
  const count = distinct.size;
  if (count === 2) return { task: "binary", reason: "The target has two distinct values." };
  if (column.kind !== "number")
    return { task: "multiclass", reason: `The target has ${count} distinct labels.` };
  const whole = [...distinct.keys()].every((label) => Number.isInteger(Number(label)));
  if (whole && count <= MAX_INTEGER_CLASSES && count <= rows * MAX_CLASSES_PER_ROW) {
    return {
      task: "multiclass",
      reason: `The target has ${count} distinct whole numbers, taken as classes; \`--task regression\` predicts it as a number.`,
    };
  }
  return { task: "regression", reason: `The target is a number with ${count} distinct values.` };
}

function regressionTarget(column: Column, rows: Int32Array, name: string): Target {
  if (column.kind !== "number" && column.kind !== "boolean") {
    throw unusable(
      name,
      `is a ${column.kind}, and regression needs a number`,
      { kind: column.kind },
      "Choose a column of numbers, or leave `--task` out: labels are classes.",
    );
  }
  const values = gather(column.values, rows);
  refuseSize(values, name);
  return { task: "regression", values };
}

/** An id or free text, where nobody would speak of classes. */
const ownValues = (column: string, classes: number, rows: number): QuernError =>
  unusable(
    column,
    `has ${classes} different values in ${rows} rows, so it names or describes each row and is no class`,
    { classes, rows },
    "Choose another target; of texts or dates make a class or a number first, and use `--task regression` for numbers.",
  );

/** Models answer in single precision, which ends at 3.4e38 and knows nothing but 0 below 1e-45. */
const LARGEST_SIZE = 1e37;
const SMALLEST_SIZE = 1e-30;

function refuseSize(values: Float64Array, name: string): void {
  const size = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (size <= LARGEST_SIZE && size >= SMALLEST_SIZE) return;
  const [limit, unit] = size > 1 ? [LARGEST_SIZE, "larger"] : [SMALLEST_SIZE, "smaller"];
  throw unusable(
    name,
    `has its largest value at ${size.toExponential(1)}; models can predict from ${SMALLEST_SIZE} to ${LARGEST_SIZE}`,
    { size, limit },
    `Give it in a ${unit} unit, or predict its logarithm.`,
  );
}

const POSITIVE_WORDS = new Set(["yes", "y", "true", "t", "1", "positive", "pos", "是", "有", "真"]);

function orderClasses(
  distinct: ReadonlyMap<string, number>,
  task: TaskType,
  rows: number,
  wish: TargetWish,
): string[] {
  const labels = [...distinct.keys()].sort(compareLabels);
  if (rows < FEWEST_ROWS) {
    throw new QuernError(
      "DATA_TOO_FEW_ROWS",
      `The target column ${JSON.stringify(wish.column)} has a value in ${rows === 1 ? "1 row" : `${rows} rows`} only.`,
      { details: { column: wish.column, rows } },
    );
  }
  if (labels.length > MAX_CLASSES || labels.length > rows * MAX_CLASSES_PER_ROW) {
    if (labels.length > rows * NEARLY_UNIQUE) throw ownValues(wish.column, labels.length, rows);
    throw unusable(
      wish.column,
      `has ${labels.length} classes in ${rows} rows; a class needs at least two rows on average and ${MAX_CLASSES} classes are the most`,
      { classes: labels.length, rows },
      "Give more rows, join rare classes into one, or, where the values are numbers, use `--task regression`.",
    );
  }
  if (task === "multiclass") return labels;
  if (labels.length !== 2)
    throw unusable(
      wish.column,
      `has ${labels.length} classes, and a binary task needs two`,
      { classes: labels.length },
      "Leave `--task` out, or use `--task multiclass`.",
    );
  const positive =
    wish.positive ?? labels.find((label) => POSITIVE_WORDS.has(label.toLowerCase())) ?? labels[1]!;
  if (!distinct.has(positive)) {
    throw unusable(
      wish.column,
      `has no value ${shortened(positive)}; its values are ${labels.map(shortened).join(" and ")}`,
      { classes: labels },
      "Give one of its values as the positive class.",
    );
  }
  return [...labels.filter((label) => label !== positive), positive];
}

/** Numbers by value, texts by code unit: the order must not depend on a locale. */
function compareLabels(a: string, b: string): number {
  const [x, y] = [Number(a), Number(b)];
  if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  return a < b ? -1 : a > b ? 1 : 0;
}

function unusable(column: string, why: string, details: Record<string, unknown>, hint?: string): QuernError {
  return new QuernError("TARGET_UNUSABLE", `The target column ${JSON.stringify(column)} ${why}.`, {
    details: { column, ...details },
    ...(hint === undefined ? {} : { hint }),
  });
}

const shortened = (text: string): string =>
  JSON.stringify(text.length > 60 ? `${[...text.slice(0, 120)].slice(0, 59).join("")}…` : text);

/** The first columns of a table, for messages. */
export function listedNames(names: readonly string[]): string {
  return names
    .slice(0, 20)
    .map((name) => (name.length > 60 ? `${name.slice(0, 60)}…` : name))
    .join(", ");
}

/** Two columns of one name: which is meant? @throws QuernError TARGET_UNUSABLE unless the other one is ignored */
export function refuseTwins(target: string, notes: readonly TableNote[], ignored: readonly string[]): void {
  const twin = notes.find(({ repeats, column }) => repeats === target && !ignored.includes(column!))?.column;
  if (twin === undefined) return;
  throw unusable(
    target,
    `is not the only one of that name; the later one is called ${JSON.stringify(twin)}`,
    { twin },
    `Rename one of them in the data, or leave the other one out: \`--ignore ${twin}\`.`,
  );
}

export function unknownTarget(
  wanted: string,
  names: readonly string[],
  notes: readonly TableNote[] = [],
): QuernError {
  const headless = notes.find(({ id }) => id === "header-assumed");
  const guess = nearest(wanted, names);
  const suggestion = guess === undefined ? "." : `; did you mean ${JSON.stringify(guess)}?`;
  return new QuernError(
    "DATA_COLUMN_UNKNOWN",
    `There is no target column ${JSON.stringify(wanted)}${suggestion} ${headless ? headless.message : `The columns are ${listedNames(names)}.`}`,
    {
      details: { column: wanted, columns: names.slice(0, 100) },
      ...(headless
        ? {
            hint: "If the first line does name them, say `--header yes`, or `data: { header: true }` in quern.yaml.",
          }
        : names.length === 1
          ? { hint: "If one cell holds a whole line, name the `--delimiter` between its values." }
          : {}),
    },
  );
}
