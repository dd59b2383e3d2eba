import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { createTracer, SpanExporter } from "../../capabilities/tracing/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { createOutboundClient } from "../../foundation/base/outbound-client.js";
import { QUERN_VERSION } from "../../foundation/base/version.js";
import type { Tracer } from "../../foundation/contracts/tracing.js";
import { type WorkflowOptions, workflowContext } from "../context.js";

export interface TracesRequest {
  /** Address of a collector, with or without `/v1/traces`; default: what OpenTelemetry's variables say. */
  readonly url: string | undefined;
  /** Share of the traces that begin here, 0..1. */
  readonly sample: number;
  /** OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS, OTEL_SERVICE_NAME. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const EXPORT_TIMEOUT_MS = 10_000;
const ANSWER_BYTES = 1024 * 1024;

/** Nothing where no collector is named. Naming one allows it, wherever it is, and nothing else. @throws QuernError USAGE */
export function openTraces(request: TracesRequest, options: WorkflowOptions = {}): Tracer | undefined {
  const url = collectorUrl(request);
  if (!url) return undefined;
  const { clock, logger } = workflowContext(options);
  const { environment, sample } = request;
  const client = createOutboundClient({
    ...{ allowedHosts: [url.host], privateHosts: [url.host] },
    ...{ timeoutMs: EXPORT_TIMEOUT_MS, maxRedirects: 0, maxBytes: ANSWER_BYTES },
  });
  const exporter = new SpanExporter({
    ...{ url: url.href, client, clock, logger, version: QUERN_VERSION },
    headers: headersFrom(environment.OTEL_EXPORTER_OTLP_HEADERS ?? ""),
    resource: {
      "service.name": environment.OTEL_SERVICE_NAME ?? "quern",
      "service.version": QUERN_VERSION,
      "service.instance.id": `${hostname()}:${process.pid}`,
      "process.pid": process.pid,
      "telemetry.sdk.language": "nodejs",
    },
  });
  return createTracer({ sample, clock, randomBytes, exporter });
}

function collectorUrl({ url, environment }: TracesRequest): URL | undefined {
  const exact = url === undefined ? environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT : undefined;
  const text = exact || (url ?? environment.OTEL_EXPORTER_OTLP_ENDPOINT);
  if (!text) return undefined;
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.username !== "" || parsed.password !== "") {
    throw new QuernError("USAGE", `${JSON.stringify(text)} is no address of a collector of traces.`, {
      hint: "Write `--traces http://HOST:4318`; credentials go into OTEL_EXPORTER_OTLP_HEADERS.",
    });
  }
  if (!exact && !parsed.pathname.endsWith("/v1/traces")) {
    parsed.pathname = `${parsed.pathname.replace(/\/$/, "")}/v1/traces`;
  }
  return parsed;
}

/** `key=value,key=value`, percent-encoded, as W3C Baggage has it. @throws QuernError USAGE, which keeps the value to itself */
function headersFrom(text: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const pair of text.split(",")) {
    const [key = "", ...value] = pair.split("=");
    if (key.trim() === "" || value.length === 0) continue;
    const name = key.trim().toLowerCase();
    try {
      headers[name] = decodeURIComponent(value.join("=").trim());
    } catch {
      throw new QuernError(
        "USAGE",
        `The header ${JSON.stringify(name)} in OTEL_EXPORTER_OTLP_HEADERS has a percent sign that encodes nothing.`,
        { hint: "Values are percent-encoded: write % as %25." },
      );
    }
  }
  return headers;
}
