import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { METRIC_LIST, TRAINERS } from "../../catalogue.js";
import { QuernError } from "../../foundation/base/errors.js";
import { type Sha256, sha256 } from "../../foundation/base/hash.js";
import type { Metric } from "../../foundation/contracts/metric.js";
import type { Project } from "../../foundation/contracts/project.js";
import type { Trainer } from "../../foundation/contracts/trainer.js";

/** The built-in extensions with the project's own behind them. */
export interface Extensions {
  readonly metrics: readonly Metric[];
  readonly trainers: readonly Trainer[];
  /** SHA-256 of each module of the project, by its name there: part of what names a training. */
  readonly modules: Readonly<Record<string, Sha256>>;
}

export const BUILT_IN: Extensions = { metrics: METRIC_LIST, trainers: TRAINERS, modules: {} };

/**
 * Loads the modules a project lists: JavaScript files that export `metrics` or `trainers`, arrays of what
 * `defineMetric` and `defineTrainer` made. They are the user's own code and run with the user's rights, like any
 * configuration written in JavaScript; nothing that comes with data or with a bundle is ever loaded so.
 * @throws QuernError CONFIG_INVALID naming the module
 */
export async function loadExtensions(
  { extensions }: Pick<Project, "extensions">,
  folder: string,
): Promise<Extensions> {
  let loaded = BUILT_IN;
  for (const name of extensions) {
    const path = resolve(folder, name);
    if (!existsSync(path)) throw broken(name, "does not exist");
    loaded = join(loaded, name, sha256(readFileSync(path)), await importModule(name, path));
  }
  return loaded;
}

async function importModule(name: string, path: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (cause) {
    throw broken(name, `cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

function join(known: Extensions, name: string, hash: Sha256, module: Record<string, unknown>): Extensions {
  const list = (key: "metrics" | "trainers"): unknown[] => {
    const value = module[key] ?? [];
    if (!Array.isArray(value)) throw broken(name, `exports ${key} that is no list`);
    return value;
  };
  const [metrics, trainers] = [list("metrics"), list("trainers")];
  if (metrics.length + trainers.length === 0) throw broken(name, "exports neither `metrics` nor `trainers`");
  for (const extension of metrics)
    checkExtension(extension, known.metrics, name, ["compute", "direction", "tasks"]);
  for (const extension of trainers)
    checkExtension(extension, known.trainers, name, ["fit", "restore", "tasks"]);
  return {
    metrics: [...known.metrics, ...(metrics as Metric[])],
    trainers: [...known.trainers, ...(trainers as Trainer[])],
    modules: { ...known.modules, [name]: hash },
  };
}

function checkExtension(
  extension: unknown,
  known: readonly { readonly id: string }[],
  name: string,
  keys: readonly string[],
): void {
  const candidate = extension as Record<string, unknown> | null;
  const missing = ["id", "version", "config", ...keys].find((key) => candidate?.[key] === undefined);
  if (missing !== undefined) throw broken(name, `exports an extension without \`${missing}\``);
  if (known.some((other) => other.id === candidate?.id))
    throw broken(name, `exports ${JSON.stringify(candidate?.id)}, which exists already`);
}

function broken(name: string, why: string, cause?: unknown): QuernError {
  return new QuernError("CONFIG_INVALID", `extensions: the module ${name} ${why}.`, {
    details: { key: "extensions", module: name },
    hint: "Give a JavaScript module that exports `metrics` or `trainers`, arrays of what `defineMetric` and `defineTrainer` made.",
    ...(cause === undefined ? {} : { cause }),
  });
}
