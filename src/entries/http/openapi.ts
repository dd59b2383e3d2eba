import { z } from "zod";
import { QUERN_VERSION } from "../../foundation/base/version.js";
import { errorBodySchema, NDJSON_TYPE, oipErrorSchema } from "../../foundation/contracts/http.js";
import type { Route } from "./route.js";

type Json = Record<string, unknown>;

/** OpenAPI 3.1, whose schemas are JSON Schema 2020-12: the table in another form. */
export function openApiDocument(routes: readonly Route[]): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = route.path.replace(/:([a-z]+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Quern", version: QUERN_VERSION, license: { name: "Apache-2.0" } },
    paths,
    components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
  };
}

function operation(route: Route): Json {
  const { summary, permission, params, query, body, stream, answer, errors } = route;
  const error = errors === "inference-protocol" ? oipErrorSchema : errorBodySchema;
  const parameters = [...parametersOf(params, "path"), ...parametersOf(query, "query")];
  return {
    summary,
    tags: [route.path.split("/")[1]],
    security: permission === "public" ? [] : [{ token: [permission] }],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body ? { requestBody: { required: true, content: jsonContent(body.schema, "input") } } : {}),
    ...(stream ? { requestBody: { required: true, content: lines(stream.schema, "input") } } : {}),
    responses: {
      200: {
        description: "done",
        content: stream
          ? lines(stream.answer, "output")
          : typeof answer === "string"
            ? { [answer]: {} }
            : jsonContent(answer, "output"),
      },
      default: { description: "refused or failed", content: jsonContent(error, "output") },
    },
  };
}

function parametersOf(schema: z.ZodObject | undefined, place: "path" | "query"): Json[] {
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
  }));
}

const jsonContent = (schema: z.ZodType, io: "input" | "output"): Json => ({
  "application/json": { schema: toSchema(schema, io) },
});

/** Of one line (OpenAPI 3.2 calls this `itemSchema`); for tools that know 3.1 alone the whole is a text. */
const lines = (schema: z.ZodType, io: "input" | "output"): Json => ({
  [NDJSON_TYPE]: { schema: { type: "string" }, "x-item-schema": toSchema(schema, io) },
});

function toSchema(schema: z.ZodType, io: "input" | "output"): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}
