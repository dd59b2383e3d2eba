import type { Table } from "../../../engines/table/index.js";
import { groupsOf } from "../../../foundation/base/groups.js";
import { quantileOfSorted } from "../../../foundation/base/statistics.js";
import { type Column, type Frame, isWide } from "../../../foundation/contracts/frame.js";
import type { ColumnProfile, Histogram, NumberProfile } from "../../../foundation/contracts/profile.js";
import { type ColumnSource, literal, numberOf, stable } from "./column-source.js";
import type { Moments } from "./moments.js";
import { isMissing } from "./statistics/cells.js";
import { valueText } from "./value-text.js";

/** Up to this many rows every distinct value is counted and quantiles are exact. */
const EXACT_ROWS = 1_000_000;
const TOP_VALUES = 10;
/** One value in so many, chosen by hash, is counted where counting all would need too much memory. */
const DISTINCT_STEP = 64;
const BINS = 30;
/** Columns that share a query. */
const COLUMNS_A_QUERY = 25;

type Values = Pick<ColumnProfile, "count" | "unique" | "uniqueExact" | "top" | "topSampleRows">;

/**
 * Values present, distinct values and the commonest ones.
 * @param scannedCount values present, where a scan has counted them already
 */
export async function readValues(
  table: Table,
  source: ColumnSource,
  sample: Frame,
  scannedCount?: number,
): Promise<Values> {
  if (table.rows <= EXACT_ROWS) return countedValues(table, source);
  const column = sample.columns.get(source.schema.name);
  const counts = column ? countSample(column, sample.rows) : new Map<string, number>();
  const known = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (known > 0 && counts.size < known / 4) return countedValues(table, source);
  const chosen = `hash(${source.cell}) % ${DISTINCT_STEP} = 0`;
  // Cells that differ in white space alone are too rare to matter for an estimate.
  const [row] = await table.query(
    scannedCount === undefined
      ? `SELECT count(value) AS n, count(DISTINCT value) FILTER (WHERE chosen) AS distinct_values
         FROM (SELECT ${source.value} AS value, ${chosen} AS chosen FROM data)`
      : `SELECT ${scannedCount} AS n, count(DISTINCT ${source.value}) AS distinct_values FROM data WHERE ${chosen}`,
  );
  const common = [...counts].filter(([, count]) => count > 1).sort((a, b) => b[1] - a[1]);
  const top = common.slice(0, TOP_VALUES).map(([value, count]) => ({ value, count }));
  const count = numberOf(row!.n);
  return {
    count,
    unique: Math.min(count, Math.max(counts.size, numberOf(row!.distinct_values) * DISTINCT_STEP)),
    uniqueExact: false,
    ...(top.length > 0 && { top, topSampleRows: known }),
  };
}

async function countedValues(table: Table, source: ColumnSource): Promise<Values> {
  const { count, unique, values } = await countValues(table, source, TOP_VALUES);
  // Where no value repeats there is no commonest one.
  const telling = values.length > 0 && (values[0]!.count > 1 || unique <= 2);
  return { count, unique, uniqueExact: true, ...(telling && { top: values }) };
}

/**
 * Every distinct value counted, the `limit` most frequent returned. Cells are grouped before they are read as
 * values, which costs one reading for each distinct cell instead of each row. (A condition on the value itself
 * would be moved into the scan and read every row after all.)
 */
export async function countValues(table: Table, { schema, value, cell }: ColumnSource, limit: number) {
  const occurrences = schema.name.toLowerCase() === "occurrences" ? "occurrences_" : "occurrences";
  const rows = await table.query(
    `WITH cells AS MATERIALIZED (SELECT ${cell}, count(*) AS ${occurrences} FROM data GROUP BY 1),
       counted AS MATERIALIZED (SELECT value, sum(CASE WHEN value IS NOT NULL THEN ${occurrences} END)::DOUBLE AS n
         FROM (SELECT ${value} AS value, ${occurrences} FROM cells) GROUP BY 1)
     SELECT (SELECT count(n) FROM counted) AS distinct_values, (SELECT sum(n) FROM counted) AS total, value, n
     FROM counted WHERE n IS NOT NULL ORDER BY n DESC, value LIMIT ${limit}`,
  );
  return {
    count: numberOf(rows[0]?.total),
    unique: numberOf(rows[0]?.distinct_values),
    values: rows.map((row) => ({ value: valueText(row.value, schema), count: numberOf(row.n) })),
  };
}

function countSample(column: Column, rows: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let row = 0; row < rows; row++) {
    if (isMissing(column, row) || isWide(column)) continue;
    const raw = column.kind === "category" ? column.dictionary[column.codes[row]!] : column.values[row];
    const text = valueText(raw, { kind: column.kind });
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return counts;
}

const PROBABILITIES = { p01: 0.01, p05: 0.05, p25: 0.25, p50: 0.5, p75: 0.75, p95: 0.95, p99: 0.99 } as const;
type Quantiles = Pick<NumberProfile, "quantiles" | "quantilesExact">;

