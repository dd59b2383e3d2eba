import {
  convertColumns,
  convertIfReadable,
  invalidExpression,
  quoteIdentifier,
  type Table,
  valueExpression,
} from "../../../engines/table/index.js";
import { QuernError } from "../../../foundation/base/errors.js";
import { nearest } from "../../../foundation/base/nearest.js";
import {
  parseBoolean,
  parseDatetime,
  parseNumber,
  parsePlainNumber,
  parseVector,
  type ValueFormat,
} from "../../../foundation/base/values.js";
import type { ColumnKind, ColumnSchema } from "../../../foundation/contracts/column.js";
import { type Choice, chooseKinds, type IsImage } from "./choose-kind.js";
import { type ColumnEvidence, choosePrecision, gatherEvidence, numberEvidences } from "./column-evidence.js";
import { impose } from "./impose-kind.js";

export interface InferenceOptions {
  /** Kinds the user has decided. */
  readonly kinds?: Readonly<Record<string, ColumnKind>>;
  /** Columns to leave out. */
  readonly ignore?: readonly string[];
  /** Texts that mean "missing" in every column, beside the common ones. */
  readonly missing?: readonly string[];
  /** The column to predict: numbers, or labels that stay as the source writes them. */
  readonly target?: string;
  /** Default: data URIs are images, names of files are not. */
  readonly isImage?: IsImage;
}

/** Cells that are present but no value of the column's kind; they read as missing. */
export interface UnreadableCells {
  readonly column: string;
  readonly kind: ColumnKind;
  readonly rows: number;
  /** Up to five; `row` counts from 0 in source order. */
  readonly examples: readonly { readonly row: number; readonly value: string }[];
}

export interface InferredSchema {
  readonly columns: readonly ColumnSchema[];
  readonly unreadable: readonly UnreadableCells[];
}

/** Labels of a target stay as the source writes them, so other kinds are read as texts. */
const TARGET_KINDS: ReadonlySet<ColumnKind> = new Set(["number", "category"]);

/** A kind is given up when more than this share of the present cells is no value of it. */
const TOLERATED_SHARE = 0.02;

/**
 * The kind of every column with the reason for it, checked against every cell. Numbers and times that are
 * written in text are then stored as numbers and times, so that nobody parses them again.
 * @throws QuernError DATA_COLUMN_UNKNOWN when an option names a column that does not exist
 */
export async function inferSchema(table: Table, options: InferenceOptions = {}): Promise<InferredSchema> {
  const known = table.columns.map((column) => column.name);
  for (const name of [...Object.keys(options.kinds ?? {}), ...(options.ignore ?? [])])
    requireColumn(name, known);
  const decided: ColumnSchema[] = [];
  const unreadable: UnreadableCells[] = [];
  const missing = (options.missing ?? []).map((text) => text.trim().toLowerCase());
  const gathered = await gatherEvidence(table);
  for (const evidence of gathered) {
    const { schema, bad } = await decide(table, evidence, options, missing);
    decided.push(schema);
    if (bad > 0) unreadable.push(await describeUnreadable(table, schema, evidence, bad));
  }
  await convertColumns(table, decided);
  const columns = await Promise.all(
    decided.map((schema, index) => complete(table, gathered[index]!, schema)),
  );
  return { columns, unreadable };
}

function requireColumn(name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const similar = nearest(name, known);
  const suggestion = similar === undefined ? "" : ` Did you mean ${JSON.stringify(similar)}?`;
  const listed = known
    .slice(0, 20)
    .map((column) => (column.length > 60 ? `${column.slice(0, 60)}…` : column));
  throw new QuernError(
    "DATA_COLUMN_UNKNOWN",
    `There is no column ${JSON.stringify(name)}.${suggestion} The columns are ${listed.join(", ")}.`,
    { details: { column: name, known: known.slice(0, 100) } },
  );
}

async function decide(
  table: Table,
  evidence: ColumnEvidence,
  options: InferenceOptions,
  missing: readonly string[],
): Promise<{ schema: ColumnSchema; bad: number }> {
  const { name } = evidence;
  if (options.ignore?.includes(name)) {
    return { schema: { name, kind: "ignore", reason: "You chose to leave it out." }, bad: 0 };
  }
  const wanted = Object.hasOwn(options.kinds ?? {}, name) ? options.kinds![name] : undefined;
  const choices = wanted ? [impose(evidence, wanted)] : chooseKinds(evidence, options.isImage);
  const decided = await firstThatFits(table, evidence, choices, missing);
  if (name !== options.target || TARGET_KINDS.has(decided.schema.kind)) return decided;
  return firstThatFits(table, evidence, [{ ...impose(evidence, "category"), reason: LABELS }], missing);
}

