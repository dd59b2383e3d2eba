import { z } from "zod";
import { QUERN_VERSION } from "../../foundation/base/version.js";
import {
  errorBodySchema,
  NDJSON_TYPE,
  oipErrorSchema,
  predictRequestSchema,
} from "../../foundation/contracts/http.js";
import type { ServedModel } from "../../foundation/contracts/serving.js";
import { exampleRow } from "./example-row.js";
import type { Route } from "./route.js";

type Json = Record<string, unknown>;

/** OpenAPI 3.1, whose schemas are JSON Schema 2020-12: the table in another form, with the served models as examples. */
export function openApiDocument(routes: readonly Route[], models: readonly ServedModel[]): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = route.path.replace(/:([a-z]+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, models) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Quern",
      version: QUERN_VERSION,
      description: ABOUT,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    tags: TAGS.map(([name, description]) => ({ name, description })),
    paths,
    components: { securitySchemes: { token: { type: "http", scheme: "bearer", description: TOKEN } } },
  };
}

const ABOUT = `Predictions of trained models. Routes that predict take the headers Request-Timeout-Ms (less time than the server allows; \
what has not begun then is refused) and Quern-Subject (whose request it is: the same subject gets the same version while traffic is spread).`;
const TOKEN = "Asked for where tokens are configured; each token has permissions.";
const TAGS = [
  ["predict", "Rows in, answers out."],
  ["v2", "The Open Inference Protocol: tensors in, tensors out."],
  ["feedback", "What turned out to be true."],
  ["api", "Models, versions, runs and datasets."],
  ["v1", "Embeddings, and predictions of whole files in the background."],
  ["health", "For an orchestrator."],
  ["metrics", "For Prometheus."],
  ["openapi.json", "This document."],
  ["docs", "The same for people."],
] as const;

function operation(route: Route, models: readonly ServedModel[]): Json {
  const {
    method,
    path,
    summary,
    permission,
    params,
    query,
    body,
    stream,
    upload,
    headers,
    errors,
    answerStatuses = [],
  } = route;
  const error = errors === "inference-protocol" ? oipErrorSchema : errorBodySchema;
  const parameters = [
    ...[...parametersOf(params, "path", models), ...parametersOf(query, "query", models)],
    ...parametersOf(headers, "header", models),
  ];
  const refusals = statusesOf(route).map((status) => [
    status,
    { description: STATUSES[status], ...headersOf(status), content: jsonContent(error, "output") },
  ]);
  return {
    summary,
    operationId: [method.toLowerCase(), ...path.split(/[^a-z0-9]+/i).filter(Boolean)].join("-"),
    tags: [path.split("/")[1]],
    security: permission === "public" ? [] : [{ token: [permission] }],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body
      ? {
          requestBody: {
            required: true,
            content: { ...bodyContent(body.schema, models), ...mediaContent(upload ?? []) },
          },
        }
      : {}),
    ...(stream ? { requestBody: { required: true, content: lines(stream.schema, "input") } } : {}),
    responses: Object.fromEntries([
      ...refusals,
      ...[200, ...answerStatuses].map((status) => [
        status,
        { description: ANSWERS[status], content: answerContent(route) },
      ]),
    ]),
  };
}

function answerContent({ stream, answer }: Route): Json {
  if (stream) return lines(stream.answer, "output");
  if (typeof answer === "string") return mediaContent([answer]);
  return isList(answer) ? mediaContent(answer) : jsonContent(answer, "output");
}

const isList = (answer: Route["answer"]): answer is readonly string[] => Array.isArray(answer);
const mediaContent = (types: readonly string[]): Json => Object.fromEntries(types.map((type) => [type, {}]));

/** Statuses with the answer of the route. */
const ANSWERS: Readonly<Record<number, string>> = {
  200: "done",
  202: "accepted; it is done in the background",
  206: "the part that was asked for",
  503: "not ready",
};

const STATUSES: Readonly<Record<number, string>> = {
  400: "the request is malformed, or a value does not fit its column",
  401: "no token was sent, or it is not known",
  403: "the token may not do this, or the server is not addressed by a name of its own",
  404: "there is no such model, version, run, dataset or job",
  409: "something in between has changed, a gate is not met, or it is not done yet",
  413: "the request is larger than the server accepts",
  416: "there are no such bytes",
  422: "the model cannot be used, or not for this; or the key was used for something else",
  500: "a fault of the server; its log has the cause",
  503: "too much to do, or shutting down; try again after Retry-After",
  504: "the time for the request ran out before it was computed",
  507: "the server's disk is full",
};

/** Each refusal that the fields of a route can lead to. */
function statusesOf({ permission, params, body, stream, heavy, refusals = [] }: Route): readonly number[] {
  const statuses = [
    ...[400, 403, 500],
    ...(permission === "public" ? [] : [401]),
    ...(params ? [404] : []),
    ...(body || stream ? [413] : []),
    ...(heavy ? [422, 503, 504] : []),
    ...refusals,
  ];
  return [...new Set(statuses)].sort((a, b) => a - b);
}

function headersOf(status: number): Json {
  if (status !== 503) return {};
  const seconds = { description: "seconds", schema: { type: "integer", minimum: 1 } };
  return { headers: { "Retry-After": seconds } };
}

function parametersOf(
  schema: z.ZodObject | undefined,
  place: "path" | "query" | "header",
  models: readonly ServedModel[],
): Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = toSchema(schema, "input") as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    schema: property,
    ...examplesOf(name, models),
  }));
}

/** Rows that the served models take are shown as they are sent. */
function bodyContent(schema: z.ZodType, models: readonly ServedModel[]): Json {
  const content = jsonContent(schema, "input");
  if (schema !== predictRequestSchema || models.length === 0) return content;
  const examples = models.slice(0, SHOWN_MODELS).map((model) => {
    return [model.manifest.name, { value: exampleRow(model) }] as const;
  });
  return {
    "application/json": { ...(content["application/json"] as Json), examples: Object.fromEntries(examples) },
  };
}

const SHOWN_MODELS = 5;

/** Names and versions that this server answers for. */
function examplesOf(parameter: string, models: readonly ServedModel[]): Json {
  const values = models
    .slice(0, SHOWN_MODELS)
    .map(({ manifest }) => (parameter === "version" ? String(manifest.version) : manifest.name));
  if (values.length === 0 || !["model", "version"].includes(parameter)) return {};
  return { examples: Object.fromEntries([...new Set(values)].map((value) => [value, { value }])) };
}

const jsonContent = (schema: z.ZodType, io: "input" | "output"): Json => ({
  "application/json": { schema: toSchema(schema, io) },
});

/** Of one line (OpenAPI 3.2 calls this `itemSchema`); for tools that know 3.1 alone the whole is anything. */
const lines = (schema: z.ZodType, io: "input" | "output"): Json => ({
  [NDJSON_TYPE]: { schema: {}, "x-item-schema": toSchema(schema, io) },
});

function toSchema(schema: z.ZodType, io: "input" | "output"): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    override: ({ jsonSchema }) => plainTuple(jsonSchema),
  });
  return rest;
}

/** Tuples of one type as lists of a fixed length: tools that generate clients and requests know `prefixItems` less often. */
function plainTuple(schema: { prefixItems?: unknown; items?: unknown }): void {
  const { prefixItems } = schema;
  if (!Array.isArray(prefixItems) || prefixItems.length === 0) return;
  const [first, ...others] = prefixItems.map((item) => JSON.stringify(item));
  if (others.some((other) => other !== first)) return;
  schema.items = prefixItems[0];
  delete schema.prefixItems;
}
