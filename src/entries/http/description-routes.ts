import { z } from "zod";
import { docsPage } from "./docs-page.js";
import { openApiDocument } from "./openapi.js";
import { defineRoute, type Route } from "./route.js";

/** The server about itself. */
export const descriptionRoutes: readonly Route[] = [
  defineRoute({
    ...{
      method: "GET",
      path: "/openapi.json",
      permission: "read",
      answer: z.record(z.string(), z.unknown()),
    },
    summary: "This interface as OpenAPI 3.1.",
    handle: (_request, { routes, models }) => openApiDocument(routes, models.list()),
  }),
  defineRoute({
    ...{ method: "GET", path: "/docs", permission: "read", answer: "text/html" },
    summary: "This interface as a page.",
    handle: (_request, { routes, models }) => ({
      contentType: "text/html; charset=utf-8",
      text: docsPage(routes, models.list()),
    }),
  }),
  defineRoute({
    ...{ method: "GET", path: "/metrics", permission: "read", answer: "text/plain" },
    summary: "Metrics for Prometheus.",
    handle: async (_request, { metrics }) => ({
      contentType: metrics.contentType,
      text: await metrics.render(),
    }),
  }),
];
