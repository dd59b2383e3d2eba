import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { QuernError } from "../foundation/base/errors.js";
import type { Store } from "../foundation/contracts/store.js";
import type { WorkflowContext, WorkflowOptions } from "./context.js";

/** `--store`, else `QUERN_HOME`, else `.quern` in the project's folder. */
export function storeFolder(options: Pick<WorkflowOptions, "store" | "folder">): string {
  // An empty variable counts as not set, as is usual for folders in the environment.
  const home = process.env.QUERN_HOME || undefined;
  return resolve(options.store ?? home ?? join(options.folder ?? process.cwd(), ".quern"));
}

/** Opens a store. Loading the database takes time that a server of a bundle alone does not have. */
export async function openFolder(
  folder: string,
  { clock }: Pick<WorkflowContext, "clock">,
  create = false,
): Promise<Store> {
  const { openStore } = await import("../capabilities/stores/index.js");
  return openStore(folder, { clock, create });
}

/** Opens, uses and closes a store that must exist; `create` makes one where there is none. */
export async function withStore<T>(
  folder: string,
  context: WorkflowContext,
  use: (store: Store) => Promise<T>,
  create = false,
): Promise<T> {
  if (!create && !existsSync(folder)) {
    throw new QuernError("STORE_NOT_FOUND", `There is no store at ${folder}.`, {
      details: { folder },
      hint: "Run the command in the project's folder or name the store with --store; `quern train` makes a new one.",
    });
  }
  const store = await openFolder(folder, context, create);
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}
