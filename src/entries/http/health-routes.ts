import { z } from "zod";
import { defineRoute, type Route, type RouteContext } from "./route.js";

const answer = z.object({ live: z.boolean(), ready: z.boolean().optional() });

/** The protocol's text prints `live` for readiness too; both are given, and the status says the same. */
function readiness({ isReady }: RouteContext) {
  const ready = isReady();
  const text = JSON.stringify({ live: true, ready });
  return { status: ready ? 200 : 503, contentType: "application/json; charset=utf-8", text };
}

/** Under the server's own names and those of the Open Inference Protocol. */
export const healthRoutes: readonly Route[] = ["/health", "/v2/health"].flatMap((prefix) => [
  defineRoute({
    ...{ method: "GET", path: `${prefix}/live`, permission: "public", answer },
    summary: "Whether the process answers.",
    handle: () => ({ live: true }),
  }),
  defineRoute({
    ...{ method: "GET", path: `${prefix}/ready`, permission: "public", answer },
    answerStatuses: [503],
    summary: "Whether every model answers and no shutdown has begun; 503 otherwise.",
    handle: (_request, context) => readiness(context),
  }),
]);
