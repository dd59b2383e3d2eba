/** Pretrained models that the project's models stand on. */
import { createHash } from "node:crypto";
import { createReadStream, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { readTokenizer } from "../../capabilities/trainers/neural/text/pretrained/read-encoder.js";
import { preferredSide } from "../../capabilities/trainers/neural/vision/pretrained/read-backbone.js";
import { findModel } from "../../engines/onnx/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { createOutboundClient } from "../../foundation/base/outbound-client.js";
import type { Project } from "../../foundation/contracts/project.js";

import { policyFor } from "../load/open-data.js";
import { DEFAULT_HUB, fetchHubModel, parseHubReference } from "./hub.js";

type ModelEntry = Exclude<Project["models"], "auto">[number];

/** Trainers whose pretrained networks look at pictures; the first takes them in the size that its network was trained on. */
const READ_WHOLE = "image-encoder";
const READ_IMAGES = [READ_WHOLE, "detector", "segmenter"];

/** What a model entry stands on, if it names anything. */
function pretrainedOf(entry: ModelEntry): string | undefined {
  const model = typeof entry === "string" ? undefined : entry.model;
  return typeof model === "string" && model !== "" ? model : undefined;
}

/** What all of them stand on: networks that read texts by their tokenizer, and those that look at images. */
function pretrained({ models }: Project, kind?: "texts" | "images"): string[] {
  const entries = models === "auto" ? [] : models;
  const wanted = entries.filter((entry) => {
    if (kind === undefined || typeof entry === "string") return true;
    return READ_IMAGES.includes(entry.trainer) === (kind === "images");
  });
  return [...new Set(wanted.map(pretrainedOf).filter((model) => model !== undefined))];
}

/** Whether a model stands on a pretrained one, whose fits take minutes. */
export function usesPretrained(project: Project): boolean {
  return pretrained(project).length > 0;
}

/** Where a model may come from. */
export interface PretrainedSources {
  /** What relative paths are relative to. */
  readonly base: string;
  /** Where models of a hub are kept. */
  readonly cache: string;
  /** Hosts a model may be fetched from; none: only what is kept already. */
  readonly allowedHosts: readonly string[];
  readonly signal: AbortSignal;
}

/** The path of a model that is named by its path, or by its place on a hub. @throws QuernError NETWORK_…, DATA_NOT_FOUND */
export async function locatePretrained(named: string, sources: PretrainedSources): Promise<string> {
  const { base, cache, allowedHosts, signal } = sources;
  const reference = parseHubReference(named);
  if (!reference) return resolve(base, named);
  return fetchHubModel(reference, {
    folder: join(cache, "hub"),
    endpoint: process.env.HF_ENDPOINT || DEFAULT_HUB,
    signal,
    ...(allowedHosts.length > 0 ? { client: createOutboundClient(policyFor(allowedHosts)) } : {}),
  });
}

/**
 * The project with such models as absolute paths, and with the hash of what is in them: other weights are another
 * configuration. Images are read in the size that their model was trained on, unless the project says another.
 * @throws QuernError DATA_NOT_FOUND; CONFIG_INVALID for two different text encoders, since texts are cut by one tokenizer
 */
export async function withPretrained(project: Project, sources: PretrainedSources): Promise<Project> {
  if (project.models === "auto" || !usesPretrained(project)) return project;
  const models = await Promise.all(
    project.models.map(async (entry): Promise<ModelEntry> => {
      const named = pretrainedOf(entry);
      if (named === undefined || typeof entry === "string") return entry;
      const model = await locatePretrained(named, sources);
      return { ...entry, model, content: await contentOf(model) };
    }),
  );
  const located: Project = { ...project, models };
  const encoders = pretrained(located, "texts");
  if (encoders.length > 1) {
    throw new QuernError("CONFIG_INVALID", "The models name two different pretrained encoders.", {
      hint: "Train with one encoder at a time: all networks of a training read the pieces of its tokenizer.",
      details: { models: encoders },
    });
  }
  const whole = models.filter((entry) => typeof entry !== "string" && entry.trainer === READ_WHOLE);
  const [looks] = pretrained({ ...located, models: whole }, "images");
  if (looks === undefined || located.data.imageSize !== undefined) return located;
  return { ...located, data: { ...located.data, imageSize: preferredSide(looks) } };
}

/** The text of the tokenizer that belongs to the project's encoder; absent: each text gets one of its own. */
export function pretrainedTokenizer(project: Project): string | undefined {
  const [encoder] = pretrained(project, "texts");
  return encoder === undefined ? undefined : readTokenizer(findModel(encoder).folder);
}

/** Text columns that the project's networks read as one text; all read the same pieces, so that one model says it for all. */
export function joinedColumns({ models }: Project): readonly string[] {
  if (models === "auto") return [];
  const named = models.flatMap((entry) => (typeof entry === "string" ? [] : [entry.joined ?? []]));
  const wanted = named.filter((names): names is string[] => Array.isArray(names) && names.length > 0);
  const [first = [], ...others] = wanted;
  if (others.every((names) => names.join("\0") === first.join("\0"))) return first;
  throw new QuernError("CONFIG_INVALID", "The models join different text columns.", {
    hint: "Train with one list of `joined` columns at a time: all networks of a training read the same pieces.",
    details: { joined: wanted },
  });
}

/** What decides a model: configuration, tokenizer, graph and weights. */
const DECISIVE = /^(config|preprocessor_config|tokenizer)\.json$|\.(safetensors|onnx|onnx[._]data|data)$/;

/** SHA-256 of all of it. */
export async function contentOf(model: string): Promise<string> {
  const { folder, onnx, weights } = findModel(model);
  const single = [onnx, weights].filter((file) => file === model);
  const folders = onnx === join(folder, "onnx/model.onnx") ? ["", "onnx/"] : [""];
  const inside = folders.flatMap((prefix) =>
    readdirSync(join(folder, prefix))
      .filter((name) => DECISIVE.test(name))
      .map((name) => `${prefix}${name}`),
  );
  // Beside a file that was named itself other models may lie, which decide nothing.
  const names = single.length > 0 ? inside.filter((name) => besideFile(name, single[0]!)) : inside;
  const hash = createHash("sha256");
  for (const name of names.sort()) {
    hash.update(`${name}\0`);
    await pipeline(createReadStream(join(folder, name)), async (chunks) => {
      for await (const chunk of chunks) hash.update(chunk as Buffer);
    });
  }
  return hash.digest("hex");
}

const besideFile = (name: string, file: string): boolean =>
  name.endsWith(".json") || file.endsWith(`/${name}`) || (file.endsWith(".onnx") && /data$/.test(name));
