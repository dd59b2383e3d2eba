/** A traced server as a user starts it: spans of a request reach a collector, under the caller's trace, in both protocols. */
import * as grpc from "@grpc/grpc-js";
import { expect, it } from "vitest";
import { bundleFiles } from "../../src/capabilities/bundles/index.js";
import { createModelPool } from "../../src/capabilities/serving/index.js";
import { createServer, createServingMetrics } from "../../src/entries/http/index.js";
import { systemClock as clock } from "../../src/foundation/base/clock.js";
import { openTraces } from "../../src/workflows/serve/open-traces.js";
import { inferenceClient } from "../fixtures/inference-client.js";
import { smallModel } from "../golden/small-model.js";
import { startCollector } from "./traces.js";

const GOOD = {
  ...{ age: 30, balance: 1_000_000_001, member: "yes", city: "北京" },
  ...{ since: "2020-01-02", label: "good", place: [1, 2] },
};
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";
const TRACEPARENT = `00-${TRACE}-${PARENT}-01`;

it("sends spans of request, queue, batch and run under the caller's trace, and names the trace in log and answer", async () => {
  const collector = await startCollector();
  const lines: Record<string, unknown>[] = [];
  const logger = {
    log: (_level: string, message: string, facts = {}) => void lines.push({ message, ...facts }),
  };
  const tracer = openTraces(
    { url: undefined, sample: 0, environment: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } },
    { logger },
  )!;
  const models = createModelPool({ clock });
  const { manifest, files } = await bundleFiles(smallModel("binary"));
  const model = await models.add({ id: "b", manifest, files });
  const server = createServer(
    { port: 0, grpcPort: 0 },
    { models, clock, logger, tracer, metrics: createServingMetrics() },
  );
  const base = await server.listen();
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${base}/predict/small-binary`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  const rows = Array.from({ length: 300 }, () => GOOD);
  const traced = await post(rows, { traceparent: TRACEPARENT, tracestate: "vendor=x" });
  expect(traced.headers.get("traceresponse")).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
  const untraced = await post(GOOD);
  expect(untraced.headers.get("traceresponse")).toMatch(/-00$/);
  await fetch(`${base}/health/live`, { headers: { traceparent: TRACEPARENT } });
  Object.assign(model, { predict: async () => Promise.reject(new Error("broken")) });
  expect((await post(GOOD, { traceparent: TRACEPARENT })).status).toBe(500);
  expect(lines[0]).toMatchObject({ message: "A request failed.", trace_id: TRACE });

  const client = inferenceClient(server.grpcAddress);
  const metadata = new grpc.Metadata();
  metadata.set("traceparent", TRACEPARENT);
  const trailer = await new Promise<grpc.Metadata>((resolve) => {
    client
      .modelMetadata({ name: "small-binary" }, metadata, () => undefined)
      .on("status", (status: grpc.StatusObject) => resolve(status.metadata));
  });
  expect(trailer.get("traceresponse")[0]).toContain(TRACE);
  client.close();
  await server.close();
  await tracer.close();

  const spans = collector.spans();
  const requests = spans.filter(({ kind }) => kind === 2);
  expect(requests.map(({ name }) => name)).toEqual([
    ...["POST /predict/{model}", "POST /predict/{model}"],
    "inference.GRPCInferenceService/ModelMetadata",
  ]);
  expect(requests.map(({ status }) => status?.code)).toEqual([undefined, 2, undefined]);
  for (const span of spans)
    expect([span.traceId, span.traceState ?? "vendor=x"]).toEqual([TRACE, "vendor=x"]);
  const [request] = requests;
  expect(request.parentSpanId).toBe(PARENT);
  const inner = spans.filter(({ kind }) => kind === 1);
  const named = (name: string) => inner.filter((span) => span.name === name);
  // 300 rows are computed in pieces of at most 256.
  expect([named("queue").length, named("batch").length, named("run").length]).toEqual([2, 2, 2]);
  for (const span of inner) {
    expect(span.parentSpanId).toBe(request.spanId);
    expect(BigInt(span.startTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(request.startTimeUnixNano) - 1000n);
    expect(BigInt(span.endTimeUnixNano)).toBeLessThanOrEqual(BigInt(request.endTimeUnixNano) + 1000n);
  }
  for (const [k, run] of named("run").entries())
    expect(BigInt(run.startTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(named("batch")[k].startTimeUnixNano));
  await collector.close();
});

it("takes addresses as OpenTelemetry does, and no others", () => {
  const open = (url: string | undefined, environment = {}) => openTraces({ url, sample: 1, environment });
  expect(open(undefined)).toBeUndefined();
  for (const url of ["collector:4318", "ftp://collector", "http://user:pass@collector:4318"])
    expect(() => open(url), url).toThrow(/no address of a collector/);
});
