import { lstatSync, realpathSync, type Stats } from "node:fs";
import { join, resolve, sep } from "node:path";
import { QuernError } from "./errors.js";
import { isPlainPath } from "./plain-path.js";

/**
 * The one resolver for file names that come from a bundle, a request or an archive: a plain relative path of
 * a regular file inside `root`. Refuses absolute paths, `..`, backslashes, percent signs, NUL, drive letters,
 * symbolic links in any component, hard links and anything that is not a regular file.
 * @throws QuernError PATH_REFUSED
 */
export function resolveInside(root: string, name: string, mustExist = true): string {
  if (!isPlainPath(name)) throw refused(name, root, "is not a plain relative path");
  const parts = name.split("/");
  const base = realpathSync(resolve(root));
  let current = base;
  for (const [index, part] of parts.entries()) {
    current = join(current, part);
    const status = statusOf(current);
    if (!status) {
      if (mustExist) throw refused(name, root, "does not exist");
      continue;
    }
    checkComponent(status, index === parts.length - 1, name, root);
  }
  if (!current.startsWith(base + sep)) throw refused(name, root, "leaves the folder");
  return current;
}

function statusOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function checkComponent(status: Stats, last: boolean, name: string, root: string): void {
  if (status.isSymbolicLink()) throw refused(name, root, "passes through a symbolic link");
  if (!last && !status.isDirectory()) throw refused(name, root, "passes through a file");
  if (last && !status.isFile()) throw refused(name, root, "is not a regular file");
  if (last && status.nlink > 1) throw refused(name, root, "is a hard link");
}

function refused(name: string, root: string, why: string): QuernError {
  return new QuernError("PATH_REFUSED", `The path ${JSON.stringify(name)} ${why} (inside ${root}).`, {
    details: { name, root },
  });
}
