import { type Table, valueExpression } from "../../../engines/table/index.js";
import type { ColumnSchema } from "../../../foundation/contracts/column.js";
import type { DistributionChange } from "../../../foundation/contracts/dataset.js";

/** Shares below this count as this much, so that an empty bin does not make the index infinite. */
const SMALLEST_SHARE = 1e-4;
const PERCENTILES = Array.from({ length: 99 }, (_, index) => (index + 1) / 100);
const LISTED_VALUES = 50;

/** @returns undefined for kinds whose values say nothing together: texts, ids, vectors, ignored columns */
export async function compareDistribution(
  tableBefore: Table,
  before: ColumnSchema,
  tableAfter: Table,
  after: ColumnSchema,
): Promise<DistributionChange | undefined> {
  const first = expressionOf(tableBefore, before);
  const second = expressionOf(tableAfter, after);
  switch (before.kind) {
    case "number":
      return compareOrdered(before.name, tableBefore, first, tableAfter, second);
    case "datetime": {
      const epoch = (value: string): string => `CAST(epoch_ms(${value}) AS DOUBLE)`;
      return compareOrdered(before.name, tableBefore, epoch(first), tableAfter, epoch(second));
    }
    case "category":
    case "boolean":
      return compareCounted(before.name, tableBefore, first, tableAfter, second);
    default:
      return undefined;
  }
}

function expressionOf(table: Table, schema: ColumnSchema): string {
  return valueExpression(schema, table.columns.find((column) => column.name === schema.name)!.storage);
}

async function compareOrdered(
  column: string,
  tableBefore: Table,
  before: string,
  tableAfter: Table,
  after: string,
): Promise<DistributionChange> {
  const [found] = await tableBefore.query(
    `SELECT quantile_cont(x, [${PERCENTILES.join(", ")}]) AS edges FROM (SELECT ${before} AS x FROM data)`,
  );
  const edges = ((found!.edges as number[] | null) ?? []).filter((edge) => edge !== null);
  const cumulative = async (table: Table, value: string) => {
    const counts = edges.map((edge, index) => `count(*) FILTER (x <= ${edge}::DOUBLE) AS c${index}`);
    const [row] = await table.query(
      `SELECT count(x) AS present, ${["count(*) AS rows", ...counts].join(", ")} FROM (SELECT ${value} AS x FROM data)`,
    );
    const present = row!.present as number;
    const shares = edges.map((_, index) => (present === 0 ? 0 : (row![`c${index}`] as number) / present));
    return { present, rows: row!.rows as number, shares };
  };
  const [left, right] = [await cumulative(tableBefore, before), await cumulative(tableAfter, after)];
  const deciles = edges.map((_, index) => index).filter((index) => (index + 1) % 10 === 0);
  const bins = ({ present, rows, shares }: typeof left): number[] => {
    const bounds = [0, ...deciles.map((index) => shares[index]!), 1];
    return [
      ...bounds.slice(1).map((bound, index) => ((bound - bounds[index]!) * present) / rows),
      1 - present / rows,
    ];
  };
  return {
    column,
    psi: stabilityIndex(bins(left), bins(right)),
    ks: left.shares.reduce(
      (largest, share, index) => Math.max(largest, Math.abs(share - right.shares[index]!)),
      0,
    ),
    missingBefore: 1 - left.present / left.rows,
    missingAfter: 1 - right.present / right.rows,
  };
}

async function compareCounted(
  column: string,
  tableBefore: Table,
  before: string,
  tableAfter: Table,
  after: string,
): Promise<DistributionChange> {
  const count = async (table: Table, value: string, limit: string) => {
    const rows = await table.query(
      `SELECT CAST(${value} AS VARCHAR) AS value, count(*) AS count FROM data GROUP BY 1 ORDER BY count DESC, value ${limit}`,
    );
    return new Map(rows.map((row) => [row.value as string | null, row.count as number]));
  };
  const left = await count(tableBefore, before, "");
  const right = await count(tableAfter, after, "");
  const listed = [...left.keys()].filter((value) => value !== null).slice(0, LISTED_VALUES);
  const bins = (counts: typeof left, rows: number): number[] => {
    const shares = [null, ...listed].map((value) => (counts.get(value) ?? 0) / rows);
    return [...shares, Math.max(0, 1 - shares.reduce((sum, share) => sum + share, 0))];
  };
  return {
    column,
    psi: stabilityIndex(bins(left, tableBefore.rows), bins(right, tableAfter.rows)),
    missingBefore: (left.get(null) ?? 0) / tableBefore.rows,
    missingAfter: (right.get(null) ?? 0) / tableAfter.rows,
  };
}

/** Sum over bins of (after - before) ln(after / before), each share at least SMALLEST_SHARE. */
function stabilityIndex(before: readonly number[], after: readonly number[]): number {
  return before.reduce((sum, share, index) => {
    const left = Math.max(share, SMALLEST_SHARE);
    const right = Math.max(after[index]!, SMALLEST_SHARE);
    return sum + (right - left) * Math.log(right / left);
  }, 0);
}
