/** Pretrained models of a hub that speaks as Hugging Face's does: fetched once, verified, kept. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { writeFileAtomic } from "../../foundation/base/atomic-file.js";
import { QuernError } from "../../foundation/base/errors.js";
import { makeFolder } from "../../foundation/base/make-folder.js";
import type { OutboundClient } from "../../foundation/base/outbound-client.js";
import { isPlainPath } from "../../foundation/base/plain-path.js";
import { readTextInside } from "../../foundation/base/text-file.js";

export const DEFAULT_HUB = "https://huggingface.co";

export interface HubReference {
  /** `organisation/name`, or a name alone. */
  readonly repository: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
}

const REFERENCE = /^hf:((?:[\w.-]{1,96}\/)?[\w.-]{1,96})(?:@([\w./-]{1,200}))?$/;

/** `hf:organisation/name@revision`; without a revision `main`. Undefined for what begins otherwise. */
export function parseHubReference(text: string): HubReference | undefined {
  if (!text.startsWith("hf:")) return undefined;
  const [, repository = "", revision = "main"] = REFERENCE.exec(text) ?? [];
  if (repository !== "" && isPlainPath(repository) && isPlainPath(revision)) return { repository, revision };
  throw new QuernError("CONFIG_INVALID", `${JSON.stringify(text.slice(0, 200))} names no model of a hub.`, {
    hint: "Write `hf:organisation/name` or `hf:organisation/name@revision`.",
  });
}

export interface HubOptions {
  /** Models are kept in it. */
  readonly folder: string;
  readonly endpoint: string;
  /** Absent: only what is kept already is found. */
  readonly client?: OutboundClient;
  readonly signal: AbortSignal;
}

/**
 * The folder of a model. What was fetched once stays what it was: a branch that has moved since is not asked again.
 * @throws QuernError NETWORK_REFUSED without a client; NETWORK_FAILED; DATA_NOT_FOUND where it has no files that are read
 */
export async function fetchHubModel(reference: HubReference, options: HubOptions): Promise<string> {
  const { repository, revision } = reference;
  const home = join(options.folder, repository.replaceAll("/", "--"));
  const known = keptCommit(home, revision);
  if (known !== undefined) return join(home, known);
  const { client, endpoint, signal } = options;
  if (!client) {
    throw new QuernError("NETWORK_REFUSED", `The model ${repository}@${revision} is not kept here yet.`, {
      hint: `Allow the hub once: --allow-host ${new URL(endpoint).host} --allow-host "*.hf.co".`,
      details: { repository, revision },
    });
  }
  const description = await describe(client, reference, options);
  const folder = join(home, description.sha);
  for (const file of wantedFiles(description, reference)) {
    await fetchFile(client, `${endpoint}/${repository}/resolve/${description.sha}/`, file, folder, signal);
  }
  writeFileAtomic(join(home, "refs", revision), description.sha);
  return folder;
}

const COMMIT = /^[0-9a-f]{40}$/;

/** Of a revision whose files are all there. */
function keptCommit(home: string, revision: string): string | undefined {
  if (!existsSync(join(home, "refs", revision))) return undefined;
  const commit = readTextInside(join(home, "refs"), revision, 100);
  return COMMIT.test(commit) ? commit : undefined;
}

// ---- what the hub says -----------------------------------------------------------------------------------------

const fileSchema = z.object({
  rfilename: z.string(),
  size: z.number().int().nonnegative().optional(),
  /** Git's name of a small file's content. */
  blobId: z.string().optional(),
  lfs: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size: z.number().int() }).nullish(),
});
type HubFile = z.infer<typeof fileSchema>;
const descriptionSchema = z.object({
  sha: z.string().regex(COMMIT),
  siblings: z.array(fileSchema).max(100_000),
});
type Description = z.infer<typeof descriptionSchema>;

