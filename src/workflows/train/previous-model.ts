import { loadBundle } from "../../capabilities/bundles/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { takeRows } from "../../foundation/contracts/frame.js";
import type { Predictions } from "../../foundation/contracts/target.js";
import type { Production } from "./production.js";

/**
 * What the model that has the name now says about the rows, for a paired comparison. Nothing when there is
 * none, or when it predicts something else or from other columns.
 */
export async function previousPredictions(
  { store, prepared, transforms, context }: Production,
  name: string,
  rows: Int32Array,
): Promise<{ name: string; predictions: Predictions } | undefined> {
  try {
    const model = await store.models.get(name);
    const bundle = await loadBundle(await store.models.folder(`${name}@${model.version}`), {
      hostTransforms: transforms,
    });
    try {
      const { manifest } = bundle;
      const classes = manifest.outputs.kind === "classes" ? manifest.outputs.classes : [];
      const same =
        manifest.task === prepared.target.task &&
        manifest.target === prepared.target.column &&
        classes.join("\n") === prepared.target.classes.join("\n");
      if (!same) return undefined;
      return {
        name: `${name}@${model.version}`,
        predictions: await bundle.predictFrame(takeRows(prepared.frame, rows)),
      };
    } finally {
      await bundle.close();
    }
  } catch (failure) {
    if (!QuernError.is(failure)) throw failure;
    if (failure.code !== "MODEL_NOT_FOUND")
      context.logger.log("warn", `The previous ${name} was not compared.`, { reason: failure.message });
    return undefined;
  }
}
