import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { createTransforms, type TransformMap } from "../../capabilities/features/index.js";
import { FINDERS, METRIC_LIST, PRUNERS, SAMPLERS, STRUCTURED_TRAINERS, TRAINERS } from "../../catalogue.js";
import { QuernError } from "../../foundation/base/errors.js";
import { hashValue, type Sha256 } from "../../foundation/base/hash.js";
import { nearest } from "../../foundation/base/nearest.js";
import { QUERN_VERSION } from "../../foundation/base/version.js";
import type { DriftTest } from "../../foundation/contracts/drift-test.js";
import type { Finder } from "../../foundation/contracts/finder.js";
import type { Metric } from "../../foundation/contracts/metric.js";
import type { Project } from "../../foundation/contracts/project.js";
import type { Pruner } from "../../foundation/contracts/pruner.js";
import type { Sampler } from "../../foundation/contracts/sampler.js";
import type { StructuredTrainer } from "../../foundation/contracts/structured-trainer.js";
import type { Trainer } from "../../foundation/contracts/trainer.js";
import type { Transform } from "../../foundation/contracts/transform.js";
import { hashModule } from "./module-hash.js";

/** Of each kind the built-in extensions with the project's own behind them. */
export interface Extensions {
  readonly metrics: readonly Metric[];
  readonly trainers: readonly Trainer[];
  readonly structuredTrainers: readonly StructuredTrainer[];
  readonly transforms: readonly Transform[];
  readonly finders: readonly Finder[];
  readonly samplers: readonly Sampler[];
  readonly pruners: readonly Pruner[];
  readonly driftTests: readonly DriftTest[];
  /** SHA-256 of each module of the project, by its name there: part of what names a training and its steps. */
  readonly modules: ModuleHashes;
}

export type ModuleHashes = Readonly<Record<string, Sha256>>;

type Lists = Omit<Extensions, "modules">;
type Kind = keyof Lists;

/** By the name of a module's export: what its entries are made with, and what they must have beside `Extension`. */
const KINDS: Readonly<Record<Kind, { readonly maker: string; readonly keys: readonly string[] }>> = {
  metrics: { maker: "defineMetric", keys: ["compute", "direction", "tasks"] },
  trainers: { maker: "defineTrainer", keys: ["fit", "restore", "estimate", "capabilities", "tasks"] },
  structuredTrainers: { maker: "defineStructuredTrainer", keys: ["fit", "restore", "estimate", "task"] },
  // A server runs what the graph holds and no code that came with a model: a transform must be emitted.
  transforms: { maker: "defineTransform", keys: ["fit", "apply", "emit", "accepts"] },
  finders: { maker: "defineFinder", keys: ["find"] },
  samplers: { maker: "defineSampler", keys: ["suggest"] },
  pruners: { maker: "definePruner", keys: ["prune"] },
  driftTests: { maker: "defineDriftTest", keys: ["compare", "accepts", "leastEffect"] },
};
const KIND_NAMES = Object.keys(KINDS) as Kind[];

const builtIn = (): Extensions => ({
  metrics: METRIC_LIST,
  trainers: TRAINERS,
  structuredTrainers: STRUCTURED_TRAINERS,
  transforms: [...createTransforms().values()],
  finders: FINDERS,
  samplers: SAMPLERS,
  pruners: PRUNERS,
  driftTests: [],
  modules: {},
});

/**
 * Loads the modules a project lists: JavaScript (or TypeScript, where Node runs it) that exports lists by the names in
 * `KINDS`. They are the user's own code and run with the user's rights, like any configuration written in
 * JavaScript; nothing that comes with data or with a bundle is ever loaded so.
 * @throws QuernError CONFIG_INVALID naming the module
 */
export async function loadExtensions(
  { extensions }: Pick<Project, "extensions">,
  folder: string,
): Promise<Extensions> {
  let loaded = builtIn();
  for (const name of extensions) {
    const path = resolve(folder, name);
    if (!existsSync(path)) throw broken(name, "does not exist");
    loaded = join(loaded, name, hashModule(path), await importModule(name, path));
  }
  return loaded;
}

export const transformMap = ({ transforms }: Pick<Extensions, "transforms">): TransformMap =>
  new Map(transforms.map((transform) => [transform.id, transform]));