async function describe(
  client: OutboundClient,
  { repository, revision }: HubReference,
  { endpoint, signal }: HubOptions,
): Promise<Description> {
  const url = `${endpoint}/api/models/${repository}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const response = await client.request(url, { signal });
  const parts: Buffer[] = [];
  for await (const part of response.body) parts.push(part as Buffer);
  if (response.status === 404 || response.status === 401) {
    throw new QuernError("DATA_NOT_FOUND", `The hub has no open model ${repository}@${revision}.`, {
      details: { repository, revision },
    });
  }
  if (response.status !== 200) throw failed(url, `the hub answers with status ${response.status}`);
  try {
    return descriptionSchema.parse(JSON.parse(Buffer.concat(parts).toString("utf8")));
  } catch (cause) {
    throw failed(url, "the hub's answer is none", cause);
  }
}

const SETTINGS = [
  "config.json",
  "preprocessor_config.json",
  "tokenizer.json",
  "sentence_bert_config.json",
  "1_Pooling/config.json",
];
const GRAPH = /^(onnx\/)?model\.onnx([._]data)?$/;
const WEIGHTS = /^model(-\d+-of-\d+)?\.safetensors(\.index\.json)?$/;

/** One form of the weights: safetensors of a model that reads texts, otherwise a graph where there is one. */
function wantedFiles({ siblings }: Description, { repository }: HubReference): HubFile[] {
  const plain = siblings.filter(({ rfilename }) => isPlainPath(rfilename));
  const matching = (pattern: RegExp) => plain.filter(({ rfilename }) => pattern.test(rfilename));
  const [graphs, weights] = [matching(GRAPH), matching(WEIGHTS)];
  const reads = plain.some(({ rfilename }) => rfilename === "tokenizer.json");
  const first = graphs.filter(
    ({ rfilename }) => rfilename.includes("/") === graphs[0]!.rfilename.includes("/"),
  );
  const model = weights.length > 0 && (reads || graphs.length === 0) ? weights : first;
  if (model.length === 0) {
    throw new QuernError(
      "DATA_NOT_FOUND",
      `The model ${repository} has neither safetensors nor ONNX files.`,
      {
        details: { repository },
      },
    );
  }
  return [...plain.filter(({ rfilename }) => SETTINGS.includes(rfilename)), ...model];
}

// ---- files -----------------------------------------------------------------------------------------------------

/** Goes on where an earlier attempt ended; what does not fit its digest is taken away again. */
async function fetchFile(
  client: OutboundClient,
  base: string,
  file: HubFile,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const path = join(folder, file.rfilename);
  if (existsSync(path)) return;
  const part = `${path}.part`;
  makeFolder(dirname(path));
  const url = base + file.rfilename.split("/").map(encodeURIComponent).join("/");
  const size = file.lfs?.size ?? file.size;
  const have = statSync(part, { throwIfNoEntry: false })?.size ?? 0;
  if (size === undefined || have !== size || size === 0) {
    const headers: Record<string, string> = have > 0 ? { range: `bytes=${have}-` } : {};
    const response = await client.request(url, { headers, signal });
    if (response.status !== 200 && response.status !== 206) {
      response.body.destroy();
      throw failed(url, `the hub answers with status ${response.status}`);
    }
    await pipeline(response.body, createWriteStream(part, { flags: response.status === 206 ? "a" : "w" }));
  }
  await verify(part, file, url);
  renameSync(part, path);
}

async function verify(path: string, { lfs, size, blobId }: HubFile, url: string): Promise<void> {
  const bytes = statSync(path).size;
  const wanted = lfs?.size ?? size;
  const digests: [string | undefined, Promise<string>][] = [
    [lfs?.sha256, digestOf(path, "sha256", "")],
    [lfs ? undefined : blobId, digestOf(path, "sha1", `blob ${bytes}\0`)],
  ];
  let fits = wanted === undefined || wanted === bytes;
  for (const [digest, made] of digests) {
    const found = await made;
    if (digest !== undefined && digest !== found) fits = false;
  }
  if (fits) return;
  rmSync(path, { force: true });
  throw failed(url, "what came is not what the hub says it is");
}

async function digestOf(path: string, algorithm: "sha256" | "sha1", prefix: string): Promise<string> {
  const hash = createHash(algorithm).update(prefix);
  await pipeline(createReadStream(path), async (chunks) => {
    for await (const chunk of chunks) hash.update(chunk as Buffer);
  });
  return hash.digest("hex");
}

function failed(url: string, why: string, cause?: unknown): QuernError {
  return new QuernError("NETWORK_FAILED", `Cannot get ${url}: ${why}.`, {
    details: { url },
    ...(cause === undefined ? {} : { cause }),
  });
}
