import { writeBundle } from "../../capabilities/bundles/index.js";
import { type ImportedDetectorOptions, importDetector } from "../../capabilities/vision/index.js";
import { readSourceModel } from "../../engines/onnx/index.js";
import { hashValue } from "../../foundation/base/hash.js";
import { pictureToJson } from "../../foundation/base/pictures/picture.js";
import type { Manifest } from "../../foundation/contracts/bundle.js";
import { planGraphInputs } from "../../foundation/contracts/model-graph.js";

export interface DetectorImport extends ImportedDetectorOptions {
  /** An ONNX file of YOLOv5, YOLOv8 or their successors. */
  readonly file: string;
  readonly name: string;
  /** Folder of the bundle, or a file that ends in `.quern`. */
  readonly out: string;
}

const SAMPLE = { width: 16, height: 16, channels: 3 };

/**
 * Makes a bundle of a detector from elsewhere, which is predicted with, served and run in a browser like any other.
 * @throws QuernError UNSUPPORTED, MODEL_REFUSED, DATA_NOT_FOUND, PATH_REFUSED, DISK_FULL
 */
export async function importDetectorModel({
  file,
  name,
  out,
  ...options
}: DetectorImport): Promise<Manifest> {
  const { graph, labels, height, width } = importDetector(readSourceModel(file), options);
  const image = { height, channels: 3 };
  const model = graph.toBytes();
  const data = new Uint8Array(SAMPLE.width * SAMPLE.height * SAMPLE.channels).fill(128);
  const { manifest } = await writeBundle(out, {
    name,
    version: 1,
    task: "detection",
    target: "objects",
    model,
    inputs: [
      {
        column: {
          name: "image",
          kind: "image",
          reason: "the model reads it",
          format: { height, width, channels: 3 },
        },
        optional: false,
      },
    ],
    graphInputs: planGraphInputs([{ name: "image", kind: "image", width, image }]),
    outputs: { kind: "boxes", labels: [...labels] },
    lineage: { imported: hashValue(options) },
    metrics: {},
    sampleRows: [{ image: pictureToJson({ ...SAMPLE, data }) }],
  });
  return manifest;
}
