import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { pipeline, Readable } from "node:stream";
import type { RunOptions } from "../../foundation/contracts/bundle-predictor.js";
import type { ServedModel } from "../../foundation/contracts/serving.js";
import type { RequestTrace } from "../../foundation/contracts/tracing.js";
import type { Route } from "./route.js";
import type { PathParameters } from "./router.js";

const NONE: PathParameters = {};

/** Names and values in turn, as the runtime takes them fastest. */
const SECURITY_HEADERS = [
  ...["x-content-type-options", "nosniff"],
  ...["cross-origin-resource-policy", "same-origin"],
  ...["cache-control", "no-store"],
];

/** One request and its answer. */
export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** When it began, on the clock's `elapsed()`. */
  readonly startMs: number;
  /** Without the query. */
  readonly path: string;
  /** Absent until it is found. */
  route: Route | undefined;
  parameters: PathParameters = NONE;
  trace: RequestTrace | undefined;
  /** Of routes that are refused when it has too much to do. */
  asked: ServedModel | undefined;
  /** Called once, with the status of the answer. */
  readonly #onAnswered: (exchange: Exchange, status: number) => void;
  /** Further headers of the answer, names and values in turn. */
  #headers: string[] | undefined;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    startMs: number,
    onAnswered: (exchange: Exchange, status: number) => void,
  ) {
    this.request = request;
    this.response = response;
    this.startMs = startMs;
    this.#onAnswered = onAnswered;
    const url = request.url!;
    const mark = url.indexOf("?");
    this.path = mark < 0 ? url : url.slice(0, mark);
  }

  /** What follows the first question mark. */
  get query(): string {
    return this.request.url!.slice(this.path.length + 1);
  }

  setHeader(name: string, value: string): void {
    this.#headers ??= [];
    this.#headers.push(name, value);
  }

  setHeaders(headers: Readonly<Record<string, string>>): void {
    for (const name in headers) this.setHeader(name, headers[name]!);
  }

  send(status: number, contentType: string, payload: string | Buffer): void {
    const bytes = Buffer.byteLength(payload);
    const headers = this.#head(contentType);
    headers.push("content-length", String(bytes));
    this.#onAnswered(this, status);
    this.response.writeHead(status, headers);
    // A text of as many bytes as characters is ASCII, which is written as it stands.
    this.response.end(payload, bytes === payload.length ? "latin1" : "utf8");
  }

  /** Sends pieces as the caller takes them; a failure among them breaks the connection off. */
  stream(status: number, contentType: string, pieces: AsyncIterable<string | Uint8Array>): void {
    this.response.writeHead(status, this.#head(contentType));
    const wanted = this.request.method === "HEAD" ? [] : pieces;
    pipeline(Readable.from(wanted, { objectMode: false }), this.response, () =>
      this.#onAnswered(this, status),
    );
  }

  /** The caller went away before its request was whole. */
  abandon(): void {
    this.#onAnswered(this, CALLER_GONE);
  }

  #head(contentType: string): string[] {
    const headers = [...SECURITY_HEADERS, "content-type", contentType];
    if (this.#headers) headers.push(...this.#headers);
    return headers;
  }
}

/** Seen in metrics alone, where it is widely known by this number. */
const CALLER_GONE = 499;

/** A socket that is gone counts as cancelled; looking at it costs nothing, unlike an AbortController a request. */
class SocketSignal {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }
  get aborted(): boolean {
    return this.#socket.destroyed;
  }
}

export function runOptionsOf({ request, trace }: Exchange, deadlineMs: number): RunOptions {
  return {
    deadlineMs,
    signal: new SocketSignal(request.socket),
    onPhase: trace?.isSampled ? trace.onPhase : undefined,
  };
}
