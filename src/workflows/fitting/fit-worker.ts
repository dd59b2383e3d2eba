import { openBlobs } from "../../capabilities/stores/file-blobs.js";
import { systemClock } from "../../foundation/base/clock.js";
import { QuernError } from "../../foundation/base/errors.js";
import type { Logger } from "../../foundation/base/logger.js";
import type { ProgressEvent } from "../../foundation/contracts/extension.js";
import { loadExtensions, transformMap } from "../project/extensions.js";
import {
  describeFailure,
  type FitExecutor,
  type FitReply,
  type FitRequest,
  type FitWork,
  plain,
} from "./fit-messages.js";
import { computeFit, type FitWorkshop, MaterialCache } from "./fit-step.js";

const HEARTBEAT_MS = 5_000;
const PROGRESS_MS = 250;

const send = (reply: FitReply): void => {
  // With a callback, a parent that is gone is no error here: `disconnect` ends this process.
  if (process.connected) process.send?.(reply, undefined, {}, () => undefined);
};

const logger: Logger = {
  log: (level, message, fields = {}) => send({ kind: "log", level, message, fields: plain(fields) }),
};

/**
 * The life of a fit worker, a child of `createProcessPool`: one fit after the other, each with one thread. It
 * writes its results into the store's blobs and tells their names; the database is its parent's alone, so that
 * a worker starts quickly and any number of them wait for no lock. It ends with its parent.
 */
export function serveFits(executor: FitExecutor): void {
  let workshop: Promise<FitWorkshop> | undefined;
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
        workshop = openWorkshop(request.work, executor);
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
        const { id, task, limitSeconds } = request;
        const controller = new AbortController();
        current = { id, controller };
        const { signal } = controller;
        const report = throttled((event) => send({ kind: "progress", event }));
        void workshop!
          .then((opened) =>
            computeFit(task, opened, {
              signal,
              clock: systemClock,
              logger,
              threads: 1,
              report,
              limitSeconds,
            }),
          )
          .then(
            (fit) => ({ kind: "fitted" as const, id, fit }),
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

async function openWorkshop(work: FitWork, executor: FitExecutor): Promise<FitWorkshop> {
  const { store, extensions, folder } = work;
  const loaded = await loadExtensions({ extensions: Object.keys(extensions) }, folder);
  const { trainers } = loaded;
  // A result of other code under this training's key would be taken for its own.
  for (const [name, hash] of Object.entries(extensions))
    if (loaded.modules[name] !== hash) throw changedModule(name);
  const blobs = openBlobs(store, systemClock);
  const transforms = transformMap(loaded);
  return { executor, trainers, transforms, blobs, materials: new MaterialCache(blobs), work };
}

function changedModule(name: string): QuernError {
  return new QuernError("CONFIG_INVALID", `extensions: the module ${name} was changed during the training.`, {
    details: { key: "extensions", module: name },
    hint: "Start the training again.",
  });
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
