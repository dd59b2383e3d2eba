/** Traces of requests, as OpenTelemetry knows them; contexts travel by the W3C's Trace Context (w3.org/TR/trace-context). */

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** What of a request is measured inside the models: waiting for a batch, the batch, and the graph within it. */
export const PHASES = ["queue", "batch", "run"] as const;
export type Phase = (typeof PHASES)[number];

/** Told once for each phase that a request went through; times are the clock's `elapsed()`. */
export type OnPhase = (phase: Phase, startMs: number, endMs: number, rows: number) => void;

/** One request. Its span begins when it is made. */
export interface RequestTrace {
  /** 32 and 16 hexadecimal digits; not all zero. */
  readonly traceId: string;
  readonly spanId: string;
  /** False: nothing is recorded, but the ids are passed on. */
  readonly isSampled: boolean;
  /** A span inside the request's own. */
  readonly onPhase: OnPhase;
  /** Ends the span; called once. */
  end(span: { readonly name: string; readonly attributes: SpanAttributes; readonly failed: boolean }): void;
}

/** What became of spans since the start. */
export interface TraceCounts {
  readonly exported: number;
  /** There was no room, or the collector did not take them. */
  readonly dropped: number;
  readonly waiting: number;
}

export interface Tracer {
  /** Goes on with the caller's trace where the headers `traceparent` and `tracestate` name one. */
  begin(traceparent: string | undefined, tracestate?: string | undefined): RequestTrace;
  counts(): TraceCounts;
  /** Sends what is left, for a few seconds at most. */
  close(): Promise<void>;
}

/** The header `traceparent`, version 00. */
export function formatTraceparent(trace: Pick<RequestTrace, "traceId" | "spanId" | "isSampled">): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.isSampled ? "01" : "00"}`;
}

/** By which lines of a log and spans find each other. */
export function traceFacts(trace: RequestTrace | undefined): Readonly<Record<string, string>> {
  return trace ? { trace_id: trace.traceId, span_id: trace.spanId } : {};
}
