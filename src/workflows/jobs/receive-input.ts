/** What a job predicts: bytes that are sent, or a name that is looked up, both within limits. */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { syncFolderAsync } from "../../foundation/base/atomic-file.js";
import { translateDiskError } from "../../foundation/base/disk-errors.js";
import { QuernError } from "../../foundation/base/errors.js";
import { resolveInside } from "../../foundation/base/path-resolver.js";
import type { JobSettings, JobUpload } from "../../foundation/contracts/job.js";

export interface ReceivedInput {
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Writes what comes, as it comes, and makes it durable.
 * @param folder where the file goes; nothing: the bytes are only read, to know them
 * @throws QuernError REQUEST_TOO_LARGE, INTERRUPTED when the caller leaves, DISK_FULL
 */
export async function receiveUpload(
  { bytes: source }: JobUpload,
  file: string,
  folder: string | undefined,
  limitBytes: number,
): Promise<ReceivedInput> {
  const hash = createHash("sha256");
  const path = folder === undefined ? undefined : join(folder, file);
  const handle = path === undefined ? undefined : await open(path, "wx");
  let bytes = 0;
  try {
    for await (const piece of source) {
      bytes += piece.byteLength;
      if (bytes > limitBytes)
        throw new QuernError("REQUEST_TOO_LARGE", `The input is larger than ${limitBytes} bytes.`, {
          details: { limit: limitBytes },
          hint: "Split the input, or let the server take more with --job-limit-bytes.",
        });
      hash.update(piece);
      await handle?.writeFile(piece);
    }
    await handle?.sync();
    if (folder !== undefined) await syncFolderAsync(folder);
    return { bytes, sha256: hash.digest("hex") };
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ECONNRESET" || code === "ERR_STREAM_PREMATURE_CLOSE")
      throw new QuernError("INTERRUPTED", "The upload broke off.", { cause });
    throw translateDiskError(cause, path ?? "");
  } finally {
    await handle?.close();
  }
}

const isUrl = (source: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//i.test(source);

/**
 * Where a named input lies. What leads out of the declared folder or to other hosts is refused.
 * @throws QuernError PATH_REFUSED, NETWORK_REFUSED
 */
export function locateInput(source: string, { inputs, hosts }: JobSettings): string {
  if (isUrl(source)) {
    const host = URL.canParse(source) && /^https?:/i.test(source) ? new URL(source).host : undefined;
    const known = hosts.map((name) => name.toLowerCase());
    const isAllowed =
      host !== undefined && [host, new URL(source).hostname].some((name) => known.includes(name));
    if (isAllowed) return source;
    throw new QuernError("NETWORK_REFUSED", "Jobs may not fetch their input from there.", {
      hint: "Upload the input, or let the server fetch from the host with --job-hosts.",
    });
  }
  if (inputs === undefined)
    throw new QuernError("PATH_REFUSED", "No folder is declared whose files jobs may name.", {
      hint: "Upload the input, or declare a folder with --job-inputs.",
    });
  try {
    // Wildcards would reach further than the one file.
    if (/[*?[\]{}]/.test(source)) throw new QuernError("PATH_REFUSED", "It is no plain name.");
    return resolveInside(inputs, source);
  } catch (cause) {
    if (!QuernError.is(cause)) throw cause;
    // Where the folder lies is not the caller's affair.
    throw new QuernError("PATH_REFUSED", `${JSON.stringify(source)} is no file in the folder of inputs.`, {
      details: { source },
    });
  }
}
