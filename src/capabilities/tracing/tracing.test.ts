import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../foundation/base/clock.js";
import { createOutboundClient } from "../../foundation/base/outbound-client.js";
import { formatTraceparent } from "../../foundation/contracts/tracing.js";
import { type FinishedSpan, otlpRequest } from "./otlp.js";
import { SpanExporter } from "./span-exporter.js";
import { isTraceSampled, parseTraceparent } from "./trace-context.js";
import { createTracer } from "./tracer.js";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";

describe("trace context", () => {
  it("is read as the W3C's examples have it, and malformed headers begin a new trace", () => {
    const context = { traceId: TRACE, parentId: PARENT, isSampled: true, state: "a=1" };
    expect(parseTraceparent(`00-${TRACE}-${PARENT}-01`, "a=1")).toEqual(context);
    expect(parseTraceparent(`00-${TRACE}-${PARENT}-00`, undefined)).toMatchObject({ isSampled: false });
    // A later version may have more behind what is known.
    expect(parseTraceparent(`cc-${TRACE}-${PARENT}-01-more`, "a=1")).toEqual(context);
    for (const header of [
      ...[undefined, "", "00", `00-${TRACE}-${PARENT}-01-more`, `ff-${TRACE}-${PARENT}-01`],
      ...[`00-${"0".repeat(32)}-${PARENT}-01`, `00-${TRACE}-${"0".repeat(16)}-01`],
      ...[
        `00-${TRACE.toUpperCase()}-${PARENT}-01`,
        `00-${TRACE.slice(1)}-${PARENT}-01`,
        `00-${TRACE}-${PARENT}-1`,
      ],
    ]) {
      expect(parseTraceparent(header, undefined), header).toBeUndefined();
    }
  });
  it("samples the wished share, and more of a larger one always contains less of a smaller", () => {
    const ids = fc.sample(fc.stringMatching(/^[0-9a-f]{32}$/), { numRuns: 4000, seed: 1 });
    const share = ids.filter((id) => isTraceSampled(id, 0.3)).length / ids.length;
    expect(Math.abs(share - 0.3)).toBeLessThan(0.05);
    expect(ids.filter((id) => isTraceSampled(id, 1))).toHaveLength(4000);
    expect(ids.filter((id) => isTraceSampled(id, 0))).toHaveLength(0);
    expect(ids.every((id) => !isTraceSampled(id, 0.1) || isTraceSampled(id, 0.2))).toBe(true);
  });
});

describe("a tracer", () => {
  const collect = (sample: number) => {
    const spans: FinishedSpan[] = [];
    let next = 0;
    const clock = { now: () => 1_700_000_000_000 + next, elapsed: () => 5_000 + next };
    const tracer = createTracer({
      ...{ sample, clock },
      randomBytes: (count) => new Uint8Array(count).fill(++next),
      exporter: {
        add: (span) => void spans.push(span),
        counts: () => ({ exported: 0, dropped: 0, waiting: 0 }),
        close: async () => undefined,
      },
    });
    return { tracer, spans, tick: (ms: number) => (next += ms) };
  };
  it("goes on with the caller's trace and keeps phases inside the request", () => {
    const { tracer, spans, tick } = collect(0);
    const trace = tracer.begin(`00-${TRACE}-${PARENT}-01`, "vendor=x");
    expect(formatTraceparent(trace)).toBe(`00-${TRACE}-${"01".repeat(8)}-01`);
    trace.onPhase("queue", 5_001, 5_003, 64);
    trace.onPhase("batch", 5_003, 5_010, 64);
    tick(20);
    trace.end({
      name: "POST /predict/{model}",
      attributes: { "http.response.status_code": 200 },
      failed: false,
    });
    const [queue, batch, request] = spans;
    expect(spans.map(({ traceId }) => traceId)).toEqual([TRACE, TRACE, TRACE]);
    expect(request).toMatchObject({ parentId: PARENT, state: "vendor=x", kind: "server" });
    expect(queue).toMatchObject({ parentId: request!.spanId, name: "queue", attributes: {} });
    expect(batch!.attributes).toEqual({ "quern.batch.rows": 64 });
    expect(queue!.endMs - queue!.startMs).toBe(2);
    expect(request!.startMs).toBeLessThanOrEqual(queue!.startMs);
    expect(request!.endMs).toBeGreaterThanOrEqual(batch!.endMs);
  });
  it("records nothing of traces that are not sampled, but names them", () => {
    const { tracer, spans } = collect(1);
    const trace = tracer.begin(`00-${TRACE}-${PARENT}-00`);
    trace.end({ name: "x", attributes: {}, failed: false });
    expect([spans.length, trace.isSampled, trace.traceId]).toEqual([0, false, TRACE]);
    expect(tracer.begin(undefined).isSampled).toBe(true);
  });
});

