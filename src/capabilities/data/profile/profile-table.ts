import type { Table } from "../../../engines/table/index.js";
import type { ColumnSchema } from "../../../foundation/contracts/column.js";
import type { ColumnRoles, FinderInput, UnreadableColumn } from "../../../foundation/contracts/finder.js";
import type { Column, Frame } from "../../../foundation/contracts/frame.js";
import type { ColumnProfile, Profile } from "../../../foundation/contracts/profile.js";
import type { Target, TaskType } from "../../../foundation/contracts/target.js";
import { type FindProblemsOptions, findProblems } from "../findings/find-problems.js";
import { type ColumnSource, columnSources } from "./column-source.js";
import { countValues, readHistograms, readQuantiles, readValues } from "./distributions.js";
import { readDuplicates } from "./duplicates.js";
import { type Moments, readMoments } from "./moments.js";
import { CORRELATION_ROWS, correlate } from "./relations.js";
import { SAMPLE_ROWS, sampleFrame } from "./sample-frame.js";
import { cellsOf } from "./statistics/cells.js";
import { explainedShare, prepareTarget } from "./statistics/explained-share.js";
import { valueText } from "./value-text.js";

/** Classes listed in a profile. */
const CLASS_LIMIT = 1000;

export interface MeasureOptions {
  readonly target?: {
    readonly name: string;
    readonly task: TaskType;
    /** One entry a row of the table, with -1 or NaN where missing; read from the data when absent. */
    readonly values?: Target;
  };
  readonly roles?: ColumnRoles;
  /** Columns with the truth of a structured task: boxes, masks, entities. */
  readonly truths?: readonly string[];
  /** The whole table, where it has been read already. */
  readonly frame?: Frame;
  /** As found when the schema was inferred. */
  readonly unreadable?: readonly UnreadableColumn[];
}

/** Everything `quern profile` says about a table. */
export async function profileTable(
  table: Table,
  schema: readonly ColumnSchema[],
  options: MeasureOptions & FindProblemsOptions = {},
): Promise<Profile> {
  const input = await measureTable(table, schema, options);
  return { ...input.profile, findings: findProblems(input, options) };
}

/**
 * Measures a table with few scans and little memory: counts, ranges, moments, histograms and distinct values
 * of all rows; what needs rows together, of a sample. The result is what finders work on; add `splits` to it
 * to check a division as well.
 */
export async function measureTable(
  table: Table,
  schema: readonly ColumnSchema[],
  options: MeasureOptions = {},
): Promise<FinderInput> {
  const sources = columnSources(table, schema);
  const frame = options.frame ?? (await sampleFrame(table, schema));
  const sample = thinRows(frame.rows, SAMPLE_ROWS);
  const values = options.target && targetValues(frame, options.target);
  const target = options.target && values && { name: options.target.name, values };

  const [moments, quantiles] = await Promise.all([
    readMoments(table, sources, frame),
    readQuantiles(table, sources, frame),
  ]);
  const shapes = { quantiles, histograms: await readHistograms(table, sources, moments, frame) };
  const prepared = target && prepareTarget(target.values, sample);
  const profiled = sources.map(async (source, i): Promise<ColumnProfile> => {
    const column = frame.columns.get(source.schema.name);
    const profile = await profileColumn(table, source, moments[i]!, frame, shapes);
    const cells = prepared && column && source.schema.name !== target?.name && cellsOf(column, sample);
    return {
      ...profile,
      ...(cells && { association: Number(explainedShare(cells, prepared).toFixed(6)) }),
    };
  });
  const columns = await Promise.all(profiled);
  const correlated = thinRows(frame.rows, CORRELATION_ROWS);
  const profile: FinderInput["profile"] = {
    formatVersion: 1,
    rows: table.rows,
    columns,
    duplicates: await readDuplicates(table, sources, columns),
    ...(options.target && { target: await profileTarget(table, sources, columns, options.target) }),
    correlations: correlate(frame, correlated),
    sampleRows: sample.length,
    correlationRows: correlated.length,
  };
  const { roles = {}, truths = [], unreadable = [] } = options;
  return { frame, profile, sample, ...(target && { target }), roles, truths, unreadable };
}

/** At most `limit` rows, evenly spaced. */
function thinRows(rows: number, limit: number): Int32Array {
  const kept = Math.min(rows, limit);
  return Int32Array.from({ length: kept }, (_, i) => Math.floor((i * rows) / kept));
}

/** By the names of columns. */
interface Shapes {
  readonly quantiles: Awaited<ReturnType<typeof readQuantiles>>;
  readonly histograms: Awaited<ReturnType<typeof readHistograms>>;
}

async function profileColumn(
  table: Table,
  source: ColumnSource,
  moments: Moments,
  sample: Frame,
  { quantiles, histograms }: Shapes,
): Promise<ColumnProfile> {
  const { name, kind, reason } = source.schema;
  const { number, datetime, text } = moments;
  const scanned = number || datetime || text ? moments.count : undefined;
  const values = await readValues(table, source, sample, scanned);
  const missing = table.rows - values.count;
  const histogram = histograms.get(name);
  const shape = quantiles.get(name);
  return {
    name,
    kind,
    reason,
    ...values,
    missing,
    missingShare: table.rows === 0 ? 0 : missing / table.rows,
    ...(number && shape && { number: { ...withoutWhole(number), ...shape, histogram: histogram! } }),
    ...(datetime && { datetime: { ...datetime, histogram: histogram! } }),
    ...(text && { text }),
  };
}

function withoutWhole({ whole: _, ...figures }: NonNullable<Moments["number"]>) {
  return figures;
}

async function profileTarget(
  table: Table,
  sources: readonly ColumnSource[],
  columns: readonly ColumnProfile[],
  { name, task }: NonNullable<MeasureOptions["target"]>,
): Promise<NonNullable<Profile["target"]>> {
  const source = sources.find(({ schema }) => schema.name === name)!;
  const column = columns.find((candidate) => candidate.name === name)!;
  const { missing, count } = column;
  if (task === "regression") return { name, task, missing };
  const { top = [], unique, topSampleRows } = column;
  // A handful of classes has been counted already.
  const counted = topSampleRows === undefined && top.length === unique;
  const values = counted ? top : (await countValues(table, source, CLASS_LIMIT)).values;
  const classes = values.map(({ value, count: rows }) => ({
    label: value,
    count: rows,
    share: rows / count,
  }));
  return { name, task, missing, classes };
}

function targetValues(
  frame: Frame,
  { name, task, values }: NonNullable<MeasureOptions["target"]>,
): Target | undefined {
  const column = frame.columns.get(name);
  if (!column) return undefined;
  const length = values && (values.task === "regression" ? values.values.length : values.codes.length);
  if (length === frame.rows) return values;
  if (task === "regression")
    return "values" in column && column.kind !== "text" && column.kind !== "id"
      ? { task, values: Float64Array.from(column.values) }
      : undefined;
  return { task, ...classCodes(column, frame.rows) };
}

/** Codes of the values as they occur. */
function classCodes(column: Column, rows: number): { codes: Int32Array; classes: readonly string[] } {
  if (column.kind === "category") return { codes: column.codes, classes: column.dictionary };
  const codeOf = new Map<string, number>();
  const codes = Int32Array.from({ length: rows }, (_, row) => {
    const value = column.values[row]!;
    if (value === "" || (typeof value === "number" && Number.isNaN(value))) return -1;
    const text = valueText(value, column);
    const code = codeOf.get(text) ?? codeOf.size;
    codeOf.set(text, code);
    return code;
  });
  return { codes, classes: [...codeOf.keys()] };
}
