import { resolve } from "node:path";
import { QuernError } from "../../foundation/base/errors.js";
import { makeFolder } from "../../foundation/base/make-folder.js";
import type { ProjectInput } from "../../foundation/contracts/project.js";
import type { TrainResult } from "../../foundation/contracts/run.js";
import { type WorkflowOptions, workflowContext } from "../context.js";
import { storeFolder, withStore } from "../locate-store.js";
import { resolveProject } from "../project/project-file.js";
import { followersOf } from "./followers.js";
import type { TrainRequest } from "./messages.js";
import { spawnTraining } from "./spawn-training.js";

export interface TrainOptions {
  readonly project: ProjectInput;
  /** Goes on with the last interrupted training; its own project is used where none names data. */
  readonly resume?: boolean;
  readonly allowedHosts?: readonly string[];
  readonly out?: string;
  /**
   * Where the course of the training is written besides the store: `tensorboard=FOLDER` (event files) or
   * `mlflow=URL` (a tracking server, whose host is thereby allowed). Changes neither model nor cache.
   */
  readonly log?: readonly string[];
  /** Epoch milliseconds from which `tuning.time` counts; default now. */
  readonly startedAt?: number;
}

/**
 * Trains in a child process and returns what `quern train --json` prints.
 * @throws QuernError USAGE (`log`), OUTPUT_NOT_WRITABLE (`out`), CONFIG_INVALID, DATA_…, TARGET_UNUSABLE, TRAINING_FAILED, INTERRUPTED, …
 */
export async function train(options: TrainOptions, workflow: WorkflowOptions = {}): Promise<TrainResult> {
  const context = workflowContext(workflow);
  const followers = followersOf(options.log ?? [], context);
  resolveProject(options.project);
  const fresh: TrainRequest = {
    project: options.project,
    folder: context.folder,
    store: storeFolder(workflow),
    threads: context.threads,
    allowedHosts: options.allowedHosts ?? [],
    ...(options.out === undefined ? {} : { out: resolve(context.folder, options.out) }),
  };
  // What cannot be written is said before hours of work, not after them.
  if (fresh.out !== undefined) makeFolder(fresh.out);
  const startedAt = options.startedAt ?? context.clock.now();
  const request = options.resume ? await resumed(fresh, workflow) : fresh;
  const { signal, onEvent } = context;
  try {
    const result = await spawnTraining(request, { signal, onEvent, onCourse: followers.take, startedAt });
    await followers.end("finished");
    return result;
  } catch (failure) {
    const wasStopped = QuernError.is(failure) && failure.code === "INTERRUPTED";
    await followers.end(wasStopped ? "stopped" : "failed");
    throw failure;
  }
}

/** The request of the last interrupted run, with this call's machine settings. */
async function resumed(fresh: TrainRequest, workflow: WorkflowOptions): Promise<TrainRequest> {
  const run = await withStore(fresh.store, workflowContext(workflow), async (store) => {
    const page = await store.runs.list({ kind: "train", state: "interrupted", limit: 1 });
    const [last] = page.items;
    return last && store.runs.get(last.id);
  });
  if (!run) {
    throw new QuernError("RUN_NOT_FOUND", "There is no interrupted training to go on with.", {
      hint: "Start a new one without --resume; its finished steps are reused anyway.",
    });
  }
  // A run of the kind `train` keeps the request that began it.
  const earlier = run.config as unknown as TrainRequest;
  const given = fresh.project.data?.source !== undefined;
  return { ...(given ? fresh : { ...earlier, store: fresh.store, threads: fresh.threads }), resumes: run.id };
}