const LABELS = "It is the target, so its values are labels.";

async function firstThatFits(
  table: Table,
  evidence: ColumnEvidence,
  choices: readonly Choice[],
  missing: readonly string[],
): Promise<{ schema: ColumnSchema; bad: number }> {
  for (const [index, choice] of choices.entries()) {
    const schema = toSchema(evidence, choice, missing);
    const bad = await countUnreadable(table, evidence, schema);
    const last = index === choices.length - 1;
    if (!last && bad > evidence.present * TOLERATED_SHARE) continue;
    return { schema, bad };
  }
  throw new Error(`No kind was chosen for ${evidence.name}.`);
}

function toSchema(evidence: ColumnEvidence, choice: Choice, missing: readonly string[]): ColumnSchema {
  const all = [...new Set([...(choice.format?.missing ?? []), ...missing])];
  const format = { ...choice.format, ...(all.length > 0 ? { missing: all } : {}) };
  const numericCategory =
    choice.numericCategory ?? (choice.kind === "category" && isNumericCategory(evidence));
  return {
    ...{ name: evidence.name, kind: choice.kind, reason: choice.reason },
    ...(choice.kind === "category" && numericCategory ? { numericCategory } : {}),
    ...(Object.keys(format).length > 0 ? { format: format as ColumnSchema["format"] } : {}),
  };
}

/** All values are numbers; without leading zeros and digits beyond a double's, which only a text keeps. */
function isNumericCategory({ storage, values }: ColumnEvidence): boolean {
  if (storage === "number") return true;
  if (storage !== "text" || !values) return false;
  return values.every(({ value }) => {
    const number = parsePlainNumber(String(value).trim());
    return (
      number !== undefined && Math.abs(number) <= Number.MAX_SAFE_INTEGER && !/^\s*0\d/.test(String(value))
    );
  });
}

/** Once numbers are stored as such. */
async function complete(table: Table, evidence: ColumnEvidence, schema: ColumnSchema): Promise<ColumnSchema> {
  if (schema.kind !== "number") return schema;
  const { storage } = table.columns.find(({ name }) => name === schema.name)!;
  const expression = valueExpression(schema, storage);
  const sample = evidence.sample.map((value) => parseNumber(value, schema.format));
  const known = evidence.number && !schema.format ? [evidence.number] : undefined;
  const [facts] = known ?? (await numberEvidences(table, [{ expression, sample }]));
  if (!facts || facts.min === null) return { ...schema, precision: "float32" };
  return { ...schema, precision: await choosePrecision(table, expression, facts) };
}

type Parser = (value: unknown, format: ValueFormat) => unknown;
const PARSERS: Partial<Record<ColumnKind, Parser>> = {
  number: parseNumber,
  boolean: parseBoolean,
  datetime: parseDatetime,
  vector: parseVector,
};

/** Exact: over the distinct values where they are listed, otherwise by SQL over all rows. */
async function countUnreadable(
  table: Table,
  evidence: ColumnEvidence,
  schema: ColumnSchema,
): Promise<number> {
  const parse = PARSERS[schema.kind];
  if (!parse || evidence.present === 0) return 0;
  if (evidence.storage === "text" && evidence.values) {
    const format = schema.format ?? {};
    return evidence.values.reduce(
      (sum, { value, count }) => sum + (parse(value, format) === undefined ? count : 0),
      0,
    );
  }
  if (evidence.storage === schema.kind && evidence.storage !== "vector") return 0;
  const readable = evidence.sample.every((value) => parse(value, schema.format ?? {}) !== undefined);
  if (readable && (await convertIfReadable(table, schema))) return 0;
  const [row] = await table.query(
    `SELECT count(*) FILTER (WHERE ${invalidExpression(schema, evidence.storage)}) AS bad FROM data`,
  );
  return row!.bad as number;
}

async function describeUnreadable(
  table: Table,
  schema: ColumnSchema,
  evidence: ColumnEvidence,
  rows: number,
): Promise<UnreadableCells> {
  const row = quoteIdentifier(table.rowColumn);
  const found = await table.query(
    `SELECT ${row} AS row, CAST(${quoteIdentifier(schema.name)} AS VARCHAR) AS value FROM data
     WHERE ${invalidExpression(schema, evidence.storage)} ORDER BY ${row} LIMIT 5`,
  );
  const examples = found.map((entry) => ({
    row: entry.row as number,
    value: (entry.value as string).slice(0, 100),
  }));
  return { column: schema.name, kind: schema.kind, rows, examples };
}
