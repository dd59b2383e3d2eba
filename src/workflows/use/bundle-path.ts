import { existsSync } from "node:fs";
import { resolve } from "node:path";

/** A path of a bundle, unless the word is a model's name. */
export function isBundlePath(reference: string, folder: string): boolean {
  return (
    (/[/\\]/.test(reference) || reference.endsWith(".quern") || reference === ".") &&
    existsSync(resolve(folder, reference))
  );
}
