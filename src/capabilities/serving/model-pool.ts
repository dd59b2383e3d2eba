import { QuernError } from "../../foundation/base/errors.js";
import type { ModelPool, ServableBundle, ServedModel } from "../../foundation/contracts/serving.js";
import { AnswerCache } from "./answer-cache.js";
import { openServedModel, type PooledModel, type ServingOptions } from "./served-model.js";

/** How long a version that is taken out may go on answering what it has accepted. */
const REMOVAL_MS = 30_000;

/** Keeps models open, one inference thread each. */
export function createModelPool(options: ServingOptions): ModelPool {
  return new Pool(options);
}

class Pool implements ModelPool {
  readonly #options: ServingOptions;
  readonly #versions = new Map<string, Map<number, PooledModel>>();
  readonly #current = new Map<string, PooledModel>();
  /** Version by name, then alias. */
  readonly #aliases = new Map<string, Map<string, number>>();

  /** One for all, so that its size is bounded. */
  readonly #cache: AnswerCache | undefined;

  constructor(options: ServingOptions) {
    this.#options = options;
    if (options.cacheBytes) this.#cache = new AnswerCache({ maximumBytes: options.cacheBytes });
  }

  list(): readonly ServedModel[] {
    const models = [...this.#versions.values()].flatMap((versions) => [...versions.values()]);
    return models.sort(
      ({ manifest: a }, { manifest: b }) =>
        (a.name < b.name ? -1 : a.name > b.name ? 1 : 0) || a.version - b.version,
    );
  }

  get(name: string, version?: number | string): ServedModel {
    const number = typeof version === "string" ? this.#aliases.get(name)?.get(version) : version;
    const model =
      version === undefined ? this.#current.get(name) : this.#versions.get(name)?.get(number ?? Number.NaN);
    if (model) return model;
    const what = typeof version === "string" ? "alias" : "version";
    const which =
      version === undefined ? JSON.stringify(name) : `${JSON.stringify(name)}, ${what} ${version}`;
    const served = [...this.#versions.keys()].sort().slice(0, 20).join(", ") || "none";
    throw new QuernError("MODEL_NOT_FOUND", `No model ${which} is served here; served: ${served}.`, {
      hint: "`/api/models` lists what is served.",
      details: { name, version },
    });
  }

  use(name: string, version: number): void {
    this.#current.set(name, this.get(name, version) as PooledModel);
  }

  setAlias(name: string, alias: string, version: number): void {
    this.get(name, version);
    const aliases = this.#aliases.get(name) ?? new Map<string, number>();
    this.#aliases.set(name, aliases.set(alias, version));
  }

  async add(
    bundle: ServableBundle,
    { current = true }: { readonly current?: boolean } = {},
  ): Promise<ServedModel> {
    const { name, version } = bundle.manifest;
    const model = await openServedModel(bundle, this.#options, this.#cache);
    const versions = this.#versions.get(name) ?? new Map<number, PooledModel>();
    this.#versions.set(name, versions);
    const replaced = versions.get(version);
    versions.set(version, model);
    if (current || !this.#current.has(name) || this.#current.get(name) === replaced) {
      this.#current.set(name, model);
    }
    await replaced?.close(REMOVAL_MS);
    return model;
  }

  async remove(name: string, version: number): Promise<void> {
    const model = this.get(name, version) as PooledModel;
    const versions = this.#versions.get(name)!;
    versions.delete(version);
    if (this.#current.get(name) === model) {
      const newest = [...versions.keys()].sort((a, b) => b - a)[0];
      if (newest === undefined) this.#current.delete(name);
      else this.#current.set(name, versions.get(newest)!);
    }
    if (versions.size === 0) this.#versions.delete(name);
    await model.close(REMOVAL_MS);
  }

  async drain(timeoutMs: number): Promise<void> {
    const models = this.list() as readonly PooledModel[];
    await Promise.all(models.map((model) => model.close(timeoutMs)));
  }
}
