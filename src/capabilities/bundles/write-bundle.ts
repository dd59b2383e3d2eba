import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { openSession } from "../../engines/onnx/index.js";
import { packArchive } from "../../foundation/base/archive.js";
import { syncFolder, writeFileAtomic } from "../../foundation/base/atomic-file.js";
import { canonicalJson } from "../../foundation/base/canonical-json.js";
import { translateWriteError } from "../../foundation/base/disk-errors.js";
import { QuernError } from "../../foundation/base/errors.js";
import { sha256 } from "../../foundation/base/hash.js";
import { makeFolder } from "../../foundation/base/make-folder.js";
import { pack } from "../../foundation/base/packing.js";
import { QUERN_VERSION } from "../../foundation/base/version.js";
import {
  BUNDLE_FILES,
  BUNDLE_FORMAT_VERSION,
  type BundleMetrics,
  type Manifest,
  manifestSchema,
  sealedContent,
} from "../../foundation/contracts/bundle.js";
import { parseManifest } from "../../foundation/contracts/bundle-check.js";
import { createBundlePredictor } from "../../foundation/contracts/bundle-predictor.js";
import type { HostStep, HostTransforms } from "../../foundation/contracts/host-steps.js";
import type { Row } from "../../foundation/contracts/prediction.js";
import { modelCard } from "./model-card.js";
import { inventRequests } from "./sample-requests.js";

const ARCHIVE_SUFFIX = ".quern";

/** What a bundle is made of. */
export interface BundleParts
  extends Pick<
    Manifest,
    "name" | "version" | "task" | "target" | "inputs" | "graphInputs" | "outputs" | "lineage"
  > {
  readonly id?: string;
  readonly model: Uint8Array;
  /** In the order in which they run. */
  readonly hostTransforms?: readonly HostStep[];
  readonly metrics: BundleMetrics;
  /** Further files by name below `assets/`: what explaining needs (contracts/explainer-asset). */
  readonly assets?: ReadonlyMap<string, Uint8Array>;
  /** Rows for sample.json. Default: invented from the inputs' ranges and categories. */
  readonly sampleRows?: readonly Row[];
  /** Markdown. Default: written from the manifest and the metrics. */
  readonly card?: string;
  readonly language?: "en" | "zh";
}

export interface WrittenBundle {
  /** SHA-256 of the manifest. */
  readonly id: string;
  readonly manifest: Manifest;
  /** Absolute path of the folder or archive. */
  readonly path: string;
}

/**
 * Writes a folder, or an archive when the path ends in `.quern`; whole or not at all. An older bundle at that
 * place is replaced; a folder that holds anything else is refused. Equal parts give equal bytes.
 * @throws QuernError MODEL_REFUSED, PATH_REFUSED, DISK_FULL, OUTPUT_NOT_WRITABLE
 */
export async function writeBundle(
  path: string,
  parts: BundleParts,
  hostTransforms: HostTransforms = new Map(),
): Promise<WrittenBundle> {
  const { files, manifest } = await bundleFiles(parts, hostTransforms);
  const target = resolve(path);
  if (target.endsWith(ARCHIVE_SUFFIX)) writeFileAtomic(target, packArchive(files));
  else writeFolder(target, files);
  return { id: sha256(files.get(BUNDLE_FILES.manifest)!), manifest, path: target };
}

