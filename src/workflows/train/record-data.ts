import { basename } from "node:path";
import { saveDataset } from "../../capabilities/data/datasets/index.js";
import { contentHashes, type Table } from "../../engines/table/index.js";
import { hashValue, type Sha256, sha256 } from "../../foundation/base/hash.js";
import { pack } from "../../foundation/base/packing.js";
import { cellWidth, type ImageColumn } from "../../foundation/contracts/frame.js";
import type { Dataset } from "../../foundation/contracts/store.js";
import type { PreparedData } from "./prepare.js";
import type { Production } from "./production.js";

/** Stores the version of the data that the training reads, named by its content. */
export function recordDataset({
  data,
  prepared,
  store,
  project,
}: Pick<Production, "data" | "store" | "project"> & {
  readonly prepared: Pick<PreparedData, "schema" | "frame">;
}): Promise<Dataset> {
  const { table, sources, description } = data;
  // A folder of this machine is no part of a name.
  const name = project.name ?? (sources.length === 1 ? basename(description) : description);
  const named = new Map<string, Sha256>();
  for (const [column, content] of prepared.frame.columns) {
    if (content.kind === "image") named.set(column, sha256(content.values));
  }
  return saveDataset({ table, schema: prepared.schema, sources, named }, name, store);
}

/**
 * The identity by which rows are divided: rows that are equal but for their id share it, so that no copy is on both
 * sides. Images are told by their pixels, whatever their files are called.
 */
export async function divisionHashes(
  table: Table,
  { schema, frame }: Pick<PreparedData, "schema" | "frame">,
): Promise<BigUint64Array> {
  const images = [...frame.columns.values()].filter((column) => column.kind === "image");
  const content = schema.filter(({ kind }) => kind !== "id" && kind !== "ignore" && kind !== "image");
  const told = content.length > 0 || images.length > 0 ? content : schema;
  const { hashes } = await contentHashes(table, told);
  for (const image of images) mixImages(hashes, image);
  return hashes;
}

/** Odd, with its bits spread evenly: multiplying by it loses nothing and moves every bit (Knuth). */
const SPREAD = 0x9e3779b97f4a7c15n;

function mixImages(hashes: BigUint64Array, image: ImageColumn): void {
  const size = cellWidth(image);
  for (let row = 0; row < hashes.length; row++) {
    const pixels = sha256(image.values.subarray(row * size, (row + 1) * size));
    hashes[row] = (hashes[row]! * SPREAD) ^ BigInt(`0x${pixels.slice(0, 16)}`);
  }
}

/** Stores the division with the dataset version; returns its id. */
export async function recordSplit(
  { store, division: { record } }: Pick<Production, "store" | "division">,
  dataset: Dataset,
): Promise<Sha256> {
  const blob = await store.blobs.put(pack(record));
  const id = hashValue({ dataset: dataset.id, blob });
  await store.datasets.addSplit({ id, dataset: dataset.id, config: record.config, blob });
  return id;
}
