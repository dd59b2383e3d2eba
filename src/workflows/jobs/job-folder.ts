/** The folder of jobs on disk. Each job has a folder of its own; what is in it survives every process. */
import { access, mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { syncFolderAsync, writeFileAtomicAsync } from "../../foundation/base/atomic-file.js";
import type { Clock } from "../../foundation/base/clock.js";
import { translateDiskError } from "../../foundation/base/disk-errors.js";
import { QuernError } from "../../foundation/base/errors.js";
import { makeFolder } from "../../foundation/base/make-folder.js";
import { isFinal, JOB_OUTPUTS, JOB_STATES, type Job, jobSchema } from "../../foundation/contracts/job.js";
import { HeldFile } from "./held-file.js";

/** Written once, before the job is visible. */
const recordSchema = z.strictObject({
  id: z.string(),
  model: z.string(),
  version: z.number().int(),
  /** How the model is opened: `name@3`, or the path of a bundle. */
  reference: z.string(),
  createdAt: z.number(),
  /** As the caller named it; null for an upload, which lies in `file`. */
  source: z.string().nullable(),
  file: z.string().nullable(),
  format: z.string().nullable(),
  bytes: z.number().nullable(),
  output: z.enum(JOB_OUTPUTS),
  interval: z.boolean(),
  escapeFormulas: z.boolean(),
  /** SHA-256 of the request and its input: under one key the same, or refused. */
  fingerprint: z.string(),
});
export type JobRecord = z.infer<typeof recordSchema>;

const stateSchema = jobSchema.pick({ rows: true, startedAt: true, finishedAt: true, error: true }).extend({
  state: z.enum(JOB_STATES),
  /** Starts after which nothing more was done. */
  attempts: z.number().int(),
  /** Of the result. */
  bytes: z.number().int().nullable(),
});
export type JobProgress = z.infer<typeof stateSchema>;
export const NOT_STARTED: JobProgress = {
  ...{ state: "queued", rows: { done: 0, total: null }, attempts: 0 },
  ...{ startedAt: null, finishedAt: null, error: null, bytes: null },
};

export interface KnownJob {
  readonly record: JobRecord;
  readonly progress: JobProgress;
}

const RECORD = "job.json";
const STATE = "state.json";
const CANCELLED = "cancelled";
const OWNER = "owner.json";
const NEW = ".new-";
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** An upload is given up after a minute of silence, so what is older was left by a killed process. */
const UPLOAD_LOST_MS = 3_600_000;

export class JobFolder {
  readonly path: string;
  readonly #clock: Clock;
  /** What ended does not change any more. */
  readonly #ended = new Map<string, KnownJob>();

  constructor(path: string, clock: Clock) {
    this.path = path;
    this.#clock = clock;
    makeFolder(path);
  }

  pathOf(id: string, file: string): string {
    return join(this.path, id, file);
  }
  resultOf({ id, output }: Pick<JobRecord, "id" | "output">): string {
    return this.pathOf(id, `result.${output}`);
  }

  /** A folder that becomes a job when it is whole. */
  async begin(token: string): Promise<string> {
    const folder = join(this.path, `${NEW}${token}`);
    await mkdir(folder);
    return folder;
  }

  /** Makes it visible, durably. False where there is a job of that name already. */
  async publish(folder: string, record: JobRecord): Promise<boolean> {
    await writeFileAtomicAsync(join(folder, RECORD), JSON.stringify(record));
    try {
      await rename(folder, join(this.path, record.id));
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === "ENOTEMPTY" || code === "EEXIST") return false;
      throw translateDiskError(cause, folder);
    }
    await syncFolderAsync(this.path);
    return true;
  }

  /** Oldest first. What vanishes meanwhile is left out. */
  async all(): Promise<readonly KnownJob[]> {
    const names = (await readdir(this.path)).filter((name) => ID.test(name));
    for (const id of this.#ended.keys()) if (!names.includes(id)) this.#ended.delete(id);
    const jobs: KnownJob[] = [];
    for (const id of names) {
      const job = await this.find(id);
      if (job) jobs.push(job);
    }
    return jobs.sort(({ record: a }, { record: b }) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
  }

  async find(id: string): Promise<KnownJob | undefined> {
    if (!ID.test(id)) return undefined;
    const ended = this.#ended.get(id);
    if (ended && (await isThere(this.pathOf(id, RECORD)))) return ended;
    const text = await readFile(this.pathOf(id, RECORD), "utf8").catch(() => undefined);
    if (text === undefined) return undefined;
    const stateText = await readFile(this.pathOf(id, STATE), "utf8").catch(() => undefined);
    const record = readAs(recordSchema, text);
    const written = stateText === undefined ? NOT_STARTED : readAs(stateSchema, stateText);
    // A damaged job never hides the others.
    if (!record || !written) return undefined;
    // A cancellation counts from its first moment, whatever the one that works on the job still writes.
    const isStopped = !isFinal(written.state) && (await this.isCancelled(id));
    const job = { record, progress: isStopped ? { ...written, state: "cancelled" as const } : written };
    if (isFinal(written.state)) this.#ended.set(id, job);
    return job;
  }

  /** @throws QuernError JOB_NOT_FOUND */
  async get(id: string): Promise<KnownJob> {
    const job = await this.find(id);
    if (job) return job;
    throw new QuernError("JOB_NOT_FOUND", `There is no job ${JSON.stringify(id.slice(0, 100))}.`);
  }

  write(id: string, progress: JobProgress): Promise<void> {
    return writeFileAtomicAsync(this.pathOf(id, STATE), JSON.stringify(progress));
  }

  isCancelled(id: string): Promise<boolean> {
    return isThere(this.pathOf(id, CANCELLED));
  }
  cancel(id: string): Promise<void> {
    return writeFileAtomicAsync(this.pathOf(id, CANCELLED), "");
  }

  /** The last word on a job, after which its input is not needed any more. */
  async end(
    { record, progress }: KnownJob,
    outcome: Pick<JobProgress, "state"> & Partial<JobProgress>,
  ): Promise<void> {
    await this.write(record.id, { ...progress, ...outcome, finishedAt: this.#clock.now() });
    if (record.file !== null) await rm(this.pathOf(record.id, record.file), { force: true });
    if (outcome.state === "done") return;
    for (const name of await readdir(join(this.path, record.id)))
      if (name.startsWith("result.")) await rm(this.pathOf(record.id, name), { force: true });
  }

  async forget(id: string): Promise<void> {
    this.#ended.delete(id);
    await rm(join(this.path, id), { recursive: true, force: true });
  }

  /** Uploads whose process was killed. */
  async sweepUploads(): Promise<void> {
    for (const name of await readdir(this.path)) {
      if (!name.startsWith(NEW)) continue;
      const path = join(this.path, name);
      const files = await readdir(path).catch(() => []);
      const times = await Promise.all(
        [path, ...files.map((file) => join(path, file))].map((file) => stat(file).catch(() => undefined)),
      );
      const latest = Math.max(0, ...times.map((time) => time?.mtimeMs ?? 0));
      if (this.#clock.now() - latest > UPLOAD_LOST_MS) await rm(path, { recursive: true, force: true });
    }
  }

  /** Who works on a job. */
  owner(id: string): HeldFile {
    return new HeldFile(this.pathOf(id, OWNER), this.#clock);
  }

  /** The right to compute, of which there are so many however many processes share the folder. */
  slots(count: number): readonly HeldFile[] {
    return Array.from(
      { length: count },
      (_, slot) => new HeldFile(join(this.path, `slot-${slot}.json`), this.#clock),
    );
  }
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

function readAs<T extends z.ZodType>(schema: T, text: string): z.infer<T> | undefined {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** As callers see it. */
export function describeJob({ record, progress }: KnownJob): Job {
  const { id, model, version, output, createdAt, source, format } = record;
  const { state, rows, startedAt, finishedAt, error, bytes } = progress;
  return {
    ...{ id, state, model, version, output, rows, createdAt, startedAt, finishedAt, error },
    input: { source, format, bytes: record.bytes },
    result: state === "done" && bytes !== null ? { path: `/v1/jobs/${id}/result`, bytes } : null,
  };
}
