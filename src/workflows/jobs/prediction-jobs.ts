import { type ChildProcess, fork } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import type { Clock } from "../../foundation/base/clock.js";
import { QuernError } from "../../foundation/base/errors.js";
import { hashValue } from "../../foundation/base/hash.js";
import type { Logger } from "../../foundation/base/logger.js";
import { builtFile } from "../../foundation/base/module-file.js";
import {
  isFinal,
  type Job,
  type JobResult,
  type JobSettings,
  type JobState,
  type JobSubmission,
  type JobUpload,
  type PredictionJobs,
} from "../../foundation/contracts/job.js";
import { spanMs } from "../../foundation/contracts/span.js";
import { ownerHere } from "./held-file.js";
import { describeJob, JobFolder, type JobRecord, NOT_STARTED } from "./job-folder.js";
import type { JobWorkerData } from "./messages.js";
import { locateInput, receiveUpload } from "./receive-input.js";

export interface PredictionJobsOptions {
  readonly folder: string;
  readonly settings: JobSettings;
  /** Of the models. */
  readonly store: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How a served version is opened by another process: `name@3`, or the path of its bundle. */
  readonly referenceOf: (model: JobSubmission["model"]) => string;
  /** Rows that are kept together; default 10,000. */
  readonly chunkRows?: number;
}

/** How often it is looked whether a job waits that another process has left, and whether something is too old. */
const LOOK_MS = 5_000;
/** Ended jobs are kept for their time, and never more of them than this. */
const MOST_KEPT = 1_000;
/** After being told to stop the process of jobs gets this long to keep what it has done. */
const STOP_MS = 10_000;

/** Takes jobs into a folder and has them computed by processes of low priority, no more at once than `settings.atOnce`. */
export function openPredictionJobs(options: PredictionJobsOptions): PredictionJobs {
  return new FolderJobs(options);
}

class FolderJobs implements PredictionJobs {
  readonly #options: PredictionJobsOptions;
  readonly #folder: JobFolder;
  readonly #here = ownerHere(randomUUID());
  readonly #timer: NodeJS.Timeout;
  readonly #workers = new Set<ChildProcess>();
  /** A job came while all processes were at work, and perhaps after their last look. */
  #cameLate = false;
  #receiving = 0;
  #isClosed = false;
  #looking: Promise<void> = Promise.resolve();
  #changing: Promise<unknown> = Promise.resolve();

  constructor(options: PredictionJobsOptions) {
    this.#options = options;
    this.#folder = new JobFolder(options.folder, options.clock);
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
    this.#look();
  }

