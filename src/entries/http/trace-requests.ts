/** Requests as spans, with the names of OpenTelemetry's conventions for HTTP (opentelemetry.io/docs/specs/semconv/http). */
import { formatTraceparent, type Tracer } from "../../foundation/contracts/tracing.js";
import type { Exchange } from "./exchange.js";

/** Probes, metrics and unknown paths are not traced: they would be most of what is seen. */
export function beginTrace(exchange: Exchange, tracer: Tracer): void {
  const { route, request } = exchange;
  if (!route || route.permission === "public" || route.path === "/metrics") return;
  const { traceparent, tracestate } = request.headers;
  const trace = tracer.begin(textOf(traceparent), textOf(tracestate));
  exchange.trace = trace;
  exchange.setHeader("traceresponse", formatTraceparent(trace));
}

export function endTrace({ trace, route, request, path, parameters }: Exchange, status: number): void {
  if (!trace?.isSampled) return;
  const method = request.method!;
  const pattern = route!.path.replace(/:([a-z]+)/g, "{$1}");
  const { model, version } = parameters;
  trace.end({
    name: `${method} ${pattern}`,
    attributes: {
      ...{ "http.request.method": method, "http.route": pattern, "url.path": path, "url.scheme": "http" },
      "http.response.status_code": status,
      ...(model === undefined ? {} : { "quern.model": model }),
      ...(version === undefined ? {} : { "quern.version": version }),
    },
    failed: status >= 500,
  });
}

const textOf = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header.join(",") : header;
