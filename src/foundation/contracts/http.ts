/** The wire formats of the server: what requests and answers look like, and who may make them. */
import { z } from "zod";
import { predictionExplanationSchema } from "./explanation.js";
import { momentSchema } from "./moment.js";
import {
  boxesAnswerSchema,
  entitiesAnswerSchema,
  labelsAnswerSchema,
  maskAnswerSchema,
  vectorAnswerSchema,
} from "./structured-answers.js";

/** What a caller may do. `public` needs no token even where tokens are configured. */
export const PERMISSIONS = ["public", "predict", "read", "manage"] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** Of every route but those of the Open Inference Protocol, whose errors are `{error: text}`. */
export const errorBodySchema = z.strictObject({
  error: z.strictObject({
    code: z.string().describe("see docs/errors.md; INTERNAL for a fault of the server"),
    message: z.string(),
    hint: z.string(),
    details: z.record(z.string(), z.unknown()),
  }),
});
export type ErrorBody = z.infer<typeof errorBodySchema>;

// ---- predict -------------------------------------------------------------------------------------------------

export const rowSchema = z
  .record(z.string(), z.unknown())
  .describe(
    "column name to value; null = missing; a picture is a file in base64 or a data URI, or {height, width, channels, data}",
  );

export const predictEnvelopeSchema = z.strictObject({
  rows: z.array(rowSchema),
  id: z
    .union([z.string().max(200), z.array(z.string().max(200))])
    .optional()
    .describe("names the predictions: one text a row, or one text from which `text/0`, `text/1`, … are made"),
  explain: z
    .boolean()
    .optional()
    .describe(
      "adds what each column contributed; at most 100 rows, and slower for models that must be asked",
    ),
});
export const predictRequestSchema = z
  .union([rowSchema, z.array(rowSchema), predictEnvelopeSchema])
  .describe("a row, a list of rows, or an envelope");

const named = { id: z.string() };

const finite = z.number().nullable();
export const predictResponseSchema = z.strictObject({
  model: z.string(),
  version: z.number().int(),
  predictions: z
    .array(
      z.union([
        z.strictObject({
          id: z.string(),
          label: z.string(),
          probabilities: z.record(z.string(), z.number()),
          explanation: predictionExplanationSchema.optional(),
        }),
        z.strictObject({
          id: z.string(),
          prediction: finite.describe("null where the model answers no finite number"),
          interval: z
            .tuple([finite, finite])
            .optional()
            .describe("holds the truth as often as the model's manifest says"),
          explanation: predictionExplanationSchema.optional(),
        }),
        labelsAnswerSchema.extend(named),
        entitiesAnswerSchema.extend(named),
        boxesAnswerSchema.extend(named),
        maskAnswerSchema.extend(named),
        vectorAnswerSchema.extend(named),
      ]),
    )
    .describe("one a row, in order"),
});

// ---- streams -------------------------------------------------------------------------------------------------

/** One JSON value a line (github.com/ndjson/ndjson-spec). */
export const NDJSON_TYPE = "application/x-ndjson";
export const streamedRowSchema = rowSchema.describe("one row; the body has a line for each");
export const streamedAnswerSchema = z
  .union([
    z.looseObject({ row: z.number().int(), id: z.string() }).describe("the answer to a row, as of predict"),
    errorBodySchema.extend({ row: z.number().int() }).describe("what is wrong with a row"),
    z
      .strictObject({ done: z.literal(true), rows: z.number().int(), failed: z.number().int() })
      .describe("the last line of a stream that is whole"),
    errorBodySchema.describe("the last line of a stream that broke off"),
  ])
  .describe("one line of the answer");

// ---- Open Inference Protocol v2 (github.com/kserve/open-inference-protocol, inference_rest.md) -----------------

export const OIP_DATATYPES = ["BOOL", "UINT8", "INT32", "INT64", "FP32", "FP64", "BYTES"] as const;
export type OipDatatype = (typeof OIP_DATATYPES)[number];

const parametersSchema = z.record(z.string(), z.unknown());
const tensorMetadataSchema = z.object({
  name: z.string(),
  datatype: z.enum(OIP_DATATYPES),
  shape: z.array(z.number().int()).describe("-1 = any size"),
});

export const oipServerSchema = z.object({
  name: z.string(),
  version: z.string(),
  extensions: z.array(z.string()),
});
export const oipModelSchema = z.object({
  name: z.string(),
  versions: z.array(z.string()),
  platform: z.string(),
  inputs: z.array(tensorMetadataSchema),
  outputs: z.array(tensorMetadataSchema),
});
export const oipInferRequestSchema = z.object({
  id: z.string().optional(),
  parameters: parametersSchema.optional(),
  inputs: z.array(
    z.object({
      name: z.string(),
      shape: z.array(z.number().int().nonnegative()).max(8),
      datatype: z.string(),
      parameters: parametersSchema
        .optional()
        .describe("binary_data_size: this many bytes behind the JSON head are the tensor"),
      data: z
        .array(z.unknown())
        .optional()
        .describe("flat or nested, row-major; null = missing in FP32 and FP64; integers exact to 64 bits"),
    }),
  ),
  outputs: z.array(z.object({ name: z.string(), parameters: parametersSchema.optional() })).optional(),
});
export const oipInferResponseSchema = z.object({
  model_name: z.string(),
  model_version: z.string(),
  id: z.string().optional(),
  outputs: z.array(
    z.object({
      name: z.string(),
      datatype: z.enum(OIP_DATATYPES),
      shape: z.array(z.number().int()),
      parameters: parametersSchema.optional(),
      data: z.array(z.unknown()).optional().describe("absent where the tensor was asked for in binary"),
    }),
  ),
});
export const oipErrorSchema = z.object({ error: z.string() });

// ---- registry ------------------------------------------------------------------------------------------------

const reasonSchema = z.string().min(1).max(1000).describe("kept with the change");
const actorSchema = z.string().max(200).optional().describe("who asks for it");
const aliasSchema = z.string().max(50).default("champion");
export const promoteRequestSchema = z.strictObject({
  version: z.union([z.number().int().positive(), z.string().max(50)]).describe("a version or an alias"),
  alias: aliasSchema,
  reason: reasonSchema,
  actor: actorSchema,
  force: z.boolean().default(false).describe("although a gate is not met"),
});
export const rollbackRequestSchema = z.strictObject({
  alias: aliasSchema,
  reason: reasonSchema,
  actor: actorSchema,
});
export const approveRequestSchema = z.strictObject({
  version: z.number().int().positive(),
  alias: aliasSchema,
  approver: z.string().min(1).max(200),
  note: z.string().max(1000).default(""),
});

// ---- api -----------------------------------------------------------------------------------------------------

export const servedModelSchema = z.strictObject({
  name: z.string(),
  version: z.number().int(),
  task: z.string(),
  target: z.string(),
  state: z.enum(["ready", "draining", "failed"]),
  /** Answers when a request names no version. */
  current: z.boolean(),
  bundle: z.string(),
  inputs: z.array(z.strictObject({ name: z.string(), kind: z.string(), optional: z.boolean() })),
});

// ---- feedback ------------------------------------------------------------------------------------------------

/** What turned out to be true of predictions, named by the ids of their answers. Telling it twice changes nothing. */
export const feedbackRequestSchema = z.strictObject({
  feedback: z
    .array(
      z.strictObject({
        id: z.string().min(1).max(200),
        actual: z.union([z.string().max(1000), z.number(), z.boolean()]).describe("a class, or a number"),
        at: momentSchema.optional().describe("when it became known, epoch milliseconds; default now"),
      }),
    )
    .min(1)
    .max(10_000),
});
