import { type Sha256, sha256 } from "../../foundation/base/hash.js";
import {
  BUNDLE_FILES,
  bundleMetricsSchema,
  type Manifest,
  sealedContent,
} from "../../foundation/contracts/bundle.js";
import {
  invalidBundle,
  parseBundleJson,
  parseManifest,
  parseSample,
} from "../../foundation/contracts/bundle-check.js";
import { type BundleSource, openBundleSource } from "./bundle-source.js";

/** A bundle whose every byte is what its manifest says; nothing of it has run. */
export interface VerifiedBundle {
  /** SHA-256 of the manifest, which names all other files by theirs: the identity of the bundle. */
  readonly id: Sha256;
  readonly manifest: Manifest;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

const MAXIMUM_MANIFEST_BYTES = 64 * 2 ** 20;

/** Reads each file once; what was checked is what is used. @throws QuernError MODEL_NOT_FOUND, BUNDLE_INVALID */
export function verifyBundle(path: string): VerifiedBundle {
  return verifySource(openBundleSource(path));
}

export function verifySource(source: BundleSource): VerifiedBundle {
  const manifestBytes = source.read(BUNDLE_FILES.manifest, MAXIMUM_MANIFEST_BYTES);
  const manifest = parseManifest(manifestBytes);
  if (sha256(sealedContent(manifest)) !== manifest.sha256) throw invalidBundle("its manifest is damaged");
  const files = new Map<string, Uint8Array>([[BUNDLE_FILES.manifest, manifestBytes]]);
  for (const [name, expected] of Object.entries(manifest.files)) {
    const bytes = source.read(name, expected.bytes);
    if (bytes.length !== expected.bytes || sha256(bytes) !== expected.sha256) {
      throw invalidBundle(`${name} is not the file the manifest names (its SHA-256 differs)`);
    }
    files.set(name, bytes);
  }
  parseSample(files.get(BUNDLE_FILES.sample)!);
  parseBundleJson(bundleMetricsSchema, BUNDLE_FILES.metrics, files.get(BUNDLE_FILES.metrics)!);
  return { id: sha256(manifestBytes), manifest, files };
}