/** Exact for up to a million rows; of the sample beyond. */
export async function readQuantiles(
  table: Table,
  sources: readonly ColumnSource[],
  sample: Frame,
): Promise<Map<string, Quantiles>> {
  const numbers = sources.filter((source) => source.schema.kind === "number");
  const result = new Map<string, Quantiles>();
  if (numbers.length === 0) return result;
  const exact = table.rows <= EXACT_ROWS;
  const list = Object.values(PROBABILITIES).join(", ");
  const exactly = groupsOf(exact ? numbers : [], COLUMNS_A_QUERY).map(async (group) => {
    const quantiles = group.map(({ value }, i) => `quantile_cont(${value}, [${list}]) AS q${i}`);
    const [row] = await table.query(`SELECT ${quantiles.join(", ")} FROM data`);
    return group.map((_, i) => (row![`q${i}`] ?? []) as number[]);
  });
  const found = exact
    ? (await Promise.all(exactly)).flat()
    : numbers.map(({ schema }) => sampleQuantiles(sample.columns.get(schema.name)!));
  for (const [i, source] of numbers.entries()) {
    const values = found[i]!;
    if (values.length === 0) continue;
    const names = Object.keys(PROBABILITIES) as (keyof typeof PROBABILITIES)[];
    const quantiles = Object.fromEntries(names.map((name, k) => [name, stable(values[k]!)]));
    result.set(source.schema.name, { quantiles: quantiles as Quantiles["quantiles"], quantilesExact: exact });
  }
  return result;
}

function sampleQuantiles(column: Column): number[] {
  if (column.kind !== "number") return [];
  const sorted = Float64Array.from(column.values)
    .filter((value) => !Number.isNaN(value))
    .sort();
  return sorted.length === 0 ? [] : Object.values(PROBABILITIES).map((p) => quantileOfSorted(sorted, p));
}

/**
 * Equal-width bins over the whole range, by column; whole numbers of a narrow range get a bin each. Times of a large table
 * are counted in the sample, for reading them from text once more would cost more than all else.
 */
export async function readHistograms(
  table: Table,
  sources: readonly ColumnSource[],
  moments: readonly Moments[],
  sample: Frame,
): Promise<Map<string, Histogram>> {
  const histograms = new Map<string, Histogram>();
  const scanned: { readonly source: ColumnSource; readonly grid: Grid }[] = [];
  for (const [k, source] of sources.entries()) {
    const { number, datetime, count } = moments[k]!;
    if (!number && !datetime) continue;
    const grid = gridOf(moments[k]!);
    const { name } = source.schema;
    const column = sample.columns.get(name);
    if (!grid) {
      const { min, max } = (number ?? datetime)!;
      histograms.set(name, { edges: [min, max], counts: [count] });
    } else if (column?.kind === "datetime" && table.rows > EXACT_ROWS) {
      histograms.set(name, binSample(column.values, grid));
    } else scanned.push({ source, grid });
  }
  const groups = groupsOf(scanned, COLUMNS_A_QUERY).map((group) => countBins(table, group));
  for (const [k, counts] of (await Promise.all(groups)).flat().entries()) {
    const { source, grid } = scanned[k]!;
    histograms.set(source.schema.name, { edges: grid.edges, counts });
  }
  return histograms;
}

interface Grid {
  readonly min: number;
  readonly width: number;
  readonly bins: number;
  readonly edges: number[];
}

/** Undefined where all values are the same, or too far apart to be told apart. */
function gridOf({ number, datetime }: Moments): Grid | undefined {
  const { min, max } = (number ?? datetime)!;
  const range = max - min;
  if (range === 0 || !Number.isFinite(range)) return undefined;
  const single = number?.whole === true && range < BINS;
  const bins = single ? range + 1 : BINS;
  const width = single ? 1 : range / bins;
  const edges = Array.from({ length: bins + 1 }, (_, i) =>
    i === bins && !single ? max : stable(min + i * width),
  );
  return { min, width, bins, edges };
}

function binSample(values: Float64Array, { min, width, bins, edges }: Grid): Histogram {
  const known = values.filter((value) => !Number.isNaN(value));
  const counts = new Array<number>(bins).fill(0);
  for (const value of known) counts[Math.max(0, Math.min(bins - 1, Math.floor((value - min) / width)))]!++;
  return { edges, counts, sampleRows: known.length };
}

/** By column, how many values each bin holds; one scan for all. */
async function countBins(
  table: Table,
  columns: readonly { readonly source: ColumnSource; readonly grid: Grid }[],
): Promise<number[][]> {
  const values = columns.map(({ source }, k) => {
    return `${source.schema.kind === "datetime" ? `epoch_ms(${source.value})` : source.value} AS v${k}`;
  });
  const bins = columns.map(({ grid: { min, width, bins } }, k) => {
    const bin = `least(floor((v${k} - (${literal(min)})) / ${literal(width)}), ${bins - 1})`;
    // `least` passes over what is missing.
    return `histogram(CAST(${bin} AS INTEGER)) FILTER (WHERE v${k} IS NOT NULL) AS h${k}`;
  });
  const entries = columns.map((_, k) => `map_keys(h${k}) AS b${k}, map_values(h${k}) AS n${k}`);
  const [row] = await table.query(
    `SELECT ${entries.join(", ")} FROM (SELECT ${bins.join(", ")} FROM (SELECT ${values.join(", ")} FROM data))`,
  );
  return columns.map(({ grid }, k) => {
    const counts = new Array<number>(grid.bins).fill(0);
    const found = (row![`n${k}`] ?? []) as unknown[];
    for (const [at, bin] of ((row![`b${k}`] ?? []) as unknown[]).entries())
      counts[numberOf(bin)] = numberOf(found[at]);
    return counts;
  });
}
