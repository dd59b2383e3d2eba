import { unpack } from "../../foundation/base/packing.js";
import {
  type BundlePredictor,
  createBundlePredictor,
  type RunGraph,
} from "../../foundation/contracts/bundle-predictor.js";
import type { HostTransforms } from "../../foundation/contracts/host-steps.js";
import type { DecodeImage } from "../../foundation/contracts/image-cells.js";
import type { ServableBundle } from "../../foundation/contracts/serving.js";

export interface PredictorOptions {
  readonly hostTransforms?: HostTransforms;
  /** For models that take images; default: images come as pixels or Netpbm. */
  readonly decodeImage?: DecodeImage;
}

/** From rows to answers by whatever runs the graph. */
export function predictorOf(
  { manifest, files }: ServableBundle,
  { hostTransforms = new Map(), decodeImage }: PredictorOptions,
  run: RunGraph,
  chunkRows: number,
): BundlePredictor {
  return createBundlePredictor({
    manifest,
    hostTransforms,
    hostStates: manifest.hostTransforms.map((host) => unpack(files.get(host.state)!)),
    run,
    decodeImage,
    chunkRows,
  });
}
