import { DEFAULT_ARCHIVE_LIMITS, looksLikeArchive, readArchive } from "../../foundation/base/archive.js";
import { QuernError } from "../../foundation/base/errors.js";
import { BUNDLE_FILES, type Manifest, sealedContent } from "../../foundation/contracts/bundle.js";
import { invalidBundle, parseManifest } from "../../foundation/contracts/bundle-check.js";

/** Gives a file of a bundle by its name. */
export type BundleReader = (name: string) => Promise<Uint8Array>;

/** A `.quern` archive that is in memory. @throws QuernError BUNDLE_INVALID */
export function archiveBundle(bytes: Uint8Array): BundleReader {
  const files = readArchive(bytes);
  return async (name) => files.get(name) ?? missing(name);
}

/**
 * A bundle at a URL: an archive, or a folder when the URL ends in `/`.
 * @throws QuernError BUNDLE_INVALID when the address does not answer
 */
export async function fetchBundle(
  url: string | URL,
  fetch: typeof globalThis.fetch = globalThis.fetch,
): Promise<BundleReader> {
  const base = new URL(url, globalThis.location?.href);
  const get = async (address: URL): Promise<Uint8Array> => {
    const response = await fetch(address);
    if (!response.ok) throw invalidBundle(`${address} answered ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  };
  if (base.pathname.endsWith("/"))
    return (name) => get(new URL(name.split("/").map(encodeURIComponent).join("/"), base));
  const bytes = await get(base);
  if (!looksLikeArchive(bytes)) throw invalidBundle(`${base} is no archive; a folder's address ends in "/"`);
  return archiveBundle(bytes);
}

export interface ReadBundle {
  readonly manifest: Manifest;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** All files, each with the size and SHA-256 its manifest names. @throws QuernError BUNDLE_INVALID */
export async function readBundle(read: BundleReader): Promise<ReadBundle> {
  const manifest = parseManifest(await read(BUNDLE_FILES.manifest));
  if ((await sha256Hex(new TextEncoder().encode(sealedContent(manifest)))) !== manifest.sha256) {
    throw invalidBundle("its manifest is damaged");
  }
  const total = Object.values(manifest.files).reduce((sum, file) => sum + file.bytes, 0);
  if (total > DEFAULT_ARCHIVE_LIMITS.totalBytes) throw invalidBundle(`its files have ${total} bytes`);
  const files = new Map<string, Uint8Array>();
  for (const [name, expected] of Object.entries(manifest.files)) {
    const bytes = await read(name);
    if (bytes.length !== expected.bytes || (await sha256Hex(bytes)) !== expected.sha256) {
      throw invalidBundle(`${name} is not the file the manifest names (its SHA-256 differs)`);
    }
    files.set(name, bytes);
  }
  return { manifest, files };
}

async function sha256Hex(bytes: Uint8Array): Promise<string> {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) {
    throw new QuernError("UNSUPPORTED", "SHA-256 is not available here, so the bundle cannot be verified.", {
      hint: "Serve the page over https or from localhost.",
    });
  }
  const digest = new Uint8Array(await subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function missing(name: string): never {
  throw invalidBundle(`${name} is missing`);
}
