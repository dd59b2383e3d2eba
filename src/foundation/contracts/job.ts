/** Predictions of whole files that a server computes in the background: what is asked, how far it is, what came of it. */
import { z } from "zod";
import { fields } from "./extension.js";
import { spanSchema } from "./span.js";

export const jobSettingsSchema = z.strictObject({
  folder: z.string().optional().register(fields, {
    title: "Folder of prediction jobs, for their inputs and results",
    help: "Default: `jobs` in the store; without a store and without this there are no jobs.",
  }),
  inputs: z.string().optional().register(fields, {
    title: "Folder whose files jobs may name as their input",
    help: "Without it jobs take what is uploaded, and nothing else on this machine.",
  }),
  hosts: z
    .array(z.string())
    .default([])
    .register(fields, { title: "Hosts from which jobs may fetch their input" }),
  atOnce: z.number().int().min(1).max(64).default(1).register(fields, {
    title: "Jobs that are computed at the same time",
    help: "By all server processes that share the folder together; each takes one thread.",
    unit: "jobs",
  }),
  queue: z.number().int().min(1).max(1000).default(20).register(fields, {
    title: "Jobs that may wait or run",
    help: "Further ones are refused until one has ended.",
    unit: "jobs",
  }),
  limitBytes: z
    .number()
    .int()
    .min(1024)
    .max(2 ** 40)
    .default(4 * 2 ** 30)
    .register(fields, { title: "Largest input of a job", unit: "bytes" }),
  retention: spanSchema.default("7d").register(fields, {
    title: "How long a job that has ended is kept with its result",
    help: "As in 12h or 30d.",
  }),
});
export type JobSettings = z.output<typeof jobSettingsSchema>;

/** What a job writes, with the media types under which it is delivered (Parquet's is registered with IANA). */
export const JOB_OUTPUTS = ["csv", "jsonl", "parquet"] as const;
export type JobOutput = (typeof JOB_OUTPUTS)[number];
export const JOB_MEDIA_TYPES: Readonly<Record<JobOutput, string>> = {
  csv: "text/csv",
  jsonl: "application/x-ndjson",
  parquet: "application/vnd.apache.parquet",
};
const JOB_INPUTS = [...JOB_OUTPUTS, "tsv", "json", "xlsx"] as const;

const wishShape = {
  model: z.string().min(1).max(200).describe("`name`, `name@3` or `name@champion`; the version is fixed now"),
  output: z.enum(JOB_OUTPUTS).default("csv"),
};
const flag = z.enum(["true", "false"]).transform((text) => text === "true");

/** Beside an uploaded file, in the query. */
export const jobUploadSchema = z.strictObject({
  model: wishShape.model.optional().describe("needed where a file is uploaded"),
  output: wishShape.output,
  interval: flag.default(false).describe("adds the ends of an interval around each predicted number"),
  escapeFormulas: flag
    .default(false)
    .describe("prefixes CSV texts that a spreadsheet would run as a formula"),
});

/** A job whose input is named rather than sent. */
export const jobRequestSchema = z.strictObject({
  ...wishShape,
  source: z
    .string()
    .min(1)
    .max(2000)
    .describe("a file in the folder of inputs, or an URL of a host from which jobs may fetch"),
  format: z.enum(JOB_INPUTS).optional().describe("default: found from the content"),
  interval: z.boolean().default(false).describe("adds the ends of an interval around each predicted number"),
  escapeFormulas: z
    .boolean()
    .default(false)
    .describe("prefixes CSV texts that a spreadsheet would run as a formula"),
});
export type JobRequest = z.output<typeof jobRequestSchema>;

/** `queued`: waits for its turn, or to go on after a restart. The last three are final. */
export const JOB_STATES = ["queued", "running", "done", "failed", "cancelled"] as const;
export type JobState = (typeof JOB_STATES)[number];
export const isFinal = (state: JobState): boolean => state !== "queued" && state !== "running";

const time = z.number().int().nullable().describe("epoch milliseconds; null before");

/** What goes wrong names its place: row and column, or line, in `details`. */
const jobErrorSchema = z.strictObject({
  code: z.string(),
  message: z.string(),
  hint: z.string(),
  details: z.record(z.string(), z.unknown()),
});

export const jobSchema = z.strictObject({
  id: z.string(),
  state: z.enum(JOB_STATES),
  model: z.string(),
  version: z.number().int().positive(),
  input: z.strictObject({
    source: z.string().nullable().describe("null: uploaded"),
    format: z.string().nullable(),
    bytes: z.number().int().nullable().describe("of an upload"),
  }),
  output: z.enum(JOB_OUTPUTS),
  rows: z.strictObject({
    done: z.number().int().nonnegative().describe("predicted and durable"),
    total: z.number().int().nullable().describe("null before the input was read"),
  }),
  createdAt: z.number().int().describe("epoch milliseconds"),
  startedAt: time,
  finishedAt: time,
  result: z.strictObject({ path: z.string(), bytes: z.number().int() }).nullable(),
  error: jobErrorSchema.nullable(),
});
export type Job = z.infer<typeof jobSchema>;

/** All jobs of the folder, whichever server process took them. */
export const jobQueueSchema = z.strictObject({
  running: z.number().int().nonnegative(),
  waiting: z.number().int().nonnegative(),
  limit: z.number().int().positive().describe("jobs that may wait or run; a further one is refused"),
  atOnce: z.number().int().positive().describe("jobs that are computed at the same time"),
});
export type JobQueue = z.infer<typeof jobQueueSchema>;

/** Who asks, and under which key the same request is the same job (IETF draft-ietf-httpapi-idempotency-key-header). */
export interface JobSubmission extends Omit<JobRequest, "source" | "format" | "model"> {
  /** Name and version that are served now, under what they were asked for. */
  readonly model: { readonly name: string; readonly version: number; readonly asked: string };
  readonly key?: string;
}

export interface JobUpload {
  readonly format: JobOutput;
  readonly bytes: AsyncIterable<Uint8Array>;
}

export interface JobResult {
  readonly id: string;
  readonly output: JobOutput;
  readonly bytes: number;
  /** `start` to `end`, which is not in it. */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
}

/** The jobs of one folder; several processes may share it. */
export interface PredictionJobs {
  /**
   * Durable once it returns. The same key and the same content give the job that is there already.
   * @throws QuernError OVERLOADED, REQUEST_TOO_LARGE, KEY_REUSED, PATH_REFUSED, NETWORK_REFUSED, DISK_FULL
   */
  submit(
    submission: JobSubmission,
    input: JobUpload | { readonly source: string; readonly format?: JobRequest["format"] | undefined },
  ): Promise<{ readonly job: Job; readonly isNew: boolean }>;
  /** Newest first. */
  list(query: { readonly state?: JobState; readonly limit: number; readonly after?: string }): Promise<{
    readonly items: readonly Job[];
    readonly next?: string;
    readonly queue: JobQueue;
  }>;
  /** @throws QuernError JOB_NOT_FOUND */
  get(id: string): Promise<Job>;
  /** @throws QuernError JOB_NOT_FOUND, JOB_UNFINISHED */
  result(id: string): Promise<JobResult>;
  /** Stops one that waits or runs; forgets one that has ended, with its result. @throws QuernError JOB_NOT_FOUND */
  cancel(id: string): Promise<Job>;
  /** Lets what runs keep what it has done, for the next start. */
  close(): Promise<void>;
}
