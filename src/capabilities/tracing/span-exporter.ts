import type { Clock } from "../../foundation/base/clock.js";
import { QuernError } from "../../foundation/base/errors.js";
import type { Logger } from "../../foundation/base/logger.js";
import type { OutboundClient } from "../../foundation/base/outbound-client.js";
import type { SpanAttributes, TraceCounts } from "../../foundation/contracts/tracing.js";
import { type FinishedSpan, otlpRequest } from "./otlp.js";

export interface SpanExporterOptions {
  /** Where OTLP over HTTP is taken: `http://collector:4318/v1/traces`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly client: OutboundClient;
  /** Who is traced: `service.name` and the like. */
  readonly resource: SpanAttributes;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default 5 s. */
  readonly intervalMs?: number;
  /** Wait before the first repetition, doubled for each further one; default 1 s. */
  readonly retryMs?: number;
}

/** Spans that may wait; further ones are dropped and counted. */
const QUEUE_SPANS = 4096;
const BATCH_SPANS = 512;
const INTERVAL_MS = 5_000;
const RETRY_MS = 1_000;
const ATTEMPTS = 3;
const CLOSE_MS = 5_000;
/** An unreachable collector is worth one line in so long. */
const COMPLAINT_MS = 60_000;
/** Worth another attempt, as OTLP has it. */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Gathers spans and sends them, one batch at a time. Nobody waits for it, and it keeps no process alive. */
export class SpanExporter {
  readonly #options: SpanExporterOptions;
  readonly #stopped = new AbortController();
  #queue: FinishedSpan[] = [];
  #exported = 0;
  #dropped = 0;
  #sending: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #complainedMs = Number.NEGATIVE_INFINITY;

  constructor(options: SpanExporterOptions) {
    this.#options = options;
  }

  add(span: FinishedSpan): void {
    if (this.#queue.length >= QUEUE_SPANS || this.#stopped.signal.aborted) {
      this.#dropped += 1;
      return;
    }
    this.#queue.push(span);
    if (this.#queue.length >= BATCH_SPANS) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), this.#options.intervalMs ?? INTERVAL_MS).unref();
  }

  counts(): TraceCounts {
    return { exported: this.#exported, dropped: this.#dropped, waiting: this.#queue.length };
  }

  async close(): Promise<void> {
    const late = setTimeout(() => this.#stopped.abort(), CLOSE_MS);
    this.#start();
    await this.#sending;
    clearTimeout(late);
    this.#stopped.abort();
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
  }

  async #sendAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const spans = this.#queue.splice(0, BATCH_SPANS);
      try {
        const rejected = await this.#send(spans);
        this.#exported += spans.length - rejected;
        this.#dropped += rejected;
      } catch (cause) {
        this.#dropped += spans.length;
        this.#complain(cause);
      }
    }
  }

  /** @returns how many spans the collector did not take */
  async #send(spans: readonly FinishedSpan[]): Promise<number> {
    const { resource, version, retryMs = RETRY_MS } = this.#options;
    const body = Buffer.from(otlpRequest(spans, resource, version));
    for (let attempt = 1; ; attempt++) {
      const { status, text } = await this.#post(body).catch((cause: unknown) => {
        if (attempt >= ATTEMPTS || this.#stopped.signal.aborted) throw cause;
        return { status: 503, text: "" };
      });
      if (status >= 200 && status < 300) return rejectedSpans(text);
      if (!RETRYABLE.has(status) || attempt >= ATTEMPTS) throw refused(status);
      await this.#pause(retryMs * 2 ** (attempt - 1));
      if (this.#stopped.signal.aborted) throw refused(status);
    }
  }

  async #post(body: Uint8Array): Promise<{ status: number; text: string }> {
    const { url, headers, client } = this.#options;
    const response = await client.request(url, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json", "content-length": String(body.length) },
      body,
      signal: this.#stopped.signal,
    });
    const pieces: Buffer[] = [];
    for await (const piece of response.body) pieces.push(piece as Buffer);
    return { status: response.status, text: Buffer.concat(pieces).toString() };
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#stopped;
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms).unref();
      signal.addEventListener("abort", done);
    });
  }

  #complain(cause: unknown): void {
    const { clock, logger } = this.#options;
    const now = clock.elapsed();
    if (now - this.#complainedMs < COMPLAINT_MS) return;
    this.#complainedMs = now;
    const reason = cause instanceof Error ? cause.message : String(cause);
    logger.log("warn", "Traces could not be sent.", { reason, dropped: this.#dropped });
  }
}

const refused = (status: number) =>
  new QuernError("NETWORK_FAILED", `The collector of traces answers with status ${status}.`);

/** `{partialSuccess: {rejectedSpans}}`, whose number may come as text; anything else means all were taken. */
function rejectedSpans(text: string): number {
  try {
    return Number(JSON.parse(text).partialSuccess?.rejectedSpans ?? 0) || 0;
  } catch {
    return 0;
  }
}
