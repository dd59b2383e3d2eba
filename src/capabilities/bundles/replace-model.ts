import { openSession } from "../../engines/onnx/index.js";
import { sha256 } from "../../foundation/base/hash.js";
import { QUERN_VERSION } from "../../foundation/base/version.js";
import {
  BUNDLE_FILES,
  type BundleMetrics,
  bundleMetricsSchema,
  type Manifest,
} from "../../foundation/contracts/bundle.js";
import { checkPorts, parseBundleJson, parseSample } from "../../foundation/contracts/bundle-check.js";
import { type LoadOptions, predictorOf } from "./load-bundle.js";
import { cardWithChange, type ModelChange } from "./model-card.js";
import type { VerifiedBundle } from "./verify-bundle.js";
import { jsonFile, seal } from "./write-bundle.js";

export interface ModelReplacement {
  /** Another form of the bundle's model, with the same inputs and outputs. */
  readonly model: Uint8Array;
  readonly change: ModelChange;
  /** Joined to what the bundle has. */
  readonly lineage: Readonly<Record<string, string>>;
  /** Joined to what the bundle has, by split. */
  readonly metrics: BundleMetrics;
  /** Files below `assets/` that describe the old model: their new bytes, or undefined for none. */
  readonly assets: ReadonlyMap<string, Uint8Array | undefined>;
}

/**
 * The bundle with another form of its model, which answers the sample anew; nothing is written. The manifest's fields
 * stay those of its format version, so that older readers take the result.
 * @throws QuernError BUNDLE_INVALID when the model has other inputs or outputs, MODEL_REFUSED
 */
export async function replaceModel(
  bundle: VerifiedBundle,
  replacement: ModelReplacement,
  options: LoadOptions,
): Promise<VerifiedBundle> {
  const files = new Map(bundle.files);
  files.delete(BUNDLE_FILES.manifest);
  for (const [name, bytes] of replacement.assets) {
    if (bytes) files.set(name, bytes);
    else files.delete(name);
  }
  files.set(BUNDLE_FILES.model, replacement.model);
  files.set(BUNDLE_FILES.sample, await answeredSample(bundle, replacement.model, options));
  const { metrics, card } = BUNDLE_FILES;
  const figures = parseBundleJson(bundleMetricsSchema, metrics, files.get(metrics)!);
  files.set(metrics, jsonFile({ ...figures, ...replacement.metrics }));
  const text = new TextDecoder().decode(files.get(card));
  files.set(card, new TextEncoder().encode(cardWithChange(text, replacement.change)));
  const draft: Manifest = {
    ...bundle.manifest,
    lineage: { ...bundle.manifest.lineage, ...replacement.lineage },
    creator: { name: "quern", version: QUERN_VERSION },
  };
  const manifest = seal(draft, files);
  return { id: sha256(files.get(BUNDLE_FILES.manifest)!), manifest, files };
}

/**
 * The bundle's own requests, as many as every reader gives to the graph at once: where activations become bytes by the
 * range they have in a batch, an answer depends on the rows beside it.
 */
async function answeredSample(
  bundle: VerifiedBundle,
  model: Uint8Array,
  options: LoadOptions,
): Promise<Uint8Array> {
  const session = await openSession(model, { threads: 1 });
  try {
    checkPorts(bundle.manifest, session.inputs, session.outputs);
    const sample = parseSample(bundle.files.get(BUNDLE_FILES.sample)!);
    const requests = sample.requests.slice(0, session.comfortableRows);
    const responses = await predictorOf(bundle, session, options).predict(requests);
    return jsonFile({ requests, responses });
  } finally {
    await session.close();
  }
}
