import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { QuernError } from "./errors.js";

/**
 * A text file of a folder that the user named, such as a pretrained model's configuration; links are followed, as model
 * caches are made of them.
 * @param name a fixed name of the caller's, never one from a file or a request
 * @throws QuernError DATA_NOT_FOUND when it is not there; DATA_TOO_LARGE beyond `maxBytes`
 */
export function readTextInside(folder: string, name: string, maxBytes: number): string {
  const path = join(folder, name);
  const status = statSync(path, { throwIfNoEntry: false });
  if (!status?.isFile()) {
    throw new QuernError("DATA_NOT_FOUND", `There is no ${name} in ${folder}.`, {
      details: { folder, name },
    });
  }
  if (status.size > maxBytes) {
    throw new QuernError("DATA_TOO_LARGE", `${path} is larger than ${maxBytes} bytes.`, {
      details: { path },
    });
  }
  return readFileSync(path, "utf8");
}
