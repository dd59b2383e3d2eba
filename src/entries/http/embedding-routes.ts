/** Vectors of texts and pictures, asked for as of OpenAI's API, and the nearest of some rows. */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { createVectorIndex, type Vectors } from "../../capabilities/similarity/vector-index.js";
import { QuernError } from "../../foundation/base/errors.js";
import type { Manifest } from "../../foundation/contracts/bundle.js";
import { rowSchema } from "../../foundation/contracts/http.js";
import { findReference } from "../../foundation/contracts/model-reference.js";
import type { Prediction, Row } from "../../foundation/contracts/prediction.js";
import { answerRows } from "./answer-rows.js";
import { checked } from "./checked.js";
import { parseJson } from "./json.js";
import { tooManyRows } from "./limits.js";
import { type BodyReader, defineRoute, type Route, type RouteContext, type RouteRequest } from "./route.js";

const modelName = z.string().min(1).max(200);
const embeddingsSchema = z.object({
  model: modelName,
  input: z.union([z.string(), z.array(z.string()).min(1)]).describe("texts, or pictures in base64"),
  encoding_format: z.enum(["float", "base64"]).default("float").describe("`base64`: little-endian float32"),
  user: z.string().optional(),
});
const embeddingsAnswerSchema = z.object({
  object: z.literal("list"),
  data: z.array(
    z.object({
      object: z.literal("embedding"),
      index: z.number().int(),
      embedding: z.union([z.array(z.number()), z.string()]),
    }),
  ),
  model: z.string(),
});

const similarSchema = z.strictObject({
  rows: z.array(rowSchema).min(1).describe("rows that are looked for"),
  catalogue: z.array(rowSchema).min(1).describe("rows that are found"),
  k: z.number().int().min(1).max(1000).default(5),
});
const similarAnswerSchema = z.object({
  model: z.string(),
  version: z.number().int(),
  similar: z
    .array(
      z.array(
        z.object({
          row: z.number().int().describe("place in the catalogue, from 0"),
          similarity: z.number(),
        }),
      ),
    )
    .describe("for each row the nearest first"),
});

const embeddingsBody: BodyReader<z.infer<typeof embeddingsSchema>> = {
  schema: embeddingsSchema,
  read: (text) => checked(embeddingsSchema, parseJson(text)),
};

interface SimilarBody {
  readonly rows: readonly Row[];
  readonly catalogue: readonly Row[];
  readonly k: number;
}
const similarBody: BodyReader<SimilarBody> = {
  schema: similarSchema,
  read(text) {
    const body = parseJson(text);
    const { k } = checked(similarSchema, body);
    // Rows as they were sent: a column may be called `__proto__`, which record schemas drop.
    const { rows, catalogue } = body as SimilarBody;
    return { rows, catalogue, k };
  },
};

export const embeddingRoutes: readonly Route[] = [
  defineRoute({
    method: "POST",
    path: "/v1/embeddings",
    summary: "Vectors of texts or pictures, as OpenAI's API gives them.",
    permission: "predict",
    body: embeddingsBody,
    refusals: [404, 422, 503, 504],
    answer: embeddingsAnswerSchema,
    async handle({ body, run, subject }, context) {
      const { model: reference, input, encoding_format: format, user } = body;
      const column = onlyInput(findReference(context.models, reference).manifest);
      const rows = (typeof input === "string" ? [input] : input).map((text): Row => ({ [column]: text }));
      const { vectors } = await vectorsOf(context, reference, rows, { run, subject: subject ?? user });
      const data = vectors.map((vector, index) => ({
        object: "embedding" as const,
        index,
        embedding:
          format === "float" ? vector : Buffer.from(Float32Array.from(vector).buffer).toString("base64"),
      }));
      return { object: "list" as const, data, model: reference };
    },
  }),
  defineRoute({
    method: "POST",
    path: "/similar/:model",
    summary: "The rows of a catalogue that are nearest to given ones, by the cosine of their vectors.",
    permission: "predict",
    params: z.strictObject({ model: modelName }),
    body: similarBody,
    heavy: true,
    answer: similarAnswerSchema,
    async handle({ params, body: { rows, catalogue, k }, run, subject }, context) {
      const caller = { run, subject };
      const asked = await vectorsOf(context, params.model, rows, caller);
      const known = await vectorsOf(context, params.model, catalogue, caller);
      const found = createVectorIndex(matrixOf(known.vectors)).nearest(matrixOf(asked.vectors), k);
      const { name, version } = asked.manifest;
      const similar = found.map(({ rows: places, similarities }) =>
        Array.from(places, (place, at) => ({ row: place, similarity: similarities[at]! })),
      );
      return { model: name, version, similar };
    },
  }),
];

async function vectorsOf(
  context: RouteContext,
  reference: string,
  rows: readonly Row[],
  { run, subject }: Pick<RouteRequest<never, never, never>, "run" | "subject">,
): Promise<{ readonly manifest: Manifest; readonly vectors: readonly (readonly number[])[] }> {
  const limit = context.options.maximumRows;
  if (rows.length > limit) throw tooManyRows(rows.length, limit);
  checkVectors(findReference(context.models, reference).manifest);
  const ids = rows.map(() => randomUUID());
  const { model, answers } = await answerRows(context, { reference, subject, rows, ids, run });
  context.metrics.predicted(model, rows.length);
  return { manifest: model.manifest, vectors: answers.map((answer) => vectorOf(answer, model.manifest)) };
}

function vectorOf(answer: Prediction, manifest: Manifest): readonly number[] {
  if ("vector" in answer) return answer.vector;
  throw noVectors(manifest);
}

function checkVectors(manifest: Manifest): void {
  if (manifest.outputs.kind !== "vector") throw noVectors(manifest);
}

/** The one column that an input of the API fills. */
function onlyInput(manifest: Manifest): string {
  checkVectors(manifest);
  const [input, ...others] = manifest.inputs;
  if (input && others.length === 0) return input.column.name;
  throw new QuernError("UNSUPPORTED", `${manifest.name} takes ${manifest.inputs.length} columns, not one.`, {
    hint: `Send rows to /predict/${manifest.name}.`,
  });
}

const noVectors = ({ name, version }: Manifest): QuernError =>
  new QuernError("UNSUPPORTED", `${name}@${version} gives no vectors.`, {
    hint: "Make a model of vectors: quern embed MODEL --name NAME.",
  });

function matrixOf(vectors: readonly (readonly number[])[]): Vectors {
  return { values: Float32Array.from(vectors.flat()), width: vectors[0]!.length };
}
