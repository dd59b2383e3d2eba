import { QuernError } from "./errors.js";

/** Why a path of the user's cannot be written, in words. */
const REFUSALS: Readonly<Record<string, string>> = {
  EACCES: "permission is missing",
  EPERM: "the system does not allow it",
  EROFS: "the disk is read-only",
  ENOENT: "nothing can be made in its folder",
  ENOTDIR: "a part of the path is no folder",
  EISDIR: "a folder has this name",
  EEXIST: "something else has this name",
  ENOTEMPTY: "a folder with other files has this name",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "its symbolic links go round in circles",
  EINVAL: "the system does not take this name",
  ERR_FS_CP_DIR_TO_NON_DIR: "a file has the name of a folder",
  ERR_FS_CP_NON_DIR_TO_DIR: "a folder has the name of a file",
  ERR_FS_CP_EEXIST: "something else has this name",
};

/** A failed write of an output as what its user can do about: no space, or a place that takes no files. Others pass unchanged. */
export function translateWriteError(cause: unknown, path: string): unknown {
  const { code = "" } = cause as NodeJS.ErrnoException;
  const why = QuernError.is(cause) ? undefined : REFUSALS[code];
  return why === undefined ? translateDiskError(cause, path) : notWritable(path, why, cause);
}

/** ENOSPC and EDQUOT become DISK_FULL; everything else passes unchanged. */
export function translateDiskError(cause: unknown, path: string): unknown {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  if (code !== "ENOSPC" && code !== "EDQUOT") return cause;
  return new QuernError("DISK_FULL", `No space left while writing ${path}.`, { details: { path }, cause });
}

export function notWritable(path: string, why: string, cause?: unknown): QuernError {
  return new QuernError("OUTPUT_NOT_WRITABLE", `${path} cannot be written: ${why}.`, {
    details: { path },
    cause,
  });
}
