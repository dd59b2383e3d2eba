/** Detectors from elsewhere as models like any other: registered, served, evaluated. */
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type BundleParts, writeBundle } from "../../capabilities/bundles/index.js";
import { ANNOTATED_COLUMNS, readClassNames } from "../../capabilities/data/sources/index.js";
import { type ImportedDetectorOptions, importDetector } from "../../capabilities/vision/index.js";
import { readSourceModel } from "../../engines/onnx/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { hashValue } from "../../foundation/base/hash.js";
import { pictureToJson } from "../../foundation/base/pictures/picture.js";
import { makePrivateFolder } from "../../foundation/base/private-folder.js";
import type { Manifest } from "../../foundation/contracts/bundle.js";
import { planGraphInputs } from "../../foundation/contracts/model-graph.js";
import { type WorkflowOptions, workflowContext } from "../context.js";
import { storeFolder, withStore } from "../locate-store.js";

export interface DetectorImport extends ImportedDetectorOptions {
  /** An ONNX file of YOLOv5, YOLOv8 or their successors. */
  readonly file: string;
  readonly name: string;
  /** Folder of the bundle, or a file that ends in `.quern`. */
  readonly out: string;
}

export interface ImportModelRequest extends ImportedDetectorOptions {
  readonly file: string;
  /** Of the model that is registered. */
  readonly name: string;
  /** File with the names of the classes in their order: one on each line, or the `data.yaml` of YOLO. */
  readonly classes?: string | undefined;
}

export interface ImportModelResult {
  readonly model: string;
  readonly version: number;
  readonly task: "detection";
  readonly labels: readonly string[];
  /** To which pictures are brought. */
  readonly picture: { readonly height: number; readonly width: number };
  /** How the model's outputs were read. */
  readonly layout: string;
  readonly bundle: string;
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
  const { parts } = detectorParts(file, options);
  const { manifest } = await writeBundle(out, { ...parts, name, version: 1 });
  return manifest;
}

/**
 * The same, registered in the store: `quern serve`, `quern evaluate` and the others then take it by its name.
 * @throws QuernError as `importDetectorModel`; DATA_MALFORMED for a file of names
 */
export function importModel(
  { file, name, classes, ...settings }: ImportModelRequest,
  options: WorkflowOptions = {},
): Promise<ImportModelResult> {
  const context = workflowContext(options);
  const inFolder = (path: string) => resolve(context.folder, path);
  const labels = classes === undefined ? settings.labels : namesIn(inFolder(classes), classes);
  const { parts, layout } = detectorParts(inFolder(file), { ...settings, ...(labels ? { labels } : {}) });
  return withStore(
    storeFolder(options),
    context,
    async (store) => {
      const version = await store.models.reserveVersion(name);
      const folder = makePrivateFolder(tmpdir(), "import");
      try {
        const written = await writeBundle(join(folder, "bundle"), { ...parts, name, version });
        const document = { imported: file, target: parts.target };
        await store.models.register({ name, version, task: "detection", folder: written.path, document });
        const { height = 0, width = 0 } = parts.inputs[0]!.column.format ?? {};
        return {
          ...{ model: name, version, task: "detection" as const, labels: parts.outputs.labels, layout },
          picture: { height, width },
          bundle: await store.models.folder(`${name}@${version}`),
        };
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    true,
  );
}

type DetectorParts = Omit<BundleParts, "name" | "version"> & {
  readonly outputs: { readonly kind: "boxes"; readonly labels: string[] };
};

function detectorParts(
  file: string,
  options: ImportedDetectorOptions,
): { readonly parts: DetectorParts; readonly layout: string } {
  const { graph, labels, layout, height, width } = importDetector(readSourceModel(file), options);
  const { image: name, objects: target } = ANNOTATED_COLUMNS;
  const format = { height, width, channels: 3 as const };
  const data = new Uint8Array(SAMPLE.width * SAMPLE.height * SAMPLE.channels).fill(128);
  const parts: DetectorParts = {
    ...{ task: "detection", target, model: graph.toBytes() },
    inputs: [
      {
        column: { name, kind: "image", reason: "the model reads it", format },
        optional: false,
        required: true,
      },
    ],
    graphInputs: planGraphInputs([{ name, kind: "image", width, image: { height, channels: 3 } }]),
    outputs: { kind: "boxes", labels: [...labels] },
    lineage: { imported: hashValue(options) },
    metrics: {},
    sampleRows: [{ [name]: pictureToJson({ ...SAMPLE, data }) }],
  };
  return { parts, layout };
}

function namesIn(path: string, file: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new QuernError(
      "DATA_NOT_FOUND",
      `There is no file ${JSON.stringify(file)} with names of classes.`,
      {
        cause,
      },
    );
  }
  return readClassNames(text, file);
}