/** The files of a bundle by name, in memory. */
export async function bundleFiles(
  parts: BundleParts,
  hostTransforms: HostTransforms = new Map(),
): Promise<{ files: Map<string, Uint8Array>; manifest: Manifest }> {
  const files = new Map<string, Uint8Array>();
  const hosts = (parts.hostTransforms ?? []).map(({ id, version, inputs, outputs, state }, index) => {
    const name = `${BUNDLE_FILES.assets}${id}-${index}.qpk`;
    files.set(name, pack(state));
    return { id, version, inputs: [...inputs], outputs: [...outputs], state: name };
  });
  const { name, version, task, target, inputs, graphInputs, outputs, lineage } = parts;
  const draft: Manifest = {
    formatVersion: BUNDLE_FORMAT_VERSION,
    ...{ name, version, task, target, inputs, hostTransforms: hosts, graphInputs, outputs, lineage },
    ...(parts.id === undefined ? {} : { id: parts.id }),
    files: {},
    creator: { name: "quern", version: QUERN_VERSION },
    sha256: "",
  };
  for (const [name, bytes] of parts.assets ?? []) files.set(name, bytes);
  files.set(BUNDLE_FILES.model, parts.model);
  files.set(BUNDLE_FILES.sample, await sampleFile(parts, draft, hostTransforms));
  files.set(BUNDLE_FILES.metrics, jsonFile(parts.metrics));
  const card = parts.card ?? modelCard(draft, parts.metrics, parts.language ?? "en");
  files.set(BUNDLE_FILES.card, new TextEncoder().encode(card));
  return { files, manifest: seal(draft, files) };
}

/** Adds the manifest that names all the files by their SHA-256, and itself by its own. */
export function seal(draft: Manifest, files: Map<string, Uint8Array>): Manifest {
  const listed = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  const complete: Manifest = {
    ...draft,
    files: Object.fromEntries(
      listed.map(([file, bytes]) => [file, { sha256: sha256(bytes), bytes: bytes.length }]),
    ),
  };
  const manifest = manifestSchema.parse({ ...complete, sha256: sha256(sealedContent(complete)) });
  files.set(BUNDLE_FILES.manifest, jsonFile(manifest));
  return manifest;
}

/** Asks the model itself, so that its answers at every later load have something to be compared with. */
async function sampleFile(
  parts: BundleParts,
  manifest: Manifest,
  hostTransforms: HostTransforms,
): Promise<Uint8Array> {
  const requests =
    parts.sampleRows ?? inventRequests(manifest.inputs, `${manifest.name} ${manifest.version}`);
  const session = await openSession(parts.model, { threads: 1 });
  try {
    const predictor = createBundlePredictor({
      manifest,
      hostTransforms,
      hostStates: (parts.hostTransforms ?? []).map((host) => host.state),
      run: (inputs, outputs) => session.run(inputs, outputs),
      chunkRows: requests.length + 1,
    });
    return jsonFile({ requests, responses: await predictor.predict(requests) });
  } finally {
    await session.close();
  }
}

/** Indented for people; keys sorted so that equal content has equal bytes. */
export function jsonFile(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(JSON.parse(canonicalJson(value)), null, 1)}\n`);
}

function writeFolder(target: string, files: ReadonlyMap<string, Uint8Array>): void {
  checkReplaceable(target);
  const temporary = `${target}.${randomBytes(6).toString("hex")}.tmp`;
  const old = `${temporary}-old`;
  try {
    for (const [name, bytes] of files) writeFileAtomic(join(temporary, name), bytes);
    if (existsSync(target)) renameSync(target, old);
    makeFolder(dirname(target));
    renameSync(temporary, target);
    syncFolder(dirname(target));
  } catch (cause) {
    if (existsSync(old) && !existsSync(target)) renameSync(old, target);
    throw translateWriteError(cause, target);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
    rmSync(old, { recursive: true, force: true });
  }
}

/** Only a folder in which every file belongs to the bundle that is there. */
function checkReplaceable(target: string): void {
  if (!existsSync(target)) return;
  const present = readdirSync(target, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(target, join(entry.parentPath, entry.name)).split(sep).join("/"));
  const own = bundleNames(target);
  const foreign = present.find((name) => !own.has(name));
  if (foreign === undefined) return;
  throw new QuernError(
    "PATH_REFUSED",
    `${target} holds ${foreign}, which is not part of a bundle; it is left as it is.`,
    { hint: "Give a new folder or an empty one.", details: { path: target, file: foreign } },
  );
}

function bundleNames(folder: string): ReadonlySet<string> {
  try {
    const manifest = parseManifest(readFileSync(join(folder, BUNDLE_FILES.manifest)));
    return new Set([BUNDLE_FILES.manifest, ...Object.keys(manifest.files)]);
  } catch {
    return new Set();
  }
}
