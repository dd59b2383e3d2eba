import { type LoadedBundle, loadBundle } from "../../capabilities/bundles/index.js";
import { createTransforms } from "../../capabilities/features/index.js";
import { createImageDecoder } from "../../capabilities/vision/index.js";
import { type WorkflowOptions, workflowContext } from "../context.js";
import { locateModel } from "./open-model.js";

/**
 * Opens a model for predictions inside this process: `model.predict([{ … }])`. The caller closes it.
 * @param reference `name`, `name@3`, `name@champion`, or the path of a bundle
 * @throws QuernError MODEL_NOT_FOUND, BUNDLE_INVALID, MODEL_REFUSED
 */
export async function loadModel(reference: string, options: WorkflowOptions = {}): Promise<LoadedBundle> {
  const context = workflowContext(options);
  const { path } = await locateModel(reference, context, options);
  return loadBundle(path, {
    threads: context.threads,
    hostTransforms: createTransforms(),
    decodeImage: createImageDecoder(),
  });
}
