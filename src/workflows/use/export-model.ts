import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join, resolve } from "node:path";
import { typesFor, type VerifiedBundle, verifyBundle } from "../../capabilities/bundles/index.js";
import { packArchive } from "../../foundation/base/archive.js";
import { writeFileAtomic } from "../../foundation/base/atomic-file.js";
import { QuernError } from "../../foundation/base/errors.js";
import { makeFolder } from "../../foundation/base/make-folder.js";
import { builtFile } from "../../foundation/base/module-file.js";
import { BUNDLE_FILES, type Manifest } from "../../foundation/contracts/bundle.js";
import { tabularTask } from "../../foundation/contracts/structured.js";
import { type WorkflowOptions, workflowContext } from "../context.js";
import { chosenBy, modelMetrics } from "../project/metrics.js";
import { dockerFiles, kubernetesFiles } from "../serve/container-files.js";
import { locateModel } from "./open-model.js";
import { edgeFiles, lambdaFiles, PORTABLE_BUNDLE, PORTABLE_RUNTIME } from "./portable-files.js";
import { type ShrinkRequest, type ShrinkResult, shrinkBundle } from "./shrink-bundle.js";

export interface ExportRequest {
  readonly model: string;
  /** A folder, a `.quern` archive, or an `.onnx` file for the graph alone. */
  readonly out: string;
  /** Writes a typed TypeScript client beside it. */
  readonly types?: boolean;
  /** Writes what makes an image of the folder's bundle; `out` must be a folder. */
  readonly docker?: boolean;
  /** The same with what Kubernetes needs to run it. */
  readonly kubernetes?: boolean;
  /** Writes a folder with a page and a worker that run the model in a browser. */
  readonly edge?: boolean;
  /** Writes a folder that becomes a function of AWS Lambda. */
  readonly lambda?: boolean;
  /** Exports a smaller form of the model, if that loses little enough. */
  readonly shrink?: ShrinkRequest;
  /** Modules in which a metric of a project's own is looked for, before those the model was trained with. */
  readonly extensions?: readonly string[];
}

type ExportedFile = "bundle" | "graph" | "client" | "container" | "edge" | "lambda";

export interface ExportResult {
  readonly model: string;
  readonly version: number;
  readonly files: readonly { readonly path: string; readonly what: ExportedFile }[];
  /** What shrinking did and cost. */
  readonly shrunk?: ShrinkResult;
}

/**
 * Copies a verified bundle out of the store, or a smaller form of it.
 * @throws QuernError MODEL_NOT_FOUND, BUNDLE_INVALID, PATH_REFUSED; GOAL_NOT_MET or UNSUPPORTED where shrinking loses too
 * much or finds nothing to shrink, and then nothing is written
 */
export async function exportModel(
  request: ExportRequest,
  options: WorkflowOptions = {},
): Promise<ExportResult> {
  const context = workflowContext(options);
  const { path, record } = await locateModel(request.model, context, options);
  const stored = verifyBundle(path);
  const out = resolve(context.folder, request.out);
  const { manifest } = stored;
  const metric = async () => {
    const task = tabularTask(manifest.task, "Judging a smaller model by labelled rows");
    const chosen = chosenBy({ record, manifest });
    return (await modelMetrics(chosen, task, request.extensions ?? [], context)).decisive;
  };
  const smaller = request.shrink && (await shrinkBundle(stored, request.shrink, metric, context));
  const written = writeExport(request, out, smaller?.bundle ?? stored);
  return smaller ? { ...written, shrunk: smaller.result } : written;
}

function writeExport(request: ExportRequest, out: string, { manifest, files }: VerifiedBundle): ExportResult {
  const ending = extname(out).toLowerCase();
  if (request.docker || request.kubernetes) return exportContainer(request, out, manifest, files);
  if (request.edge || request.lambda) return exportPortable(request, out, manifest, files);
  if (ending === ".quern") writeFileAtomic(out, packArchive(new Map(files)));
  else if (ending === ".onnx") writeFileAtomic(out, files.get(BUNDLE_FILES.model)!);
  else writeFolder(out, files);
  const client =
    ending === "" || ending === ".quern" || ending === ".onnx"
      ? `${out.slice(0, out.length - ending.length)}.client.ts`
      : `${out}.client.ts`;
  if (request.types) writeFileAtomic(client, typesFor(manifest));
  return {
    model: manifest.name,
    version: manifest.version,
    files: [
      { path: out, what: ending === ".onnx" ? "graph" : "bundle" },
      ...(request.types ? [{ path: client, what: "client" as const }] : []),
    ],
  };
}

/** The bundle in a folder of its own, beside what makes and runs an image of it. */
function exportContainer(
  request: ExportRequest,
  out: string,
  manifest: Manifest,
  files: ReadonlyMap<string, Uint8Array>,
): ExportResult {
  requireFolder(out);
  writeFolder(join(out, "bundle"), files);
  const texts = new Map([...dockerFiles(manifest), ...(request.kubernetes ? kubernetesFiles(manifest) : [])]);
  for (const [name, text] of texts) writeFileAtomic(join(out, name), text);
  return {
    model: manifest.name,
    version: manifest.version,
    files: [
      { path: join(out, "bundle"), what: "bundle" },
      ...[...texts.keys()].map((name) => ({ path: join(out, name), what: "container" as const })),
    ],
  };
}

/** The bundle as an archive, beside what runs it where there is no server. */
function exportPortable(
  { edge, lambda }: ExportRequest,
  out: string,
  manifest: Manifest,
  files: ReadonlyMap<string, Uint8Array>,
): ExportResult {
  requireFolder(out);
  if (edge && lambda) throw new QuernError("USAGE", "--edge and --lambda make folders of their own.");
  const what = edge ? "edge" : "lambda";
  const base = edge ? "public/" : "";
  const written = new Map<string, string | Uint8Array>([
    ...(edge ? edgeFiles(manifest) : lambdaFiles(manifest)),
    [`${base}${PORTABLE_BUNDLE}`, packArchive(new Map(files))],
    [`${base}${PORTABLE_RUNTIME}`, readFileSync(builtFile("entries/runtime/standalone.js"))],
    [`${base}LICENSES.txt`, readFileSync(builtFile("entries/runtime/standalone.LICENSES.txt"))],
  ]);
  for (const [name, content] of written) writeFileAtomic(join(out, name), content);
  return {
    model: manifest.name,
    version: manifest.version,
    files: [...written.keys()].map((name) => ({ path: join(out, name), what })),
  };
}

function requireFolder(out: string): void {
  if (extname(out) === "") return;
  throw new QuernError("USAGE", `${out} is a file; this is written as a folder.`, {
    hint: "Give --out a folder.",
  });
}

/** Into a new or empty folder, or over an earlier export of a bundle; never among other files. */
function writeFolder(out: string, files: ReadonlyMap<string, Uint8Array>): void {
  makeFolder(out);
  if (readdirSync(out).length > 0 && !existsSync(join(out, BUNDLE_FILES.manifest))) {
    throw new QuernError("PATH_REFUSED", `${out} holds other files; a bundle is not mixed with them.`, {
      hint: "Give a new or an empty folder.",
      details: { path: out },
    });
  }
  for (const [name, bytes] of files) writeFileAtomic(join(out, name), bytes);
}