describe("an exporter", () => {
  let server: Server;
  let url: string;
  let bodies: string[];
  let answers: { status: number; body?: string }[];
  let asked: Record<string, unknown>[];
  beforeEach(async () => {
    [bodies, answers, asked] = [[], [], []];
    server = createServer((request, response) => {
      let text = "";
      request.on("data", (piece) => {
        text += String(piece);
      });
      request.on("end", () => {
        bodies.push(text);
        asked.push(request.headers);
        const { status, body = "{}" } = answers.shift() ?? { status: 200 };
        response.writeHead(status, { "content-type": "application/json" }).end(body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`;
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  const span = (name: string): FinishedSpan => ({
    ...{ traceId: TRACE, spanId: PARENT, parentId: undefined, state: undefined, name, kind: "server" },
    ...{ startMs: 1_700_000_000_000.123, endMs: 1_700_000_000_001.5, failed: false },
    attributes: { text: "a", count: 3, share: 0.5, flag: true },
  });
  const warnings: string[] = [];
  const exporterTo = (address: string) => {
    const { host } = new URL(address);
    return new SpanExporter({
      ...{ url: address, headers: { "x-key": "secret" }, version: "1", clock: systemClock },
      client: createOutboundClient({ allowedHosts: [host], privateHosts: [host], timeoutMs: 500 }),
      resource: { "service.name": "test" },
      logger: { log: (_level, message) => void warnings.push(message) },
      ...{ intervalMs: 20, retryMs: 1 },
    });
  };
  const names = (): string[] =>
    bodies.flatMap((text) =>
      JSON.parse(text).resourceSpans[0].scopeSpans[0].spans.map(({ name }: FinishedSpan) => name),
    );

  it("gathers, sends in batches, tries again, and counts what the collector did not take", async () => {
    const exporter = exporterTo(url);
    answers = [{ status: 503 }, { status: 200, body: '{"partialSuccess":{"rejectedSpans":"1"}}' }];
    for (let k = 0; k < 3; k++) exporter.add(span(`early ${k}`));
    while (exporter.counts().exported === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect([bodies.length, new Set(bodies).size, asked[0]!["x-key"]]).toEqual([2, 1, "secret"]);
    expect(exporter.counts()).toEqual({ exported: 2, dropped: 1, waiting: 0 });
    bodies = [];
    for (let k = 0; k < 1000; k++) exporter.add(span(`late ${k}`));
    await exporter.close();
    expect(new Set(names()).size).toBe(1000);
    expect(bodies.length).toBeLessThanOrEqual(4);
    exporter.add(span("after the end"));
    expect(exporter.counts()).toMatchObject({ exported: 1002, dropped: 2 });
  });

  it("never holds more than so many, and says once what is wrong", async () => {
    const exporter = exporterTo("http://127.0.0.1:9/v1/traces");
    const start = performance.now();
    for (let k = 0; k < 20_000; k++) exporter.add(span("lost"));
    expect(performance.now() - start).toBeLessThan(1_000);
    expect(exporter.counts().waiting).toBeLessThanOrEqual(4096);
    expect(exporter.counts().dropped).toBeGreaterThan(10_000);
    await exporter.close();
    expect(exporter.counts()).toEqual({ exported: 0, dropped: 20_000, waiting: 0 });
    expect(warnings).toEqual(["Traces could not be sent."]);
  });

  it("writes OTLP's JSON: ids in hexadecimal, 64-bit integers as text", () => {
    const document = JSON.parse(otlpRequest([span("x")], { "service.name": "test" }, "1"));
    expect(document).toEqual({
      resourceSpans: [
        {
          resource: { attributes: [{ key: "service.name", value: { stringValue: "test" } }] },
          scopeSpans: [
            {
              scope: { name: "quern", version: "1" },
              spans: [
                {
                  ...{ traceId: TRACE, spanId: PARENT, name: "x", kind: 2 },
                  startTimeUnixNano: "1700000000000123000",
                  endTimeUnixNano: "1700000000001500000",
                  attributes: [
                    { key: "text", value: { stringValue: "a" } },
                    { key: "count", value: { intValue: "3" } },
                    { key: "share", value: { doubleValue: 0.5 } },
                    { key: "flag", value: { boolValue: true } },
                  ],
                },
              ],
            },
          ],
        },
      ],
    });
  });
});
