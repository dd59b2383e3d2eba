import { createHostTransforms, type HostServices } from "../../capabilities/features/host/index.js";
import { unpack } from "../../foundation/base/packing.js";
import { BUNDLE_FILES, type Manifest } from "../../foundation/contracts/bundle.js";
import { checkSample, parseSample } from "../../foundation/contracts/bundle-check.js";
import { type BundlePredictor, createBundlePredictor } from "../../foundation/contracts/bundle-predictor.js";
import type { DecodeImage } from "../../foundation/contracts/image-cells.js";
import type { Prediction, Row } from "../../foundation/contracts/prediction.js";
import { type BundleReader, readBundle } from "./bundle-reader.js";
import { type OnnxRuntime, openGraph } from "./onnx-runtime.js";

export { ERROR_TABLE, type ErrorCode, QuernError } from "../../foundation/base/errors.js";
export type { BundleInput, BundleOutputs, Manifest } from "../../foundation/contracts/bundle.js";
export type { DecodeImage } from "../../foundation/contracts/image-cells.js";
export type {
  ClassPrediction,
  Prediction,
  Row,
  ValuePrediction,
} from "../../foundation/contracts/prediction.js";
export { archiveBundle, type BundleReader, fetchBundle } from "./bundle-reader.js";
export type { OnnxRuntime } from "./onnx-runtime.js";

export interface PredictorOptions {
  /** The module `onnxruntime-web`, `onnxruntime-node` or another with the same API. */
  readonly runtime: OnnxRuntime;
  /** Given to `InferenceSession.create`: execution providers, threads. */
  readonly sessionOptions?: Record<string, unknown>;
  /** What some host transforms need and a browser does not have. */
  readonly services?: HostServices;
  /** From the bytes of an image file to its pixels; default: images come as pixels or Netpbm (PGM, PPM). */
  readonly decodeImage?: DecodeImage;
  /** Rows given to the graph at once. Default 1024. */
  readonly chunkRows?: number;
}

export interface Predictor {
  readonly manifest: Manifest;
  /**
   * One answer a row, in order. Columns the model does not know are ignored.
   * @throws QuernError PREDICTION_INPUT, which names row and column
   */
  predict(rows: readonly Row[]): Promise<Prediction[]>;
  close(): Promise<void>;
}

/**
 * Opens a bundle, after every file has the SHA-256 its manifest names and the model still answers its sample.
 * @throws QuernError BUNDLE_INVALID, MODEL_REFUSED
 */
export async function createPredictor(read: BundleReader, options: PredictorOptions): Promise<Predictor> {
  const { manifest, files } = await readBundle(read);
  const sample = parseSample(files.get(BUNDLE_FILES.sample)!);
  const graph = await openGraph(
    options.runtime,
    files.get(BUNDLE_FILES.model)!,
    options.sessionOptions ?? {},
  );
  try {
    const predictor: BundlePredictor = createBundlePredictor({
      manifest,
      hostTransforms: createHostTransforms(options.services),
      hostStates: manifest.hostTransforms.map((host) => unpack(files.get(host.state)!)),
      run: graph.run,
      decodeImage: options.decodeImage,
      chunkRows: options.chunkRows ?? 1024,
    });
    checkSample(sample, await predictor.predict(sample.requests));
    return { manifest, predict: (rows) => predictor.predict(rows), close: graph.close };
  } catch (cause) {
    await graph.close();
    throw cause;
  }
}
