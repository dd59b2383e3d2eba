import { QuernError } from "../../foundation/base/errors.js";

/** Primary result codes of SQLite (sqlite.org/rescode.html). */
const BUSY = 5;
const LOCKED = 6;
const READ_ONLY = 8;
const CORRUPT = 11;
const FULL = 13;
const CANNOT_OPEN = 14;
const NOT_A_DATABASE = 26;

/** Extended codes carry the primary one in their low byte. */
function primaryCode(cause: unknown): number | undefined {
  const code = (cause as { errcode?: unknown } | undefined)?.errcode;
  return typeof code === "number" ? code & 0xff : undefined;
}

export function isBusy(cause: unknown): boolean {
  const code = primaryCode(cause);
  return code === BUSY || code === LOCKED;
}

/** What a user can act on becomes a `QuernError`; everything else passes unchanged. */
export function translateSqliteError(cause: unknown, path: string): unknown {
  const options = { details: { path }, cause };
  switch (primaryCode(cause)) {
    case BUSY:
    case LOCKED:
      return new QuernError("STORE_BUSY", `Other processes kept the store ${path} locked.`, options);
    case READ_ONLY:
    case CANNOT_OPEN:
      return new QuernError("STORE_NOT_WRITABLE", `The store ${path} cannot be opened for writing.`, options);
    case CORRUPT:
    case NOT_A_DATABASE:
      return new QuernError("STORE_DAMAGED", `The store ${path} is damaged: ${String(cause)}.`, options);
    case FULL:
      return new QuernError("DISK_FULL", `No space left while writing ${path}.`, options);
    default:
      return cause;
  }
}
