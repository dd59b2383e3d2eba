import { compareDatasets, openDataset } from "../../capabilities/data/datasets/index.js";
import type { DatasetComparison } from "../../foundation/contracts/dataset.js";
import type { Dataset, DatasetSummary } from "../../foundation/contracts/store.js";
import { type WorkflowOptions, workflowContext } from "../context.js";
import { storeFolder, withStore } from "../locate-store.js";

/** Newest first. */
export async function listDatasets(
  request: { readonly limit?: number; readonly name?: string },
  options: WorkflowOptions = {},
): Promise<readonly DatasetSummary[]> {
  const page = await withStore(storeFolder(options), workflowContext(options), (store) =>
    store.datasets.list({
      limit: request.limit ?? 50,
      ...(request.name === undefined ? {} : { name: request.name }),
    }),
  );
  return page.items;
}

/** One version with its schema. @throws QuernError DATASET_NOT_FOUND */
export function showDataset(reference: string, options: WorkflowOptions = {}): Promise<Dataset> {
  return withStore(storeFolder(options), workflowContext(options), (store) => store.datasets.get(reference));
}

/** What changed from one version to another. @throws QuernError DATASET_NOT_FOUND, DATA_COLUMN_UNKNOWN */
export function compareVersions(
  request: { readonly before: string; readonly after: string; readonly id?: string },
  options: WorkflowOptions = {},
): Promise<DatasetComparison> {
  const context = workflowContext(options);
  return withStore(storeFolder(options), context, async (store) => {
    const open = async (reference: string) =>
      openDataset(await store.datasets.get(reference), store.blobs, context);
    const before = await open(request.before);
    try {
      const after = await open(request.after);
      try {
        return await compareDatasets(before, after, request.id === undefined ? {} : { id: request.id });
      } finally {
        await after.table.close();
      }
    } finally {
      await before.table.close();
    }
  });
}
