import { randomUUID } from "node:crypto";
import { z } from "zod";
import { QuernError } from "../../foundation/base/errors.js";
import { predictRequestSchema, predictResponseSchema } from "../../foundation/contracts/http.js";
import type { Row } from "../../foundation/contracts/prediction.js";
import { answerRows } from "./answer-rows.js";
import { writeAnswers } from "./answer-text.js";
import { parseJson } from "./json.js";
import { MOST_EXPLAINED_ROWS, tooManyRows } from "./limits.js";
import { type BodyReader, defineRoute, type Route, type TextReply } from "./route.js";

interface PredictRequest {
  readonly rows: readonly Row[];
  readonly id?: string | readonly string[];
  readonly explain?: boolean;
}

/**
 * Rows are read as they are: validating by the schema would copy them and lose a column called `__proto__`.
 * Their values are checked against the model's columns when they are encoded.
 */
const predictBody: BodyReader<PredictRequest> = {
  schema: predictRequestSchema,
  read(text) {
    const body = parseJson(text);
    if (Array.isArray(body)) return { rows: body };
    if (!isObject(body)) throw invalid("The body must be a row, a list of rows, or {rows}.", "");
    return isEnvelope(body) ? readEnvelope(body) : { rows: [body] };
  },
};

const ENVELOPE_KEYS = new Set(["rows", "id", "explain"]);

/** A row may have a column called `rows`, but no column holds a list of objects. */
function isEnvelope(body: Row): boolean {
  const rows = Object.hasOwn(body, "rows") ? body.rows : undefined;
  return Array.isArray(rows) && (rows.length === 0 || isObject(rows[0]));
}

function readEnvelope({ rows, id, explain, ...rest }: Row): PredictRequest {
  const unknown = Object.keys(rest).find((key) => !ENVELOPE_KEYS.has(key));
  if (unknown !== undefined)
    throw invalid(`There is no field ${JSON.stringify(unknown)} beside rows.`, unknown);
  if (explain !== undefined && typeof explain !== "boolean")
    throw invalid("explain must be true or false.", "explain");
  const list = rows as readonly Row[];
  const wish = { rows: list, ...(explain === true ? { explain } : {}) };
  if (id === undefined) return wish;
  const texts = Array.isArray(id) ? id : [id];
  if (!texts.every((text) => typeof text === "string" && text.length <= 200)) {
    throw invalid("id must be a text of at most 200 characters, or a list of such texts.", "id");
  }
  if (Array.isArray(id) && id.length !== list.length) {
    throw invalid(`id has ${id.length} texts for ${list.length} rows.`, "id");
  }
  return { ...wish, id: id as string | readonly string[] };
}

export const predictRoutes: readonly Route[] = [
  defineRoute({
    method: "POST",
    path: "/predict/:model",
    summary: "Predict: one answer a row. `name` or `name@version`.",
    permission: "predict",
    heavy: true,
    params: z.strictObject({ model: z.string().min(1).max(200) }),
    body: predictBody,
    answer: predictResponseSchema,
    async handle({ params, body, run, subject }, context): Promise<TextReply> {
      const { metrics, options } = context;
      const { rows } = body;
      const limit = body.explain ? Math.min(MOST_EXPLAINED_ROWS, options.maximumRows) : options.maximumRows;
      if (rows.length > limit) throw tooManyRows(rows.length, limit);
      const ids = idsOf(body);
      const { model, answers } = await answerRows(context, {
        reference: params.model,
        subject: subject ?? (typeof body.id === "string" ? body.id : undefined),
        rows,
        ids,
        run,
      });
      const explanations = body.explain && rows.length > 0 ? await model.explain(rows) : undefined;
      metrics.predicted(model, rows.length);
      return {
        contentType: "application/json; charset=utf-8",
        text: writeAnswers(model.manifest, { ids, answers, explanations }),
      };
    },
  }),
];

/** Every prediction has an id, so that what turns out to be true can be reported against it later. */
function idsOf({ rows, id }: PredictRequest): readonly string[] {
  if (id === undefined) return rows.map(() => randomUUID());
  if (typeof id !== "string") return id;
  return rows.length === 1 ? [id] : rows.map((_, row) => `${id}/${row}`);
}

function isObject(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(message: string, field: string): QuernError {
  return new QuernError("REQUEST_INVALID", message, { details: { field } });
}
