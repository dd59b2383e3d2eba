import type { ModelSummary, Run, RunSummary, Trial } from "../../foundation/contracts/store.js";
import { type WorkflowOptions, workflowContext } from "../context.js";
import { storeFolder, withStore } from "../locate-store.js";

/** Newest first. */
export async function listRuns(
  request: { readonly limit?: number },
  options: WorkflowOptions = {},
): Promise<readonly RunSummary[]> {
  const page = await withStore(storeFolder(options), workflowContext(options), (store) =>
    store.runs.list({ limit: request.limit ?? 20 }),
  );
  return page.items;
}

/** A run with its trials by number, all unless a range is given. @throws QuernError RUN_NOT_FOUND */
export function showRun(
  id: string,
  options: WorkflowOptions & { readonly trials?: { readonly from?: number; readonly limit?: number } } = {},
): Promise<{ readonly run: Run; readonly trials: readonly Trial[] }> {
  return withStore(storeFolder(options), workflowContext(options), async (store) => ({
    run: await store.runs.get(id),
    trials: await store.runs.trials(id, options.trials),
  }));
}

/** Newest first. */
export async function listModels(
  request: { readonly limit?: number; readonly name?: string },
  options: WorkflowOptions = {},
): Promise<readonly ModelSummary[]> {
  const page = await withStore(storeFolder(options), workflowContext(options), (store) =>
    store.models.list({
      limit: request.limit ?? 50,
      ...(request.name === undefined ? {} : { name: request.name }),
    }),
  );
  return page.items;
}
