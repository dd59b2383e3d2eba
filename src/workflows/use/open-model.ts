import { resolve } from "node:path";
import { type LoadedBundle, loadBundle } from "../../capabilities/bundles/index.js";
import { createTransforms } from "../../capabilities/features/index.js";
import { createImageDecoder } from "../../capabilities/vision/index.js";
import type { Model } from "../../foundation/contracts/store.js";
import type { WorkflowContext, WorkflowOptions } from "../context.js";
import { storeFolder, withStore } from "../locate-store.js";
import { isBundlePath } from "./bundle-path.js";

export interface OpenModel {
  readonly bundle: LoadedBundle;
  /** Folder or archive it came from. */
  readonly path: string;
  /** The registry's record; absent for a bundle given by its path. */
  readonly record?: Model;
}

/** Where a model's bundle lies: a registered model by name, `name@3` or `name@champion`, or a path. */
export async function locateModel(
  reference: string,
  context: WorkflowContext,
  options: WorkflowOptions,
): Promise<{ path: string; record?: Model }> {
  if (isBundlePath(reference, context.folder)) return { path: resolve(context.folder, reference) };
  return withStore(storeFolder(options), context, async (store) => ({
    record: await store.models.get(reference),
    path: await store.models.folder(reference),
  }));
}

/** Opens a model, uses it and frees it. @throws QuernError MODEL_NOT_FOUND, BUNDLE_INVALID, MODEL_REFUSED */
export async function withModel<T>(
  reference: string,
  context: WorkflowContext,
  options: WorkflowOptions,
  use: (model: OpenModel) => Promise<T>,
): Promise<T> {
  const located = await locateModel(reference, context, options);
  const bundle = await loadBundle(located.path, {
    threads: context.threads,
    hostTransforms: createTransforms(),
    decodeImage: createImageDecoder(),
  });
  try {
    return await use({ bundle, ...located });
  } finally {
    await bundle.close();
  }
}
