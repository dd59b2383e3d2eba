import type { Table } from "../../../engines/table/index.js";
import { finiteValues } from "../../../foundation/base/gather.js";
import { groupsOf } from "../../../foundation/base/groups.js";
import { quantileOfSorted } from "../../../foundation/base/statistics.js";
import type { ColumnKind } from "../../../foundation/contracts/column.js";
import type { Frame } from "../../../foundation/contracts/frame.js";
import { type ColumnSource, literal, numberOf, stable } from "./column-source.js";

/** Figures of numbers, times and texts that one scan gives; other kinds have none. */
export interface Moments {
  /** Values present. */
  readonly count: number;
  readonly number?: {
    readonly min: number;
    readonly max: number;
    readonly mean: number;
    readonly standardDeviation: number;
    readonly skewness: number | null;
    readonly zeros: number;
    readonly negative: number;
    readonly whole: boolean;
  };
  /** Epoch milliseconds. */
  readonly datetime?: { readonly min: number; readonly max: number };
  readonly text?: { readonly minLength: number; readonly meanLength: number; readonly maxLength: number };
}

/** Rows that tell where a column lies. */
const FRAME_ROWS = 2000;

/** Columns that share a scan: DuckDB slows down on very wide lists of aggregates. */
const COLUMNS_A_SCAN = 25;

/** One scan for each 25 columns; power sums are taken around the sample's median, in units of its spread. */
export async function readMoments(
  table: Table,
  sources: readonly ColumnSource[],
  sample: Frame,
): Promise<Moments[]> {
  const groups = groupsOf(sources, COLUMNS_A_SCAN).map((group) => groupMoments(table, group, sample));
  return (await Promise.all(groups)).flat();
}

async function groupMoments(table: Table, group: readonly ColumnSource[], sample: Frame): Promise<Moments[]> {
  const frames = group.map((source) => standardFrame(sample, source));
  const aggregates = group.flatMap((source, i) => aggregatesOf(source.schema.kind, i, frames[i]!));
  const values = group.map((source, i) => `${scannedValue(source)} AS v${i}`);
  const [row] =
    aggregates.length === 0
      ? [{}]
      : await table.query(`SELECT ${aggregates.join(", ")} FROM (SELECT ${values.join(", ")} FROM data)`);
  return group.map((source, i) => readRow(row!, source, i, frames[i]!));
}

/** Where a column lies: sums of powers of (value - center) / scale keep their digits. */
interface StandardFrame {
  readonly center: number;
  readonly scale: number;
}

function standardFrame(sample: Frame, { schema }: ColumnSource): StandardFrame {
  const column = sample.columns.get(schema.name);
  if (column?.kind !== "number") return { center: 0, scale: 1 };
  // Near enough from a few values, for the sums only need to keep their digits.
  const step = Math.max(1, Math.floor(column.values.length / FRAME_ROWS));
  const sorted = finiteValues(column.values.filter((_, row) => row % step === 0)).sort();
  if (sorted.length === 0) return { center: 0, scale: 1 };
  // Halves, so that numbers at both ends of the range of doubles do not overflow.
  const spread = quantileOfSorted(sorted, 0.95) / 2 - quantileOfSorted(sorted, 0.05) / 2;
  const center = quantileOfSorted(sorted, 0.5);
  const scale = [spread, Math.abs(center)].find((size) => size > 1e-300) ?? 1;
  return { center, scale };
}

/** What the scan reads once for each row, however many aggregates stand on it. */
function scannedValue({ schema, value }: ColumnSource): string {
  if (schema.kind === "datetime") return `epoch_ms(${value})`;
  return schema.kind === "text" ? `length(${value})` : schema.kind === "number" ? value : "NULL";
}

function aggregatesOf(kind: ColumnKind, i: number, { center, scale }: StandardFrame): string[] {
  const range = [`count(v${i}) AS n${i}`, `min(v${i}) AS min${i}`, `max(v${i}) AS max${i}`];
  if (kind === "datetime") return range;
  if (kind === "text") return [...range, `avg(v${i}) AS mean${i}`];
  if (kind !== "number") return [];
  const unit =
    scale > 1e300
      ? `(v${i} / ${literal(scale)} - (${literal(center / scale)}))`
      : `((v${i} - (${literal(center)})) / ${literal(scale)})`;
  return [
    ...range,
    `sum(${unit}) AS s${i}`,
    `sum(${unit} * ${unit}) AS ss${i}`,
    `sum(${unit} * ${unit} * ${unit}) AS sss${i}`,
    `count_if(v${i} = 0) AS zeros${i}`,
    `count_if(v${i} < 0) AS negative${i}`,
    `count_if(v${i} <> trunc(v${i})) AS parts${i}`,
  ];
}

function readRow(
  row: Record<string, unknown>,
  { schema }: ColumnSource,
  i: number,
  frame: StandardFrame,
): Moments {
  const figure = (name: string): number => numberOf(row[`${name}${i}`]);
  const count = figure("n");
  if (count === 0) return { count };
  const range = { min: figure("min"), max: figure("max") };
  if (schema.kind === "datetime") return { count, datetime: range };
  if (schema.kind === "text") {
    return {
      count,
      text: { minLength: range.min, meanLength: stable(figure("mean")), maxLength: range.max },
    };
  }
  if (schema.kind !== "number") return { count };
  const shape = centralMoments(count, figure("s"), figure("ss"), figure("sss"));
  const constant = range.min === range.max;
  return {
    count,
    number: {
      ...range,
      mean: constant ? range.min : stable(finite(frame.center + frame.scale * shape.mean)),
      standardDeviation: constant ? 0 : stable(finite(frame.scale * shape.standardDeviation)),
      skewness: constant || !Number.isFinite(shape.skewness) ? null : stable(shape.skewness),
      zeros: figure("zeros"),
      negative: figure("negative"),
      whole: figure("parts") === 0,
    },
  };
}

/** The nearest double to a figure beyond their range. */
function finite(value: number): number {
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));
}

/**
 * From sums of first, second and third powers: mean, sample standard deviation (n - 1) and the bias-corrected
 * skewness G1 = g1 sqrt(n(n-1))/(n-2), NaN below three values.
 */
export function centralMoments(n: number, sum: number, squares: number, cubes: number) {
  const mean = sum / n;
  const second = Math.max(0, squares / n - mean * mean);
  const third = cubes / n - 3 * mean * (squares / n) + 2 * mean ** 3;
  const standardDeviation = n > 1 ? Math.sqrt((second * n) / (n - 1)) : 0;
  const skewness =
    n > 2 && second > 0 ? ((third / second ** 1.5) * Math.sqrt(n * (n - 1))) / (n - 2) : Number.NaN;
  return { mean, standardDeviation, skewness };
}
