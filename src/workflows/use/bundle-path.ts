import { existsSync } from "node:fs";
import { resolve } from "node:path";

/** A path of a bundle, whether or not one lies there, unless the word may be a model's name, which has no slash. */
export function isBundlePath(reference: string, folder: string): boolean {
  if (/[/\\]/.test(reference) || reference === ".") return true;
  return reference.endsWith(".quern") && existsSync(resolve(folder, reference));
}
