import { basename } from "node:path";
import { saveDataset } from "../../capabilities/data/datasets/index.js";
import { hashValue, type Sha256, sha256 } from "../../foundation/base/hash.js";
import { pack } from "../../foundation/base/packing.js";
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
