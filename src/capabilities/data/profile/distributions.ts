import type { Table } from "../../../engines/table/index.js";
import type { Column, Frame } from "../../../foundation/contracts/frame.js";
import type { ColumnProfile, Histogram, NumberProfile } from "../../../foundation/contracts/profile.js";
import { type ColumnSource, numberOf, stable } from "./column-source.js";
import type { Moments } from "./moments.js";
import { isMissing } from "./statistics/cells.js";
import { quantileOfSorted } from "./statistics/ranks.js";
import { valueText } from "./value-text.js";

/** Up to this many rows every distinct value is counted and quantiles are exact. */
const EXACT_ROWS = 1_000_000;
const TOP_VALUES = 10;
/** One value in so many, chosen by hash, is counted where counting all would need too much memory. */
const DISTINCT_STEP = 64;
const BINS = 30;

type Values = Pick<ColumnProfile, "unique" | "uniqueExact" | "top" | "topSampleRows">;

/** Distinct values and the commonest ones. */
export async function readValues(table: Table, source: ColumnSource, sample: Frame): Promise<Values> {
  const column = sample.columns.get(source.schema.name);
  if (source.schema.kind === "vector" || source.schema.kind === "ignore" || !column)
    return countAll(table, source, 0);
  const counts = countSample(column, sample.rows);
  const known = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (table.rows <= EXACT_ROWS || counts.size < known / 4) return countAll(table, source, TOP_VALUES);

  const [row] = await table.query(
    `SELECT count(DISTINCT ${source.value}) AS n FROM data WHERE hash(${source.value}) % ${DISTINCT_STEP} = 0`,
  );
  const common = [...counts].filter(([, count]) => count > 1).sort((a, b) => b[1] - a[1]);
  const top = common.slice(0, TOP_VALUES).map(([value, count]) => ({ value, count }));
  return {
    unique: Math.max(counts.size, numberOf(row!.n) * DISTINCT_STEP),
    uniqueExact: false,
    ...(top.length > 0 && { top, topSampleRows: known }),
  };
}

async function countAll(table: Table, { schema, value }: ColumnSource, limit: number): Promise<Values> {
  const rows = await table.query(
    `WITH counted AS MATERIALIZED (SELECT ${value} AS value, count(*) AS n FROM data WHERE (${value}) IS NOT NULL GROUP BY 1)
     SELECT (SELECT count(*) FROM counted) AS distinct_values, value, n FROM counted ORDER BY n DESC, value LIMIT ${Math.max(1, limit)}`,
  );
  const unique = numberOf(rows[0]?.distinct_values);
  const top = rows.map((row) => ({ value: valueText(row.value, schema), count: numberOf(row.n) }));
  // Where no value repeats there is no commonest one.
  const telling = limit > 0 && top.length > 0 && (top[0]!.count > 1 || unique <= 2);
  return { unique, uniqueExact: true, ...(telling && { top }) };
}

function countSample(column: Column, rows: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let row = 0; row < rows; row++) {
    if (isMissing(column, row) || column.kind === "vector") continue;
    const raw = column.kind === "category" ? column.dictionary[column.codes[row]!] : column.values[row];
    const text = valueText(raw, { kind: column.kind });
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return counts;
}

const PROBABILITIES = { p01: 0.01, p05: 0.05, p25: 0.25, p50: 0.5, p75: 0.75, p95: 0.95, p99: 0.99 } as const;
type Quantiles = Pick<NumberProfile, "quantiles" | "quantilesExact">;

/** Exact in one query for up to a million rows; of the sample beyond. */
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
  const [row] = exact
    ? await table.query(
        `SELECT ${numbers.map((source, i) => `quantile_cont(${source.value}, [${list}]) AS q${i}`).join(", ")} FROM data`,
      )
    : [{}];
  for (const [i, source] of numbers.entries()) {
    const values = exact
      ? ((row![`q${i}`] ?? []) as number[])
      : sampleQuantiles(sample.columns.get(source.schema.name)!);
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

/** Equal-width bins over the whole range; whole numbers of a narrow range get a bin each. */
export async function readHistogram(
  table: Table,
  source: ColumnSource,
  { number, datetime, count }: Moments,
): Promise<Histogram> {
  const { min, max } = (number ?? datetime)!;
  const value = source.schema.kind === "datetime" ? `epoch_ms(${source.value})` : source.value;
  const range = max - min;
  if (range === 0 || !Number.isFinite(range)) return { edges: [min, max], counts: [count] };
  const single = number?.whole === true && range < BINS;
  const bins = single ? range + 1 : BINS;
  const width = single ? 1 : range / bins;
  const edges = Array.from({ length: bins + 1 }, (_, i) =>
    i === bins && !single ? max : stable(min + i * width),
  );
  const rows = await table.query(
    `SELECT CAST(least(floor((${value} - $1::DOUBLE) / $2::DOUBLE), ${bins - 1}) AS INTEGER) AS bin, count(*) AS n
     FROM data WHERE (${source.value}) IS NOT NULL GROUP BY 1`,
    [min, width],
  );
  const counts = new Array<number>(bins).fill(0);
  for (const row of rows) counts[numberOf(row.bin)] = numberOf(row.n);
  return { edges, counts };
}