/** What a cached step's key says beside its inputs: with other code of the project's own it is another step. */
export const environmentOf = (modules: ModuleHashes): Readonly<Record<string, string>> => ({
  quern: QUERN_VERSION,
  ...(Object.keys(modules).length > 0 ? { extensions: hashValue(modules) } : {}),
});

/** Node 22.18 and later take types away by themselves; its own types do not know the field yet. */
const RUNS_TYPESCRIPT = Boolean((process.features as { readonly typescript?: unknown }).typescript);

async function importModule(name: string, path: string): Promise<Record<string, unknown>> {
  if (/\.[cm]?tsx?$/.test(path) && !RUNS_TYPESCRIPT) throw noTypeScript(name);
  try {
    return (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (cause) {
    throw broken(name, `cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

function join(known: Extensions, name: string, hash: Sha256, module: Record<string, unknown>): Extensions {
  const joined = Object.fromEntries(
    KIND_NAMES.map((kind) => {
      const own = module[kind] ?? [];
      if (!Array.isArray(own)) throw broken(name, `exports \`${kind}\`, which is no list`);
      const all: readonly { readonly id: string }[] = known[kind];
      for (const [index, extension] of own.entries()) {
        checkExtension(extension, kind, name);
        const others = [...all, ...own.slice(0, index)];
        if (others.some(({ id }) => id === extension.id))
          throw broken(name, `exports ${JSON.stringify(extension.id)}, which exists already`);
      }
      return [kind, [...all, ...own]];
    }),
    // Each list was checked member by member against its kind.
  ) as unknown as Lists;
  if (!KIND_NAMES.some((kind) => joined[kind].length > known[kind].length))
    throw exportsNothing(name, Object.keys(module));
  return { ...joined, modules: { ...known.modules, [name]: hash } };
}

const ID = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** @throws QuernError CONFIG_INVALID where it is not what the kind's `define…` makes */
function checkExtension(extension: unknown, kind: Kind, name: string): void {
  const candidate = (extension ?? {}) as Record<string, unknown>;
  const { maker, keys } = KINDS[kind];
  const missing = ["id", "version", "config", ...keys].find((key) => candidate[key] === undefined);
  if (missing !== undefined)
    throw broken(name, `exports among its ${kind} something without \`${missing}\`; make it with ${maker}`);
  const { id, version, config } = candidate;
  const called = `exports among its ${kind} ${JSON.stringify(id)}`;
  if (typeof id !== "string" || !ID.test(id)) throw broken(name, `${called}, whose id is not kebab-case`);
  if (!Number.isInteger(version) || Number(version) < 0)
    throw broken(name, `${called}, whose version is no whole number`);
  const schema = config as { _zod?: unknown; safeParse?(value: unknown): { success: boolean } };
  if (schema._zod === undefined || !schema.safeParse)
    throw broken(name, `${called}, whose config is no object of zod 4`);
  if (!schema.safeParse({}).success)
    throw broken(name, `${called}, whose config has a field without a default`);
}

function exportsNothing(name: string, found: readonly string[]): QuernError {
  const guess = found.map((key) => nearest(key, KIND_NAMES)).find((kind) => kind !== undefined);
  const instead = found.length > 0 ? `; it exports ${found.slice(0, 10).join(", ")}` : "";
  return broken(
    name,
    `exports no list of extensions${instead}${guess ? ` (did you mean \`${guess}\`?)` : ""}`,
  );
}

function noTypeScript(name: string): QuernError {
  return new QuernError(
    "CONFIG_INVALID",
    `extensions: the module ${name} is TypeScript, which Node ${process.versions.node} does not run.`,
    {
      details: { key: "extensions", module: name },
      hint: `Compile it and name the result, \`npx esbuild ${name} --format=esm --outfile=${name.replace(/\.[cm]?tsx?$/, ".mjs")}\`, or use Node 22.18 or newer.`,
    },
  );
}

function broken(name: string, why: string, cause?: unknown): QuernError {
  return new QuernError("CONFIG_INVALID", `extensions: the module ${name} ${why}.`, {
    details: { key: "extensions", module: name },
    hint: `Give a JavaScript module that exports one or more of ${KIND_NAMES.join(", ")}: lists of what \`defineMetric\`, \`defineTrainer\` and so on made.`,
    ...(cause === undefined ? {} : { cause }),
  });
}
