import type { Clock } from "../../foundation/base/clock.js";
import { BUNDLE_FILES } from "../../foundation/contracts/bundle.js";
import { parseSample } from "../../foundation/contracts/bundle-check.js";
import { OUTPUT_TENSORS } from "../../foundation/contracts/model-graph.js";
import type { Row } from "../../foundation/contracts/prediction.js";
import type { ServableBundle } from "../../foundation/contracts/serving.js";
import { hasStructure } from "../../foundation/contracts/structured-answers.js";
import { Batcher } from "./batcher.js";
import { type DirectPath, openDirectPath, rowCount } from "./direct-path.js";
import type { InferenceThread } from "./inference-thread.js";
import { type PredictorOptions, predictorOf } from "./predictor-of.js";
import { concatenateRows, type Tensors } from "./tensor-batch.js";

/** Measured on the bundle's own sample. Host transforms make their columns first, so the tensors come from a dry run. */
export async function measuredDirectPath(
  bundle: ServableBundle,
  thread: InferenceThread,
  options: PredictorOptions & { readonly clock: Clock },
): Promise<DirectPath | undefined> {
  const { manifest, files } = bundle;
  const { requests } = parseSample(files.get(BUNDLE_FILES.sample)!);
  if (requests.length === 0 || hasStructure(manifest.outputs)) return undefined;
  let sample: Tensors = {};
  const run = (inputs: Tensors, outputs: readonly string[]): Promise<Tensors> => {
    sample = Object.fromEntries(
      Object.entries(inputs).map(([name, tensor]) => [name, concatenateRows([tensor])]),
    );
    return thread.run(inputs, outputs);
  };
  await predictorOf(bundle, options, run, requests.length).predict(requests);
  return openDirectPath({
    model: files.get(BUNDLE_FILES.model)!,
    sample,
    outputs:
      manifest.outputs.kind === "value"
        ? [OUTPUT_TENSORS.prediction]
        : [OUTPUT_TENSORS.label, OUTPUT_TENSORS.probabilities],
    clock: options.clock,
    run: (inputs, outputs) => thread.run(inputs, outputs),
    crowd: crowdOf(bundle, thread, options, requests),
  });
}

/** As many callers at once, each with one row, by a batcher of its own: what they cost is not counted as traffic. */
function crowdOf(
  bundle: ServableBundle,
  thread: InferenceThread,
  options: PredictorOptions & { readonly clock: Clock },
  requests: readonly Row[],
): (callers: number) => Promise<unknown> {
  const batcher = new Batcher({
    ...{ clock: options.clock, maximumBatchRows: thread.comfortableRows },
    run: (inputs, outputs) => thread.run(inputs, outputs),
    onBatch: () => undefined,
    onRefused: () => undefined,
  });
  const predictor = predictorOf(
    bundle,
    options,
    (inputs, outputs) => batcher.submit(inputs, outputs, rowCount(inputs)),
    1,
  );
  return (callers) =>
    Promise.all(
      Array.from({ length: callers }, (_, k) => predictor.predict([requests[k % requests.length]!])),
    );
}
