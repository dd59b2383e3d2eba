import { quoteIdentifier } from "../../engines/table/index.js";
import { hashValue, sha256 } from "../../foundation/base/hash.js";
import { pack } from "../../foundation/base/packing.js";
import type { Dataset } from "../../foundation/contracts/store.js";
import type { Division } from "./divide.js";
import type { Production } from "./production.js";

export async function recordDataset({
  data,
  prepared,
  store,
  project,
}: Production): Promise<{ dataset: Dataset; rowHashes: BigUint64Array }> {
  const names = data.table.columns
    .map((column) => `CAST(${quoteIdentifier(column.name)} AS VARCHAR)`)
    .join(", ");
  const rows = await data.table.query(
    `SELECT CAST(hash(${names}) AS VARCHAR) AS h FROM data ORDER BY ${quoteIdentifier(data.table.rowColumn)}`,
  );
  const rowHashes = BigUint64Array.from(rows, (row) => BigInt(row.h as string));
  const id = hashValue({ schema: prepared.schema, rows: sha256(new Uint8Array(rowHashes.buffer)) });
  const dataset = await store.datasets.add({
    id,
    name: project.name ?? data.description,
    rows: data.table.rows,
    columns: data.table.columns.length,
    document: { schema: prepared.schema, sources: data.sources },
    blobs: {},
  });
  return { dataset, rowHashes };
}

export async function recordSplit(
  { store }: Production,
  dataset: Dataset,
  { record }: Division,
): Promise<string> {
  const blob = await store.blobs.put(pack(record));
  const id = hashValue({ dataset: dataset.id, blob });
  await store.datasets.addSplit({ id, dataset: dataset.id, config: record.config, blob });
  return id;
}
