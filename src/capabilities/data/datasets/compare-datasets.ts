import { contentHashes } from "../../../engines/table/index.js";
import { QuernError } from "../../../foundation/base/errors.js";
import type { ColumnSchema } from "../../../foundation/contracts/column.js";
import type { DatasetComparison } from "../../../foundation/contracts/dataset.js";
import { compareDistribution } from "./compare-distribution.js";
import type { OpenedDataset } from "./dataset-versions.js";

export interface ComparisonOptions {
  /** Rows are matched by this column instead of by all their values. */
  readonly id?: string;
}

/**
 * What changed between two versions. Rows count as multisets: a row that occurs twice before and once after was
 * removed once. Memory: 8 bytes a row of either version.
 * @throws QuernError DATA_COLUMN_UNKNOWN when the id column is not in both
 */
export async function compareDatasets(
  before: OpenedDataset,
  after: OpenedDataset,
  options: ComparisonOptions = {},
): Promise<DatasetComparison> {
  const common = commonColumns(before, after);
  const { id } = options;
  if (id !== undefined && !common.some((pair) => pair.before.name === id)) {
    throw new QuernError(
      "DATA_COLUMN_UNKNOWN",
      `The id column ${JSON.stringify(id)} is not in both versions.`,
      {
        details: { column: id },
      },
    );
  }
  const distributions = [];
  for (const pair of common) {
    if (pair.before.kind !== pair.after.kind) continue;
    const change = await compareDistribution(before.table, pair.before, after.table, pair.after);
    if (change) distributions.push(change);
  }
  return {
    before: before.document.id,
    after: after.document.id,
    rows: await compareRows(before, after, common, id),
    schema: {
      added: namesNotIn(after.schema, before.schema),
      removed: namesNotIn(before.schema, after.schema),
      changed: common
        .filter((pair) => pair.before.kind !== pair.after.kind)
        .map((pair) => ({ column: pair.before.name, before: pair.before.kind, after: pair.after.kind })),
    },
    distributions: distributions.sort((a, b) => b.psi - a.psi || (a.column < b.column ? -1 : 1)),
  };
}

interface ColumnPair {
  readonly before: ColumnSchema;
  readonly after: ColumnSchema;
}

function commonColumns(before: OpenedDataset, after: OpenedDataset): ColumnPair[] {
  const later = new Map(after.schema.map((column) => [column.name, column]));
  return before.schema.flatMap((column) => {
    const other = later.get(column.name);
    return other ? [{ before: column, after: other }] : [];
  });
}

function namesNotIn(columns: readonly ColumnSchema[], others: readonly ColumnSchema[]): string[] {
  const known = new Set(others.map((column) => column.name));
  return columns.map((column) => column.name).filter((name) => !known.has(name));
}

async function compareRows(
  before: OpenedDataset,
  after: OpenedDataset,
  common: readonly ColumnPair[],
  id: string | undefined,
): Promise<DatasetComparison["rows"]> {
  const all = async (dataset: OpenedDataset, side: keyof ColumnPair) =>
    (
      await contentHashes(
        dataset.table,
        common.map((pair) => pair[side]),
      )
    ).hashes.sort();
  const equal = countCommon(await all(before, "before"), await all(after, "after"));
  const counts = { before: before.table.rows, after: after.table.rows };
  if (id === undefined) {
    const matchedBy = common.map((pair) => pair.before.name);
    return {
      ...counts,
      added: counts.after - equal,
      removed: counts.before - equal,
      unchanged: equal,
      matchedBy,
    };
  }
  const key = common.find((pair) => pair.before.name === id)!;
  const ids = async (dataset: OpenedDataset, side: keyof ColumnPair) =>
    (await contentHashes(dataset.table, [key[side]])).hashes.sort();
  const matched = countCommon(await ids(before, "before"), await ids(after, "after"));
  return {
    ...counts,
    added: counts.after - matched,
    removed: counts.before - matched,
    changed: Math.max(0, matched - equal),
    unchanged: Math.min(matched, equal),
    matchedBy: [id],
  };
}

/** Size of the intersection of two sorted multisets. */
function countCommon(left: BigUint64Array, right: BigUint64Array): number {
  let common = 0;
  for (let i = 0, j = 0; i < left.length && j < right.length; ) {
    if (left[i] === right[j]) {
      common++;
      i++;
      j++;
    } else if (left[i]! < right[j]!) i++;
    else j++;
  }
  return common;
}
