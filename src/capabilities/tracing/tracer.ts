import type { Clock } from "../../foundation/base/clock.js";
import type { Phase, RequestTrace, SpanAttributes, Tracer } from "../../foundation/contracts/tracing.js";
import type { FinishedSpan } from "./otlp.js";
import { isTraceSampled, parseTraceparent, type TraceContext } from "./trace-context.js";

export interface TracerOptions {
  /** Share of the traces that begin here; a caller's own decision is kept. */
  readonly sample: number;
  readonly clock: Clock;
  /** So many random bytes, for ids. */
  readonly randomBytes: (count: number) => Uint8Array;
  readonly exporter: Pick<Tracer, "counts" | "close"> & { add(span: FinishedSpan): void };
}

export function createTracer(options: TracerOptions): Tracer {
  const { exporter } = options;
  return {
    begin: (traceparent, tracestate) => new Trace(options, parseTraceparent(traceparent, tracestate)),
    counts: () => exporter.counts(),
    close: () => exporter.close(),
  };
}

class Trace implements RequestTrace {
  readonly traceId: string;
  readonly spanId: string;
  readonly isSampled: boolean;
  readonly #options: TracerOptions;
  readonly #parent: TraceContext | undefined;
  /** Epoch milliseconds at `elapsed() = 0`, as the clock has it while this request runs. */
  readonly #originMs: number;
  readonly #startMs: number;

  constructor(options: TracerOptions, parent: TraceContext | undefined) {
    const { clock, sample } = options;
    this.#options = options;
    this.#parent = parent;
    this.traceId = parent?.traceId ?? this.#id(16);
    this.spanId = this.#id(8);
    this.isSampled = parent?.isSampled ?? isTraceSampled(this.traceId, sample);
    this.#startMs = clock.elapsed();
    this.#originMs = clock.now() - this.#startMs;
  }

  readonly onPhase = (phase: Phase, startMs: number, endMs: number, rows: number): void => {
    const attributes: SpanAttributes = phase === "queue" ? {} : { "quern.batch.rows": rows };
    this.#add({ spanId: this.#id(8), parentId: this.spanId, name: phase, kind: "internal" }, startMs, endMs, {
      ...{ attributes, failed: false },
    });
  };

  end({ name, attributes, failed }: Parameters<RequestTrace["end"]>[0]): void {
    const span = { spanId: this.spanId, parentId: this.#parent?.parentId, name, kind: "server" } as const;
    this.#add(span, this.#startMs, this.#options.clock.elapsed(), { attributes, failed });
  }

  #add(
    span: Pick<FinishedSpan, "spanId" | "parentId" | "name" | "kind">,
    startMs: number,
    endMs: number,
    rest: { readonly attributes: SpanAttributes; readonly failed: boolean },
  ): void {
    if (!this.isSampled) return;
    this.#options.exporter.add({
      ...span,
      ...rest,
      traceId: this.traceId,
      state: this.#parent?.state,
      startMs: this.#originMs + startMs,
      endMs: this.#originMs + endMs,
    });
  }

  #id(bytes: number): string {
    const id = Buffer.from(this.#options.randomBytes(bytes)).toString("hex");
    return /[1-9a-f]/.test(id) ? id : this.#id(bytes);
  }
}
