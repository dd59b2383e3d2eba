import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type StepIdentity, stepKey } from "../../capabilities/stores/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import type { Sha256 } from "../../foundation/base/hash.js";
import { unpack } from "../../foundation/base/packing.js";
import type { BlobStore } from "../../foundation/contracts/store.js";
import type { Trainer, TrainingContext } from "../../foundation/contracts/trainer.js";
import { environmentOf } from "../project/extensions.js";
import type { FitExecutor, FitTask, FitWork } from "./fit-messages.js";

/** Names a fit by all that decides its bytes: never by the pool, the process or the number of threads. */
export function fitIdentity(
  { trainer: id, config, material, fold, maxIterations, supplement }: FitTask,
  trainer: Trainer,
  { version }: FitExecutor,
  { seed, extensions }: FitWork,
): StepIdentity {
  return {
    id: `fit/${id}`,
    version: trainer.version * 1000 + version,
    config: { trainer: config, fold, maxIterations: maxIterations ?? null },
    inputs: { material, ...(supplement ? { supplement } : {}) },
    seed,
    environment: environmentOf(extensions),
  };
}

const CHECKPOINTS = "checkpoints";

/**
 * Runs a fit that may leave checkpoints in the store's folder, so that the same fit goes on from them after a kill;
 * they go when it has ended. A fit that is given up leaves the last two.
 */
export async function withCheckpoints<T>(
  { store }: Pick<FitWork, "store">,
  identity: StepIdentity,
  run: (checkpoints: NonNullable<TrainingContext["checkpoints"]>) => Promise<T>,
): Promise<T> {
  const key = stepKey(identity);
  const folder = join(store, CHECKPOINTS, key);
  const fitted = await run({ folder, identity: key });
  await rm(folder, { recursive: true, force: true });
  return fitted;
}

/** Inside a store: what can be had again; it may be emptied at any time. */
export const CACHE_FOLDER = "cache";
export const cacheFolderOf = ({ store }: FitWork): string => join(store, CACHE_FOLDER);

/** @throws QuernError CONFIG_INVALID */
export function trainerOf({ trainer: id }: FitTask, trainers: readonly Trainer[]): Trainer {
  const trainer = trainers.find((candidate) => candidate.id === id);
  if (trainer) return trainer;
  throw new QuernError("CONFIG_INVALID", `There is no trainer ${JSON.stringify(id)}.`, {
    details: { trainer: id },
  });
}

/** A search works on few materials at a time (one for each feature style, say). */
const KEPT_MATERIALS = 4;

/** The last materials used, unpacked, so that each is read and verified once a process. */
export class MaterialCache {
  readonly #blobs: BlobStore;
  readonly #kept = new Map<Sha256, Promise<unknown>>();

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /** @throws QuernError STORE_DAMAGED when the blob is missing or damaged */
  get(hash: Sha256): Promise<unknown> {
    const material = this.#kept.get(hash) ?? this.#blobs.get(hash).then((bytes) => unpack(bytes));
    // Deleted and set again: a Map keeps insertion order, so the first is the one unused for longest.
    this.#kept.delete(hash);
    this.#kept.set(hash, material);
    material.catch(() => this.#kept.delete(hash));
    if (this.#kept.size > KEPT_MATERIALS) this.#kept.delete(this.#kept.keys().next().value!);
    return material;
  }
}
