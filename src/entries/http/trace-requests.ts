/** Requests as spans, with the names of OpenTelemetry's conventions for HTTP (opentelemetry.io/docs/specs/semconv/http). */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { formatTraceparent, type RequestTrace, type Tracer } from "../../foundation/contracts/tracing.js";
import type { RouteConfig } from "./route.js";

const traces = new WeakMap<FastifyRequest, RequestTrace>();

export const traceOf = (request: FastifyRequest): RequestTrace | undefined => traces.get(request);

/** Probes, metrics and unknown paths are not traced: they would be most of what is seen. */
export function traceRequests(app: FastifyInstance, tracer: Tracer): void {
  app.addHook("onRequest", (request, reply, done) => {
    const { table } = request.routeOptions.config as RouteConfig;
    if (table && table.permission !== "public" && table.path !== "/metrics") {
      const { traceparent, tracestate } = request.headers;
      const trace = tracer.begin(textOf(traceparent), textOf(tracestate));
      traces.set(request, trace);
      reply.header("traceresponse", formatTraceparent(trace));
    }
    done();
  });
  app.addHook("onResponse", (request, reply, done) => {
    const trace = traces.get(request);
    if (trace?.isSampled) {
      const { method } = request;
      const route = (request.routeOptions.config as RouteConfig).table!.path.replace(/:([a-z]+)/g, "{$1}");
      const { model, version } = request.params as { model?: string; version?: string };
      trace.end({
        name: `${method} ${route}`,
        attributes: {
          ...{ "http.request.method": method, "http.route": route },
          ...{ "url.path": request.url.split("?", 1)[0]!, "url.scheme": "http" },
          "http.response.status_code": reply.statusCode,
          ...(model === undefined ? {} : { "quern.model": model }),
          ...(version === undefined ? {} : { "quern.version": version }),
        },
        failed: reply.statusCode >= 500,
      });
    }
    done();
  });
}

const textOf = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header.join(",") : header;
