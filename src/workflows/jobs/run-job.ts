/** One job from its claim to its end. */
import { stat } from "node:fs/promises";
import type { Clock } from "../../foundation/base/clock.js";
import { QuernError, type SerializedError } from "../../foundation/base/errors.js";
import type { Logger } from "../../foundation/base/logger.js";
import type { JobSettings } from "../../foundation/contracts/job.js";
import type { SourceFormat } from "../../foundation/contracts/source.js";
import { predictFile } from "../use/predict-file.js";
import { HEARTBEAT_MS, type Owner } from "./held-file.js";
import type { JobFolder, JobProgress, JobRecord, KnownJob } from "./job-folder.js";
import { locateInput } from "./receive-input.js";

/** What is done is kept after so many rows; little is lost, and little is in memory. */
const CHUNK_ROWS = 10_000;
/** A job under which the process dies so often without a step forward is not tried again. */
const MOST_ATTEMPTS = 3;

export interface JobContext {
  readonly settings: JobSettings;
  /** Of the models. */
  readonly store: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Under which the job is claimed. */
  readonly owner: Owner;
  /** Aborted when the process is to end: the job waits for the next one. */
  readonly signal: AbortSignal;
  /** Default 10,000. */
  readonly chunkRows?: number;
}

/**
 * Computes a job that is claimed; its state says what came of it.
 * @returns false where another process still writes its predictions: later, then
 */
export async function runJob(folder: JobFolder, job: KnownJob, context: JobContext): Promise<boolean> {
  const { record } = job;
  const { id } = record;
  const attempts = job.progress.attempts + 1;
  if (await folder.isCancelled(id)) return endCancelled(folder, job);
  if (attempts > MOST_ATTEMPTS) {
    const error = {
      code: "INTERNAL",
      message: `The process that computed the job ended ${MOST_ATTEMPTS} times.`,
    };
    await folder.end(job, {
      state: "failed",
      error: { ...error, hint: "Split the input; the server's log may say why.", details: {} },
    });
    return true;
  }
  let progress: JobProgress = {
    ...{ ...job.progress, state: "running", attempts },
    startedAt: job.progress.startedAt ?? context.clock.now(),
  };
  await folder.write(id, progress);
  const cancelled = new AbortController();
  const taken = new AbortController();
  const held = folder.owner(id);
  const beat = setInterval(async () => {
    if (!(await held.keep(context.owner))) taken.abort();
    if (await folder.isCancelled(id)) cancelled.abort();
  }, HEARTBEAT_MS);
  let written: Promise<void> = Promise.resolve();
  const advance = (done: number, total: number): void => {
    const state = { ...progress, rows: { done, total }, attempts: 0 };
    progress = state;
    written = written.then(() => folder.write(id, state));
    // Told where it is awaited, before the last word on the job.
    written.catch(() => undefined);
  };
  try {
    const { rows } = await predict(
      folder,
      record,
      context,
      AbortSignal.any([context.signal, cancelled.signal, taken.signal]),
      advance,
    ).finally(() => written);
    if (await folder.isCancelled(id)) return endCancelled(folder, { record, progress });
    const { size } = await stat(folder.resultOf(record));
    await folder.end({ record, progress }, { state: "done", rows: { done: rows, total: rows }, bytes: size });
    return true;
  } catch (failure) {
    if (await folder.isCancelled(id)) return endCancelled(folder, { record, progress });
    // Who was silent so long that another has the job leaves its state to that one.
    if (taken.signal.aborted) return false;
    const isOurs = context.signal.aborted || (QuernError.is(failure) && failure.code === "LEASE_LOST");
    // Whether it was stopped or is not free yet: its turn comes again, and nothing counts against it.
    if (isOurs) {
      await folder.write(id, { ...progress, state: "queued", attempts: 0 });
      return false;
    }
    await folder.end({ record, progress }, { state: "failed", error: describe(failure, id, context.logger) });
    return true;
  } finally {
    clearInterval(beat);
  }
}

function predict(
  folder: JobFolder,
  record: JobRecord,
  { settings, store, clock, logger, chunkRows = CHUNK_ROWS }: JobContext,
  signal: AbortSignal,
  advance: (done: number, total: number) => void,
): ReturnType<typeof predictFile> {
  const { id, reference, source, file, format, interval, escapeFormulas } = record;
  return predictFile(
    {
      model: reference,
      // Judged again: settings and folder may have changed since the job was taken.
      source: source === null ? folder.pathOf(id, file!) : locateInput(source, settings),
      out: folder.resultOf(record),
      ...{ interval, escapeFormulas, chunkRows, resume: true },
      reading: {
        allowHost: settings.hosts,
        ...(format === null ? {} : { format: format as SourceFormat }),
      },
    },
    {
      ...{ store, clock, logger, signal, threads: 1 },
      onEvent: ({ done, total }) => advance(done, total),
    },
  );
}

async function endCancelled(folder: JobFolder, job: KnownJob): Promise<true> {
  await folder.end(job, { state: "cancelled" });
  return true;
}

/** Of bugs a caller learns nothing but that there was one. */
function describe(
  failure: unknown,
  job: string,
  logger: Logger,
): Omit<SerializedError, "code" | "details"> & { code: string; details: Record<string, unknown> } {
  if (QuernError.is(failure)) {
    const { code, message, hint, details } = failure;
    return { code, message, hint, details: { ...details } };
  }
  const stack = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
  logger.log("error", "A prediction job failed.", { job, stack });
  return {
    code: "INTERNAL",
    message: "The server failed on this job.",
    hint: "The server's log has the cause.",
    details: {},
  };
}
