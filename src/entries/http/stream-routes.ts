import { randomUUID } from "node:crypto";
import { z } from "zod";
import { QuernError } from "../../foundation/base/errors.js";
import { NDJSON_TYPE, streamedAnswerSchema, streamedRowSchema } from "../../foundation/contracts/http.js";
import { findReference } from "../../foundation/contracts/model-reference.js";
import { answerLines } from "./answer-stream.js";
import { defineRoute, type Route, type StreamReply } from "./route.js";

export const streamRoutes: readonly Route[] = [
  defineRoute({
    method: "POST",
    path: "/predict/:model/stream",
    summary:
      "Predict rows without end: a line of JSON for each, answered by a line in order. Read while you write.",
    permission: "predict",
    params: z.strictObject({ model: z.string().min(1).max(200) }),
    query: z.strictObject({
      id: z.string().max(200).optional().describe("names the predictions `id/0`, `id/1`, …"),
    }),
    stream: { schema: streamedRowSchema, answer: streamedAnswerSchema },
    answer: NDJSON_TYPE,
    handle({ params, query, stream, run, subject, trace }, context): StreamReply {
      if (!stream)
        throw new QuernError(
          "REQUEST_INVALID",
          `The body must be lines of JSON (Content-Type: ${NDJSON_TYPE}).`,
        );
      // Not settled: how long a stream takes says how long it is, and nothing about the version.
      const routed = context.traffic?.route(params.model, subject ?? query.id ?? randomUUID());
      const model = routed?.model ?? findReference(context.models, params.model);
      const { name, version } = model.manifest;
      return {
        contentType: NDJSON_TYPE,
        headers: { "quern-model": `${encodeURIComponent(name)}@${version}` },
        pieces: answerLines(context, {
          ...{ model, source: stream, id: query.id, trace },
          ...{ signal: run.signal!, onPhase: run.onPhase },
        }),
      };
    },
  }),
];
