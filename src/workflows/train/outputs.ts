import { cpSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../../foundation/base/atomic-file.js";
import { translateWriteError } from "../../foundation/base/disk-errors.js";
import { makeFolder } from "../../foundation/base/make-folder.js";

/** Where the report of a model version lies: names are letters, digits, `.`, `_` and `-` only. */
export function reportPath(store: string, model: string, version: number): string {
  return join(store, "reports", `${model}-${version}.html`);
}

/**
 * What `--out` asks for: a copy of the bundle and of the report.
 * @throws QuernError OUTPUT_NOT_WRITABLE, DISK_FULL
 */
export function copyOut(out: string, bundle: string, report: string): void {
  makeFolder(out);
  const copy = join(out, "bundle");
  try {
    cpSync(bundle, copy, { recursive: true });
  } catch (cause) {
    throw translateWriteError(cause, copy);
  }
  writeFileAtomic(join(out, "report.html"), report);
}
