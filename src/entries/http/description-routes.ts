import { z } from "zod";
import { QUERN_VERSION } from "../../foundation/base/version.js";
import { docsPage } from "./docs-page.js";
import { openApiDocument } from "./openapi.js";
import { languageOf, pageHeaders, wantsPage } from "./page-language.js";
import { defineRoute, type Route } from "./route.js";
import { startPage } from "./start-page.js";

const htmlReply = (text: string) => ({
  contentType: "text/html; charset=utf-8",
  headers: { vary: "accept, accept-language" },
  text,
});

/** The server about itself. */
export const descriptionRoutes: readonly Route[] = [
  defineRoute({
    ...{ method: "GET", path: "/", permission: "read", headers: pageHeaders },
    summary: "What this server is and which models it answers for; a page for browsers.",
    answer: z.object({
      service: z.literal("quern"),
      version: z.string(),
      models: z.array(z.object({ name: z.string(), version: z.number(), task: z.string() })),
      links: z.record(z.string(), z.string()),
    }),
    handle: ({ headers }, { routes, models }) =>
      wantsPage(headers.accept)
        ? htmlReply(startPage(routes, models.list(), languageOf(headers["accept-language"])))
        : {
            service: "quern",
            version: QUERN_VERSION,
            models: models.list().map(({ manifest: { name, version, task } }) => ({ name, version, task })),
            links: { docs: "/docs", openapi: "/openapi.json", metrics: "/metrics", ready: "/health/ready" },
          },
  }),
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
    ...{ method: "GET", path: "/docs", permission: "read", headers: pageHeaders, answer: "text/html" },
    summary: "This interface as a page, in English or Chinese.",
    handle: ({ headers }, { routes, models }) =>
      htmlReply(docsPage(routes, models.list(), languageOf(headers["accept-language"]))),
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
