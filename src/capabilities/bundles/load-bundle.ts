import { openSession, type Session } from "../../engines/onnx/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { unpack } from "../../foundation/base/packing.js";
import {
  BUNDLE_FILES,
  type BundleMetrics,
  bundleMetricsSchema,
  type Manifest,
  type Sample,
} from "../../foundation/contracts/bundle.js";
import {
  checkPorts,
  checkSample,
  invalidBundle,
  parseBundleJson,
  parseSample,
} from "../../foundation/contracts/bundle-check.js";
import { type BundlePredictor, createBundlePredictor } from "../../foundation/contracts/bundle-predictor.js";
import type { HostTransforms } from "../../foundation/contracts/host-steps.js";
import type { DecodeImage } from "../../foundation/contracts/image-cells.js";
import { type VerifiedBundle, verifyBundle } from "./verify-bundle.js";

export interface LoadedBundle extends BundlePredictor {
  readonly id: string;
  readonly manifest: Manifest;
  readonly metrics: BundleMetrics;
  /** Markdown. */
  readonly card: string;
  /** Requests and answers from when the bundle was written. */
  readonly sample: Sample;
  /** The files below `assets/`, verified by their hashes and not read yet. */
  readonly assets: ReadonlyMap<string, Uint8Array>;
  /** Frees the native model; later calls fail. */
  close(): Promise<void>;
}

export interface LoadOptions {
  /** Threads inside one operator. Default 1, which is best for small models and many callers. */
  readonly threads?: number;
  /** The host transforms that this process knows. Default: none. */
  readonly hostTransforms?: HostTransforms;
  /** For models that take images. Default: images come as pixels or Netpbm. */
  readonly decodeImage?: DecodeImage;
  /** Rows given to the graph at once. Default: as many as keep its memory low, at most 1024. */
  readonly chunkRows?: number;
}

/**
 * Verifies the bundle, opens its model and checks that it still answers its own sample.
 * @throws QuernError MODEL_NOT_FOUND, BUNDLE_INVALID, MODEL_REFUSED
 */
export async function loadBundle(path: string, options: LoadOptions = {}): Promise<LoadedBundle> {
  return openBundle(verifyBundle(path), options);
}

/** The same for files that were verified already. */
export async function openBundle(
  { id, manifest, files }: VerifiedBundle,
  options: LoadOptions = {},
): Promise<LoadedBundle> {
  const session = await openSession(files.get(BUNDLE_FILES.model)!, { threads: options.threads ?? 1 });
  try {
    checkPorts(manifest, session.inputs, session.outputs);
    const predictor = predictorOf({ manifest, files }, session, options);
    const sample = await answerSample(predictor, files.get(BUNDLE_FILES.sample)!);
    const metrics = parseBundleJson(
      bundleMetricsSchema,
      BUNDLE_FILES.metrics,
      files.get(BUNDLE_FILES.metrics)!,
    );
    const card = new TextDecoder().decode(files.get(BUNDLE_FILES.card));
    const assets = new Map([...files].filter(([name]) => name.startsWith(BUNDLE_FILES.assets)));
    return new OpenBundle({ id, manifest, metrics, card, sample, assets }, predictor, session);
  } catch (cause) {
    await session.close();
    throw cause;
  }
}

/** Answers rows by an open session of the bundle's model, or of another form of that model. */
export function predictorOf(
  { manifest, files }: Pick<VerifiedBundle, "manifest" | "files">,
  session: Pick<Session, "run" | "comfortableRows">,
  { hostTransforms = new Map(), decodeImage, chunkRows }: LoadOptions = {},
): BundlePredictor {
  return createBundlePredictor({
    manifest,
    hostTransforms,
    hostStates: hostStatesOf(manifest, files),
    run: (inputs, outputs) => session.run(inputs, outputs),
    decodeImage,
    chunkRows: chunkRows ?? session.comfortableRows,
  });
}

/** Fitted states of the host transforms, in their order. @throws QuernError BUNDLE_INVALID */
export function hostStatesOf(manifest: Manifest, files: ReadonlyMap<string, Uint8Array>): unknown[] {
  return manifest.hostTransforms.map((host) => readState(host.state, files.get(host.state)!));
}

function readState(name: string, bytes: Uint8Array): unknown {
  try {
    return unpack(bytes);
  } catch (cause) {
    throw invalidBundle(`${name} is damaged`, cause);
  }
}

async function answerSample(predictor: BundlePredictor, bytes: Uint8Array): Promise<Sample> {
  const sample = parseSample(bytes);
  try {
    checkSample(sample, await predictor.predict(sample.requests));
    return sample;
  } catch (cause) {
    if (QuernError.is(cause) && cause.code === "BUNDLE_INVALID") throw cause;
    throw invalidBundle(
      `it cannot answer its own sample: ${(cause as Error).message.replace(/\.$/, "")}`,
      cause,
    );
  }
}

type BundleContent = Pick<LoadedBundle, "id" | "manifest" | "metrics" | "card" | "sample" | "assets">;

class OpenBundle implements LoadedBundle {
  readonly id: string;
  readonly manifest: Manifest;
  readonly metrics: BundleMetrics;
  readonly card: string;
  readonly sample: Sample;
  readonly assets: ReadonlyMap<string, Uint8Array>;
  readonly predict: BundlePredictor["predict"];
  readonly predictFrame: BundlePredictor["predictFrame"];
  readonly answerFrame: BundlePredictor["answerFrame"];
  readonly computeFrame: BundlePredictor["computeFrame"];
  readonly #session: Session;

  constructor(content: BundleContent, predictor: BundlePredictor, session: Session) {
    this.id = content.id;
    this.manifest = content.manifest;
    this.metrics = content.metrics;
    this.card = content.card;
    this.sample = content.sample;
    this.assets = content.assets;
    this.predict = (rows) => predictor.predict(rows);
    this.predictFrame = (frame) => predictor.predictFrame(frame);
    this.answerFrame = (frame) => predictor.answerFrame(frame);
    this.computeFrame = (frame) => predictor.computeFrame(frame);
    this.#session = session;
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}
