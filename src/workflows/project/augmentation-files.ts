/** Files of synonyms and of rewritten texts that the project's models learn from. */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { QuernError } from "../../foundation/base/errors.js";
import { hashValue, sha256 } from "../../foundation/base/hash.js";
import type { Project } from "../../foundation/contracts/project.js";

const KEYS = ["synonymFile", "rewriteFile"] as const;

/**
 * The project with such files as absolute paths, and with the hash of what is in them: other words are another configuration.
 * @throws QuernError DATA_NOT_FOUND
 */
export function withAugmentationFiles(project: Project, folder: string): Project {
  if (project.models === "auto") return project;
  const models = project.models.map((entry) => {
    if (typeof entry === "string") return entry;
    const named = KEYS.flatMap((key): [string, string][] => {
      const file = entry[key];
      return typeof file === "string" && file !== "" ? [[key, resolve(folder, file)]] : [];
    });
    if (named.length === 0) return entry;
    const augmentationContent = hashValue(named.map(([key, path]) => [key, contentOf(path)]));
    return { ...entry, ...Object.fromEntries(named), augmentationContent };
  });
  return { ...project, models };
}

function contentOf(path: string): string {
  if (existsSync(path)) return sha256(readFileSync(path));
  throw new QuernError("DATA_NOT_FOUND", `There is no file ${path}.`, { details: { path } });
}
