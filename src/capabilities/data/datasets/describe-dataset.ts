import { columnDigests, type Table, valueExpression } from "../../../engines/table/index.js";
import { hashValue, type Sha256 } from "../../../foundation/base/hash.js";
import type { ColumnSchema } from "../../../foundation/contracts/column.js";
import type { DatasetDocument } from "../../../foundation/contracts/dataset.js";
import type { SourceDescription } from "../../../foundation/contracts/source.js";

export interface DatasetContent {
  readonly table: Table;
  readonly schema: readonly ColumnSchema[];
  readonly sources: readonly SourceDescription[];
  /** Id of the version this one was made from. */
  readonly parent?: string;
  /** Hashes of what cells name: the images of a column, by its name. */
  readonly named?: ReadonlyMap<string, Sha256>;
}

/**
 * Names the content: SHA-256 over what columns are called, what they mean and what values they have, in order.
 * How the source wrote them (format, encoding, compression, `1.0` or `1`) does not count.
 */
export async function describeDataset({
  table,
  schema,
  sources,
  parent,
  named,
}: DatasetContent): Promise<DatasetDocument> {
  const [missing, digests] = await Promise.all([countMissing(table, schema), columnDigests(table, schema)]);
  const columns = schema.map(({ name, kind }, index): DatasetDocument["columns"][number] => {
    const cells = digests[index]!;
    const behind = named?.get(name);
    const content = behind === undefined ? cells : hashValue({ cells, behind });
    return { name, kind, missing: missing[index]!, content };
  });
  const identity = schema.map(({ name, kind, precision, numericCategory, format }, index) => ({
    ...{ name, kind, precision, numericCategory, width: format?.width, height: format?.height },
    content: columns[index]!.content,
  }));
  return {
    formatVersion: 1,
    id: hashValue({ rows: table.rows, columns: identity }),
    rows: table.rows,
    sources: [...sources],
    schema: [...schema],
    columns,
    ...(parent === undefined ? {} : { parent }),
  };
}

async function countMissing(table: Table, schema: readonly ColumnSchema[]): Promise<number[]> {
  const storage = new Map(table.columns.map((column) => [column.name, column.storage]));
  if (schema.length === 0) return [];
  const counts = schema.map(
    (column, index) => `count(${valueExpression(column, storage.get(column.name)!)}) AS c${index}`,
  );
  const [row] = await table.query(`SELECT ${counts.join(", ")} FROM data`);
  return schema.map((_, index) => table.rows - (row![`c${index}`] as number));
}