  async submit(
    submission: JobSubmission,
    input: JobUpload | { readonly source: string; readonly format?: string | undefined },
  ): Promise<{ readonly job: Job; readonly isNew: boolean }> {
    const { key } = submission;
    const id = key === undefined ? randomUUID() : idOfKey(key);
    const isKnown = key !== undefined && (await this.#folder.find(id)) !== undefined;
    if (!isKnown) await this.#refuseWhenFull();
    this.#receiving += 1;
    let begun: string | undefined;
    try {
      if (!isKnown) begun = await this.#folder.begin(randomUUID());
      const received = await this.#receive(input, begun);
      const record = recordOf(id, submission, received, this.#options);
      if (begun !== undefined && (await this.#folder.publish(begun, record))) {
        void this.#wake();
        return { job: describeJob({ record, progress: NOT_STARTED }), isNew: true };
      }
      const before = await this.#folder.get(id);
      if (before.record.fingerprint === record.fingerprint) return { job: describeJob(before), isNew: false };
      throw new QuernError("KEY_REUSED", "Another request was made under this Idempotency-Key.", {
        details: { job: id },
      });
    } finally {
      this.#receiving -= 1;
      if (begun !== undefined) await rm(begun, { recursive: true, force: true });
    }
  }

  async list({ state, limit: page, after }: Parameters<PredictionJobs["list"]>[0]) {
    const newestFirst = (await this.#folder.all()).toReversed().map(describeJob);
    const inState = (wanted: JobState) => newestFirst.filter((job) => job.state === wanted).length;
    const { queue: limit, atOnce } = this.#options.settings;
    const start = after === undefined ? 0 : newestFirst.findIndex(({ id }) => id === after) + 1;
    const left = newestFirst.slice(start).filter((job) => state === undefined || job.state === state);
    const items = left.slice(0, page);
    return {
      items,
      ...(left.length > page ? { next: items.at(-1)!.id } : {}),
      queue: { running: inState("running"), waiting: inState("queued"), limit, atOnce },
    };
  }

  async get(id: string): Promise<Job> {
    return describeJob(await this.#folder.get(id));
  }

  async result(id: string): Promise<JobResult> {
    const { record, progress } = await this.#folder.get(id);
    if (progress.state !== "done" || progress.bytes === null)
      throw new QuernError("JOB_UNFINISHED", `The job is ${progress.state}; there is no result.`, {
        details: { state: progress.state },
      });
    const path = this.#folder.resultOf(record);
    return {
      ...{ id, output: record.output, bytes: progress.bytes },
      read: (start, end) => (start >= end ? nothing() : createReadStream(path, { start, end: end - 1 })),
    };
  }

  cancel(id: string): Promise<Job> {
    return this.#inTurn(async () => {
      const job = await this.#folder.get(id);
      const isFree = async () => !(await this.#folder.owner(id).isHeld(this.#here));
      if (isFinal(job.progress.state)) {
        if (await isFree()) await this.#folder.forget(id);
        return describeJob(job);
      }
      await this.#folder.cancel(id);
      // What nobody works on ends here and now; else the one who does ends it.
      if (await isFree()) await this.#folder.end(job, { state: "cancelled" });
      return describeJob(await this.#folder.get(id));
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#looking;
    await this.#changing;
    await Promise.all([...this.#workers].map(stopWorker));
  }

  async #refuseWhenFull(): Promise<void> {
    const { queue } = this.#options.settings;
    const jobs = await this.#folder.all();
    const open = jobs.filter(({ progress }) => !isFinal(progress.state)).length;
    if (open + this.#receiving < queue) return;
    throw new QuernError("OVERLOADED", `${open} jobs wait or run already.`, {
      details: { limit: queue, retryAfterSeconds: 10 },
    });
  }

  async #receive(
    input: JobUpload | { readonly source: string; readonly format?: string | undefined },
    folder: string | undefined,
  ): Promise<ReceivedJobInput> {
    const { settings } = this.#options;
    if ("source" in input) {
      locateInput(input.source, settings);
      return { source: input.source, format: input.format ?? null, file: null, bytes: null, sha256: "" };
    }
    const file = `input.${input.format}`;
    const received = await receiveUpload(input, file, folder, settings.limitBytes);
    return { source: null, format: input.format, file, ...received };
  }

  #look(): void {
    this.#looking = this.#looking
      .then(() => this.#sweep())
      .catch((failure: unknown) => {
        const cause = failure instanceof Error ? failure.message : String(failure);
        this.#options.logger.log("error", "The folder of jobs cannot be read.", { cause });
      });
  }

  /** Forgets what is too old, and sees to it that what waits is computed. */
  async #sweep(): Promise<void> {
    if (this.#isClosed) return;
    const jobs = await this.#folder.all();
    const ended = jobs.filter(({ progress }) => isFinal(progress.state));
    const oldest = this.#options.clock.now() - spanMs(this.#options.settings.retention);
    const tooMany = ended.length - MOST_KEPT;
    for (const [place, { record, progress }] of ended.entries())
      if (place < tooMany || (progress.finishedAt ?? record.createdAt) < oldest)
        await this.#inTurn(() => this.#folder.forget(record.id));
    await this.#folder.sweepUploads();
    for (const { record, progress } of jobs) {
      if (isFinal(progress.state) || (await this.#folder.owner(record.id).isHeld(this.#here))) continue;
      await this.#wake();
      return;
    }
  }

  /** Changes one after another: a job is not forgotten while it is ended, and no process too many is started. */
  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const changed = this.#changing.then(change);
    this.#changing = changed.catch(() => undefined);
    return changed;
  }

  #wake(): Promise<void> {
    return this.#inTurn(async () => {
      // From here on: a process may end while it is looked whether it works.
      this.#cameLate = true;
      const { atOnce } = this.#options.settings;
      if (this.#workers.size >= atOnce) return;
      const slots = this.#folder.slots(atOnce).map((slot) => slot.isHeld(this.#here));
      if ((await Promise.all(slots)).every((isHeld) => isHeld) || this.#isClosed) return;
      this.#cameLate = false;
      this.#startWorker();
    });
  }

  #startWorker(): void {
    const { folder, settings, store, chunkRows } = this.#options;
    const worker = fork(builtFile("workflows/jobs/job.worker.js"), [], {
      // Flags of the server's own heap are not meant for it.
      execArgv: [],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#workers.add(worker);
    const data: JobWorkerData = { folder, settings, store, ...(chunkRows ? { chunkRows } : {}) };
    worker.send(data, () => undefined);
    worker.on("error", () => undefined);
    worker.once("exit", (code) => {
      this.#workers.delete(worker);
      // One that was killed is replaced at the next turn, not in a loop.
      if (code === 0 && this.#cameLate) void this.#wake();
      if (code !== 0 && !this.#isClosed)
        this.#options.logger.log("error", "The process of jobs ended.", { code });
    });
  }
}

/** Lets it keep what it has done. */
async function stopWorker(worker: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => worker.once("exit", resolve));
  const impatience = setTimeout(() => worker.kill("SIGKILL"), STOP_MS);
  worker.kill("SIGTERM");
  await ended;
  clearTimeout(impatience);
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

interface ReceivedJobInput extends Pick<JobRecord, "source" | "format" | "file" | "bytes"> {
  readonly sha256: string;
}

function recordOf(
  id: string,
  { model, key: _, ...wish }: JobSubmission,
  { sha256, ...input }: ReceivedJobInput,
  { clock, referenceOf }: PredictionJobsOptions,
): JobRecord {
  const { source, format } = input;
  return {
    ...{ id, model: model.name, version: model.version, reference: referenceOf(model) },
    ...{ createdAt: clock.now(), ...input, ...wish },
    fingerprint: hashValue({ model: model.asked, ...wish, source, format, sha256 }),
  };
}

/** The key decides the name, so that of two at the same moment one makes the job and the other finds it. */
function idOfKey(key: string): string {
  const digest = createHash("sha256").update(`job ${key}`).digest("hex");
  return [0, 8, 12, 16, 20].map((start, k, all) => digest.slice(start, all[k + 1] ?? 32)).join("-");
}
