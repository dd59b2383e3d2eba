import type { TransformMap } from "../../capabilities/features/index.js";
import { openBlobs } from "../../capabilities/stores/file-blobs.js";
import { systemClock } from "../../foundation/base/clock.js";
import { QuernError } from "../../foundation/base/errors.js";
import type { Logger } from "../../foundation/base/logger.js";
import { pack } from "../../foundation/base/packing.js";
import type { ProgressEvent } from "../../foundation/contracts/extension.js";
import type { BlobStore } from "../../foundation/contracts/store.js";
import type { Trainer } from "../../foundation/contracts/trainer.js";
import { loadExtensions, transformMap } from "../project/extensions.js";
import {
  describeFailure,
  type FitExecutor,
  type FitReply,
  type FitRequest,
  type FitTask,
  type FitWork,
  plain,
} from "./fit-messages.js";
import { cacheFolderOf, fitIdentity, MaterialCache, trainerOf, withCheckpoints } from "./fit-step.js";

const HEARTBEAT_MS = 5_000;
const PROGRESS_MS = 250;

const send = (reply: FitReply): void => {
  // With a callback, a parent that is gone is no error here: `disconnect` ends this process.
  if (process.connected) process.send?.(reply, undefined, {}, () => undefined);
};

const logger: Logger = {
  log: (level, message, fields = {}) => send({ kind: "log", level, message, fields: plain(fields) }),
};

interface Workshop {
  readonly trainers: readonly Trainer[];
  readonly transforms: TransformMap;
  readonly blobs: BlobStore;
  readonly materials: MaterialCache;
  readonly work: FitWork;
}

/**
 * The life of a fit worker, a child of `createProcessPool`: one fit after the other, each with one thread. It
 * writes its results into the store's blobs and tells their names; the database is its parent's alone, so that
 * a worker starts quickly and any number of them wait for no lock. It ends with its parent.
 */
export function serveFits(executor: FitExecutor): void {
  let workshop: Promise<Workshop> | undefined;
  let current: { id: number; controller: AbortController } | undefined;
  // Ctrl-C reaches the whole process group: the parent decides what ends.
  process.on("SIGINT", () => undefined);
  // Nothing is worth finishing: blobs appear whole or not at all.
  process.on("disconnect", () => process.exit());
  send({ kind: "alive" });
  setInterval(() => current && send({ kind: "alive" }), HEARTBEAT_MS).unref();
  process.on("message", (request: FitRequest) => {
    switch (request.kind) {
      case "open":
        workshop = openWorkshop(request.work);
        // Every fit reports it; without one nobody asks.
        workshop.catch(() => undefined);
        return;
      case "close":
        return process.exit();
      case "abort":
        if (current?.id === request.id)
          current.controller.abort(new QuernError("INTERRUPTED", "The fit was interrupted."));
        return;
      case "fit": {
        const { id, task } = request;
        const controller = new AbortController();
        current = { id, controller };
        void fitOne(task, workshop!, executor, controller.signal)
          .then(
            (fitted) => ({ kind: "fitted" as const, id, ...fitted }),
            (failure: unknown) => ({ kind: "failed" as const, id, failure: describeFailure(failure) }),
          )
          .then((reply) => {
            current = undefined;
            send(reply);
          });
      }
    }
  });
}

async function openWorkshop(work: FitWork): Promise<Workshop> {
  const { store, extensions, folder } = work;
  const loaded = await loadExtensions({ extensions: Object.keys(extensions) }, folder);
  const { trainers } = loaded;
  // A result of other code under this training's key would be taken for its own.
  for (const [name, hash] of Object.entries(extensions))
    if (loaded.modules[name] !== hash) throw changedModule(name);
  const blobs = openBlobs(store);
  return { trainers, transforms: transformMap(loaded), blobs, materials: new MaterialCache(blobs), work };
}

function changedModule(name: string): QuernError {
  return new QuernError("CONFIG_INVALID", `extensions: the module ${name} was changed during the training.`, {
    details: { key: "extensions", module: name },
    hint: "Start the training again.",
  });
}

async function fitOne(
  task: FitTask,
  workshop: Promise<Workshop>,
  executor: FitExecutor,
  signal: AbortSignal,
): Promise<{ output: string; seconds: number }> {
  const { trainers, transforms, blobs, materials, work } = await workshop;
  const trainer = trainerOf(task, trainers);
  const material = await materials.get(task.material);
  const supplement = task.supplement && (await materials.get(task.supplement));
  const start = systemClock.elapsed();
  const context = {
    ...{ seed: work.seed, trainer, transforms, signal, clock: systemClock, logger, threads: 1 },
    report: throttled((event) => send({ kind: "progress", event })),
    cacheFolder: cacheFolderOf(work),
  };
  const model = await withCheckpoints(work, fitIdentity(task, trainer, executor, work), (checkpoints) =>
    executor.fit(task, material, { ...context, checkpoints }, supplement),
  );
  const seconds = (systemClock.elapsed() - start) / 1000;
  signal.throwIfAborted();
  return { output: await blobs.put(pack(model)), seconds };
}

/** Reporting must stay cheap however often it is called. */
function throttled(report: (event: ProgressEvent) => void): (event: ProgressEvent) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (event) => {
    const now = systemClock.elapsed();
    if (now - last < PROGRESS_MS) return;
    last = now;
    report(event);
  };
}
