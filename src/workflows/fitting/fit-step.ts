import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { TransformMap } from "../../capabilities/features/index.js";
import { type StepIdentity, stepKey } from "../../capabilities/stores/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import type { Sha256 } from "../../foundation/base/hash.js";
import { pack, unpack } from "../../foundation/base/packing.js";
import type { WorkContext } from "../../foundation/contracts/extension.js";
import type { BlobStore } from "../../foundation/contracts/store.js";
import type { Trainer, TrainingContext } from "../../foundation/contracts/trainer.js";
import { environmentOf } from "../project/extensions.js";
import type { ComputedFit, FitExecutor, FitTask, FitWork } from "./fit-messages.js";

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

/** What a process fits with: the same for all its fits. */
export interface FitWorkshop {
  readonly executor: FitExecutor;
  readonly trainers: readonly Trainer[];
  readonly transforms: TransformMap;
  readonly blobs: BlobStore;
  readonly materials: MaterialCache;
  readonly work: FitWork;
}

export interface FitSupervision
  extends Pick<WorkContext, "signal" | "clock" | "logger" | "threads" | "report"> {
  /** What the fit may take, where its trainer can end in time. */
  readonly limitSeconds?: number | undefined;
}

/** Fits and stores; what it costs to read the material does not count. */
export async function computeFit(
  task: FitTask,
  { executor, trainers, transforms, blobs, materials, work }: FitWorkshop,
  { limitSeconds, ...context }: FitSupervision,
): Promise<ComputedFit> {
  const trainer = trainerOf(task, trainers);
  const material = await materials.get(task.material);
  const supplement = task.supplement && (await materials.get(task.supplement));
  const start = context.clock.elapsed();
  const shared = { ...context, seed: work.seed, trainer, transforms, cacheFolder: cacheFolderOf(work) };
  const { checkpoints, forget } = openCheckpoints(work, fitIdentity(task, trainer, executor, work));
  const { fitted, ...ended } = await withinTime(limitSeconds, (limit) =>
    executor.fit(task, material, { ...shared, ...limit, checkpoints }, supplement),
  );
  const seconds = (context.clock.elapsed() - start) / 1000;
  context.signal.throwIfAborted();
  const output = await blobs.put(pack(fitted));
  await forget();
  return { output, seconds, ...ended };
}

/** Runs a fit whose time may be limited; tells after how many iterations it ended for that, if it did. */
async function withinTime<T>(
  limitSeconds: number | undefined,
  run: (context: Pick<TrainingContext, "timeLimit">) => Promise<T>,
): Promise<{ readonly fitted: T; readonly endedAfter?: number }> {
  if (limitSeconds === undefined) return { fitted: await run({}) };
  const controller = new AbortController();
  let endedAfter: number | undefined;
  const reached = (iterations: number): void => {
    endedAfter = iterations;
  };
  const timer = setTimeout(() => controller.abort(), 1000 * limitSeconds);
  try {
    const fitted = await run({ timeLimit: { wrapUp: controller.signal, reached } });
    return { fitted, ...(endedAfter === undefined ? {} : { endedAfter }) };
  } finally {
    clearTimeout(timer);
  }
}

const CHECKPOINTS = "checkpoints";

export interface OpenCheckpoints {
  readonly checkpoints: NonNullable<TrainingContext["checkpoints"]>;
  /** Removes them: what they are of is kept elsewhere by now. */
  forget(): Promise<void>;
}

/** Where a training may leave checkpoints in the store's folder, so that the same one goes on from them after a kill. */
export function openCheckpoints({ store }: Pick<FitWork, "store">, identity: StepIdentity): OpenCheckpoints {
  const key = stepKey(identity);
  const folder = join(store, CHECKPOINTS, key);
  return {
    checkpoints: { folder, identity: key },
    forget: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Runs a fit with checkpoints, which go when it has ended. A fit that is given up leaves the last two. */
export async function withCheckpoints<T>(
  work: Pick<FitWork, "store">,
  identity: StepIdentity,
  run: (checkpoints: OpenCheckpoints["checkpoints"]) => Promise<T>,
): Promise<T> {
  const { checkpoints, forget } = openCheckpoints(work, identity);
  const fitted = await run(checkpoints);
  await forget();
  return fitted;
}

/** Inside a store: what can be had again; it may be emptied at any time. */
export const CACHE_FOLDER = "cache";
const cacheFolderOf = ({ store }: FitWork): string => join(store, CACHE_FOLDER);

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
