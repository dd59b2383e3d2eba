/** Pretrained encoders that the project's models name by their folders. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { readTokenizer } from "../../capabilities/trainers/neural/text/pretrained/read-encoder.js";
import { QuernError } from "../../foundation/base/errors.js";
import type { Project } from "../../foundation/contracts/project.js";

type ModelEntry = Exclude<Project["models"], "auto">[number];

/** The folder that a model entry names, if it names one. */
function folderOf(entry: ModelEntry): string | undefined {
  const folder = typeof entry === "string" ? undefined : entry.folder;
  return typeof folder === "string" && folder !== "" ? folder : undefined;
}

function folders({ models }: Project): string[] {
  const named = models === "auto" ? [] : models.map(folderOf);
  return [...new Set(named.filter((folder) => folder !== undefined))];
}

/** Whether a model stands on a pretrained encoder, whose fits take minutes. */
export function usesPretrained(project: Project): boolean {
  return folders(project).length > 0;
}

/**
 * The project with such folders as absolute paths, and with the hash of what is in them: other weights are another
 * configuration.
 * @param base what relative paths are relative to
 * @throws QuernError DATA_NOT_FOUND; CONFIG_INVALID for two different encoders, since texts are cut by one tokenizer
 */
export async function withPretrained(project: Project, base: string): Promise<Project> {
  if (project.models === "auto" || !usesPretrained(project)) return project;
  const models = await Promise.all(
    project.models.map(async (entry): Promise<ModelEntry> => {
      const named = folderOf(entry);
      if (named === undefined || typeof entry === "string") return entry;
      const folder = resolve(base, named);
      return { ...entry, folder, content: await contentOf(folder) };
    }),
  );
  const located = { ...project, models };
  if (folders(located).length > 1) {
    throw new QuernError("CONFIG_INVALID", "The models name two different pretrained encoders.", {
      hint: "Train with one encoder at a time: all networks of a training read the pieces of its tokenizer.",
      details: { folders: folders(located) },
    });
  }
  return located;
}

/** The text of the tokenizer that belongs to the project's encoder; absent: each text gets one of its own. */
export function pretrainedTokenizer(project: Project): string | undefined {
  const [folder] = folders(project);
  return folder === undefined ? undefined : readTokenizer(folder);
}

/** Of what decides an encoder: configuration, tokenizer and weights. */
async function contentOf(folder: string): Promise<string> {
  if (!existsSync(folder)) {
    throw new QuernError("DATA_NOT_FOUND", `There is no folder ${folder} with a pretrained encoder.`, {
      details: { folder },
    });
  }
  const names = readdirSync(folder).filter((name) => /^(config|tokenizer)\.json$|\.safetensors$/.test(name));
  const hash = createHash("sha256");
  for (const name of names.sort()) {
    hash.update(`${name}\0`);
    await pipeline(createReadStream(join(folder, name)), async (chunks) => {
      for await (const chunk of chunks) hash.update(chunk as Buffer);
    });
  }
  return hash.digest("hex");
}
