/** Predictions of whole files: taken now, computed in the background, fetched when they are done. */
import { Readable } from "node:stream";
import { z } from "zod";
import { QuernError } from "../../foundation/base/errors.js";
import {
  JOB_MEDIA_TYPES,
  JOB_OUTPUTS,
  JOB_STATES,
  type JobOutput,
  type JobRequest,
  type JobResult,
  type JobSubmission,
  type JobUpload,
  jobQueueSchema,
  jobRequestSchema,
  jobSchema,
  jobUploadSchema,
  type PredictionJobs,
} from "../../foundation/contracts/job.js";
import { findReference } from "../../foundation/contracts/model-reference.js";
import type { ModelPool } from "../../foundation/contracts/serving.js";
import { bodyOf } from "./body-reader.js";
import { defineRoute, type Route, type StreamReply, type TextReply } from "./route.js";

const params = z.strictObject({ job: z.string().min(1).max(100) });
const submitHeaders = z.object({
  "idempotency-key": z
    .string()
    .min(1)
    .max(255)
    .optional()
    .describe("the same key with the same request is the same job, however often it is sent"),
});
const rangeHeaders = z.object({
  range: z.string().optional().describe("`bytes=0-999`, `bytes=1000-` or `bytes=-500`: one range"),
  "if-range": z.string().optional(),
});

export const jobRoutes = (jobs: PredictionJobs): readonly Route[] => [
  defineRoute({
    ...{ method: "POST", path: "/v1/jobs", permission: "predict" },
    summary:
      "Predict a whole file in the background: sent as the body (with `model` in the query), or named.",
    query: jobUploadSchema,
    headers: submitHeaders,
    body: bodyOf(jobRequestSchema),
    upload: Object.values(JOB_MEDIA_TYPES),
    refusals: [404, 422, 503, 507],
    answerStatuses: [202],
    answer: jobSchema,
    async handle({ query, headers, body, stream, uploaded }, { models }): Promise<TextReply> {
      const key = headers["idempotency-key"];
      const { submission, input } = stream
        ? uploadOf(query, stream, uploaded!, models)
        : namedOf(body, models);
      const { job, isNew } = await jobs.submit({ ...submission, ...(key ? { key } : {}) }, input);
      return {
        status: isNew ? 202 : 200,
        contentType: "application/json; charset=utf-8",
        headers: { location: `/v1/jobs/${job.id}` },
        text: JSON.stringify(job),
      };
    },
  }),
  defineRoute({
    ...{ method: "GET", path: "/v1/jobs", permission: "predict" },
    summary: "Jobs, newest first, and how many wait, run, and may.",
    query: z.strictObject({
      state: z.enum(JOB_STATES).optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(100),
      after: z.string().max(100).optional(),
    }),
    answer: z.object({
      items: z.array(jobSchema),
      next: z.string().optional().describe("`after` of the next page"),
      queue: jobQueueSchema,
    }),
    handle: ({ query: { state, limit, after } }) =>
      jobs.list({ limit, ...(state ? { state } : {}), ...(after === undefined ? {} : { after }) }),
  }),
  defineRoute({
    ...{ method: "GET", path: "/v1/jobs/:job", permission: "predict", params },
    summary: "How far a job is, and what came of it.",
    answer: jobSchema,
    handle: ({ params: { job } }) => jobs.get(job),
  }),
  defineRoute({
    ...{ method: "GET", path: "/v1/jobs/:job/result", permission: "predict", params },
    summary: "What a job that is done has predicted, whole or a range of its bytes.",
    headers: rangeHeaders,
    refusals: [409, 416],
    answerStatuses: [206],
    answer: Object.values(JOB_MEDIA_TYPES),
    async handle({ params: { job }, headers }): Promise<StreamReply> {
      const result = await jobs.result(job);
      const tag = `"${result.id}"`;
      const isWhole = headers["if-range"] !== undefined && headers["if-range"] !== tag;
      return resultReply(result, tag, isWhole ? undefined : headers.range);
    },
  }),
  defineRoute({
    ...{ method: "DELETE", path: "/v1/jobs/:job", permission: "predict", params },
    summary: "Stops a job that waits or runs; forgets one that has ended, with its result.",
    answer: jobSchema,
    handle: ({ params: { job } }) => jobs.cancel(job),
  }),
];

interface Wish {
  readonly submission: JobSubmission;
  readonly input: Parameters<PredictionJobs["submit"]>[1];
}

function uploadOf(
  { model, ...rest }: z.output<typeof jobUploadSchema>,
  stream: AsyncIterable<Uint8Array>,
  type: string,
  models: ModelPool,
): Wish {
  const format = JOB_OUTPUTS.find((output) => JOB_MEDIA_TYPES[output] === type);
  if (model === undefined || format === undefined)
    throw new QuernError("REQUEST_INVALID", "An upload needs `model` in the query.", {
      details: { field: "model" },
    });
  // Ending early must leave the connection, on which the refusal is told.
  const bytes = stream instanceof Readable ? stream.iterator({ destroyOnReturn: false }) : stream;
  const input: JobUpload = { format: format satisfies JobOutput, bytes };
  return { submission: { ...rest, model: versionOf(model, models) }, input };
}

function namedOf({ model, source, format, ...rest }: JobRequest, models: ModelPool): Wish {
  return { submission: { ...rest, model: versionOf(model, models) }, input: { source, format } };
}

/** @throws QuernError MODEL_NOT_FOUND for what is not served here */
function versionOf(asked: string, models: ModelPool): JobSubmission["model"] {
  const { name, version } = findReference(models, asked).manifest;
  return { name, version, asked };
}

function resultReply(
  { id, output, bytes, read }: JobResult,
  tag: string,
  range: string | undefined,
): StreamReply {
  const common = {
    "accept-ranges": "bytes",
    "content-disposition": `attachment; filename="${id}.${output}"`,
    etag: tag,
  };
  const part = range === undefined ? undefined : parseRange(range, bytes);
  const { start, end } = part ?? { start: 0, end: bytes };
  const length = { "content-length": String(end - start) };
  return {
    status: part ? 206 : 200,
    contentType: JOB_MEDIA_TYPES[output],
    headers: part
      ? { ...common, ...length, "content-range": `bytes ${start}-${end - 1}/${bytes}` }
      : { ...common, ...length },
    pieces: read(start, end),
  };
}

/**
 * One range of bytes; `end` is not in it. What is not understood counts as not asked for (RFC 9110, section 14.2).
 * @throws QuernError RANGE_UNSATISFIABLE
 */
function parseRange(text: string, bytes: number): { start: number; end: number } | undefined {
  const [, from = "", to = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(text.trim()) ?? [];
  if (from === "" && to === "") return undefined;
  const start = from === "" ? Math.max(0, bytes - Number(to)) : Number(from);
  const end = from === "" || to === "" ? bytes : Math.min(bytes, Number(to) + 1);
  if (from !== "" && to !== "" && Number(to) < Number(from)) return undefined;
  if (start < end) return { start, end };
  throw new QuernError("RANGE_UNSATISFIABLE", `The result has ${bytes} bytes.`, { details: { bytes } });
}
