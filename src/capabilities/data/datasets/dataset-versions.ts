import { type DatabaseOptions, openTable, type Table, writeParquet } from "../../../engines/table/index.js";
import { QuernError } from "../../../foundation/base/errors.js";
import type { ColumnSchema } from "../../../foundation/contracts/column.js";
import { type DatasetDocument, datasetDocumentSchema } from "../../../foundation/contracts/dataset.js";
import type { BlobStore, Dataset, DatasetStore } from "../../../foundation/contracts/store.js";
import { type DatasetContent, describeDataset } from "./describe-dataset.js";

/** The part of a store that dataset versions need. */
export interface DatasetHome {
  readonly blobs: Pick<BlobStore, "putFile" | "localFile">;
  readonly datasets: Pick<DatasetStore, "add">;
}

export interface OpenedDataset {
  /** The caller closes it. */
  readonly table: Table;
  readonly schema: readonly ColumnSchema[];
  readonly document: DatasetDocument;
}

/** Stores a version under a name; content that is stored already is not stored again. */
export async function saveDataset(
  content: DatasetContent,
  name: string,
  home: DatasetHome,
): Promise<Dataset> {
  const [document, file] = await Promise.all([describeDataset(content), writeParquet(content.table)]);
  const { hash } = await home.blobs.putFile(file);
  return home.datasets.add({
    ...{ id: document.id, name, rows: document.rows, columns: document.columns.length },
    document,
    blobs: { table: hash },
  });
}

/** @throws QuernError STORE_DAMAGED when the record is not one that `saveDataset` writes */
export async function openDataset(
  dataset: Dataset,
  blobs: Pick<BlobStore, "localFile">,
  options: DatabaseOptions,
): Promise<OpenedDataset> {
  const parsed = datasetDocumentSchema.safeParse(dataset.document);
  const blob = dataset.blobs.table;
  if (!parsed.success || blob === undefined) {
    throw new QuernError("STORE_DAMAGED", `The record of dataset version ${dataset.id} is damaged.`, {
      details: { dataset: dataset.id },
      cause: parsed.error,
    });
  }
  const path = await blobs.localFile(blob);
  const name = `dataset ${dataset.id.slice(0, 12)}`;
  const table = await openTable({ format: "parquet", files: [{ path, name }] }, options);
  return { table, schema: parsed.data.schema, document: parsed.data };
}
