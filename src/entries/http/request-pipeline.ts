/** From a request to its answer: every route goes this way. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { parse as parseQuery } from "node:querystring";
import type { z } from "zod";
import { QuernError } from "../../foundation/base/errors.js";
import type { RunOptions } from "../../foundation/contracts/bundle-predictor.js";
import { NDJSON_TYPE, PERMISSIONS } from "../../foundation/contracts/http.js";
import { findReference, parseVersion } from "../../foundation/contracts/model-reference.js";
import type { ModelPool, ServedModel } from "../../foundation/contracts/serving.js";
import { traceFacts } from "../../foundation/contracts/tracing.js";
import type { AccessCheck } from "./access.js";
import type { BodyWatch } from "./body-watch.js";
import { checked } from "./checked.js";
import { toHttpError } from "./errors.js";
import { Exchange, runOptionsOf } from "./exchange.js";
import { readBody } from "./read-body.js";
import {
  isBinaryReply,
  isStreamReply,
  isTextReply,
  type Route,
  type RouteContext,
  type RouteRequest,
} from "./route.js";
import { type FoundPath, Router } from "./router.js";
import { beginTrace, endTrace } from "./trace-requests.js";

const JSON_TYPE = "application/json; charset=utf-8";
/** Of the JSON head before binary tensors, in bytes. */
const HEAD_LENGTH = "inference-header-content-length";
/** A stream on which nothing moves for this long, in either direction, is given up. */
const STREAM_IDLE_MS = 60_000;

/** Of what a browser shows as a page. */
const PAGE_HEADERS = {
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
};

export interface PipelineOptions {
  readonly context: RouteContext;
  readonly checkAccess: AccessCheck;
  readonly bodies: BodyWatch;
  /** Then each answer closes its connection. */
  readonly isClosing: () => boolean;
}

export class RequestPipeline {
  readonly #options: PipelineOptions;
  readonly #router: Router;

  /** @throws Error for a route without a permission */
  constructor(options: PipelineOptions) {
    const { routes } = options.context;
    for (const { method, path, permission } of routes) {
      if (!PERMISSIONS.includes(permission))
        throw new Error(`The route ${method} ${path} has no permission.`);
    }
    this.#options = options;
    this.#router = new Router(routes);
  }

  take(request: IncomingMessage, response: ServerResponse): void {
    const exchange = new Exchange(request, response, this.#options.context.clock.elapsed(), this.#count);
    try {
      this.#admit(exchange);
    } catch (cause) {
      this.#refuse(exchange, cause);
    }
  }

  #admit(exchange: Exchange): void {
    const { context, checkAccess, bodies, isClosing } = this.#options;
    const { request, path } = exchange;
    if (isClosing()) exchange.setHeader("connection", "close");
    const found = this.#router.find(path);
    const route = found?.routes.get(request.method!);
    if (found && route) {
      exchange.route = route;
      exchange.parameters = found.parameters;
      if (context.tracer) beginTrace(exchange, context.tracer);
    }
    const isStreamed = route !== undefined && streamTypes(route).includes(mediaTypeOf(request));
    // Streams may take as long as they move.
    if (request.method !== "GET" && !isStreamed) bodies.begun(request);
    // An unknown path tells nothing to callers who may do nothing.
    checkAccess(request.headers, route?.permission ?? "read");
    if (!route) throw unknownRoute(exchange, found);
    // Shedding before the body is read costs little, so that what was accepted is still answered in time.
    if (route.heavy) exchange.asked = servedBy(exchange, context.models);
    if (isStreamed) this.#answer(exchange, route, takeStream(exchange, route));
    else if (route.body) this.#readBody(exchange, route);
    else this.#answer(exchange, route, undefined);
  }

  #readBody(exchange: Exchange, route: Route): void {
    const { request } = exchange;
    checkBodyType(request);
    const arrived = exchange.asked?.expectBody(Number(request.headers["content-length"] ?? 0));
    readBody(request, this.#options.context.options.bodyLimitBytes, (bytes, cause) => {
      arrived?.();
      if (bytes) this.#answer(exchange, route, bytes);
      else if (!cause) exchange.abandon();
      else {
        // What the caller goes on sending is not read.
        exchange.setHeader("connection", "close");
        this.#refuse(exchange, cause);
      }
    });
  }

  #answer(exchange: Exchange, route: Route, given: Buffer | IncomingMessage | undefined): void {
    try {
      // While a body came others may have: it is not even read then.
      exchange.asked?.requireRoom();
      const reply = route.handle(this.#requestOf(exchange, route, given), this.#options.context);
      if (reply instanceof Promise) {
        reply.then((known) => sendReply(exchange, known)).catch((cause) => this.#refuse(exchange, cause));
      } else sendReply(exchange, reply);
    } catch (cause) {
      this.#refuse(exchange, cause);
    }
  }

  #requestOf(
    exchange: Exchange,
    route: Route,
    given: Buffer | IncomingMessage | undefined,
  ): RouteRequest<never, never, never, never> {
    const { request, parameters, trace } = exchange;
    const isBody = Buffer.isBuffer(given);
    return {
      stream: isBody ? undefined : given,
      uploaded: isBody ? undefined : mediaTypeOf(request),
      params: (route.heavy ? parameters : readFields(route.params, parameters)) as never,
      query: (route.query ? readFields(route.query, { ...parseQuery(exchange.query) }) : undefined) as never,
      headers: readFields(route.headers, request.headers) as never,
      body: (isBody ? bodyFrom(route, request, given) : undefined) as never,
      subject: subjectOf(request),
      trace,
      run: this.#runOptions(exchange),
    };
  }

  #runOptions(exchange: Exchange): RunOptions {
    const { clock, options } = this.#options.context;
    const header = exchange.request.headers["request-timeout-ms"];
    const wished = header === undefined ? options.requestTimeoutMs : Number(header);
    if (!(wished > 0)) {
      throw new QuernError("REQUEST_INVALID", "The header Request-Timeout-Ms must be a positive number.");
    }
    return runOptionsOf(exchange, clock.elapsed() + Math.min(wished, options.requestTimeoutMs));
  }

  #refuse(exchange: Exchange, cause: unknown): void {
    const { status, body, retryAfter, isBug } = toHttpError(cause);
    const { route, response } = exchange;
    if (isBug) {
      const stack = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
      this.#options.context.logger.log("error", "A request failed.", {
        ...{ route: route?.path, stack },
        ...traceFacts(exchange.trace),
      });
    }
    if (response.headersSent) return void response.destroy();
    if (retryAfter !== undefined) exchange.setHeader("retry-after", String(retryAfter));
    if (status === 401) exchange.setHeader("www-authenticate", "Bearer");
    const shown = route?.errors === "inference-protocol" ? { error: body.error.message } : body;
    exchange.send(status, JSON_TYPE, JSON.stringify(shown));
  }

  readonly #count = (exchange: Exchange, status: number): void => {
    const { clock, metrics } = this.#options.context;
    const { route, request, startMs } = exchange;
    const seconds = (clock.elapsed() - startMs) / 1000;
    metrics.request(request.method!, route?.path ?? "unknown", status, seconds);
    if (exchange.trace) endTrace(exchange, status);
  };
}

/** Says which methods a known path takes (RFC 9110, section 15.5.6). */
function unknownRoute(exchange: Exchange, found: FoundPath | undefined): QuernError {
  const { method, url } = exchange.request;
  const place = url!.slice(0, 200);
  if (!found) return new QuernError("ROUTE_NOT_FOUND", `There is no ${method} ${place}.`);
  const allowed = [...found.routes.keys()];
  exchange.setHeader("allow", allowed.join(", "));
  return new QuernError(
    "METHOD_NOT_ALLOWED",
    `${method} is not allowed for ${place}; allowed: ${allowed.join(", ")}.`,
    { details: { allowed } },
  );
}

/** @throws QuernError MODEL_NOT_FOUND */
function servedBy({ parameters: { model, version } }: Exchange, models: ModelPool): ServedModel {
  return version === undefined ? findReference(models, model!) : models.get(model!, parseVersion(version));
}

function mediaTypeOf({ headers }: IncomingMessage): string | undefined {
  const given = headers["content-type"];
  return given === undefined || given === "application/json"
    ? given
    : given.split(";", 1)[0]!.trim().toLowerCase();
}

/** Clients of the protocol's binary extension name no type; their head's length is what tells. */
function checkBodyType(request: IncomingMessage): void {
  const type = mediaTypeOf(request);
  if (type === undefined || type === "application/json" || type === "application/octet-stream") return;
  throw new QuernError("REQUEST_INVALID", "The body must be JSON (Content-Type: application/json).");
}

/** Binary tensors follow the JSON head, whose length is in a header (the protocol's binary extension). */
function bodyFrom(route: Route, request: IncomingMessage, bytes: Buffer): unknown {
  const header = request.headers[HEAD_LENGTH];
  const isBinary = header !== undefined || mediaTypeOf(request) === "application/octet-stream";
  if (!isBinary) return route.body!.read(bytes.toString());
  const headBytes = header === undefined ? bytes.length : Number(header);
  if (!route.body!.readBinary || !Number.isInteger(headBytes) || headBytes < 0 || headBytes > bytes.length) {
    throw new QuernError(
      "REQUEST_INVALID",
      "The body must be JSON, or a JSON head and binary tensors (octet-stream).",
    );
  }
  return route.body!.readBinary(bytes.toString("utf8", 0, headBytes), bytes.subarray(headBytes));
}

const LINES: readonly (string | undefined)[] = [NDJSON_TYPE];
const NO_STREAM: readonly (string | undefined)[] = [];

/** Media types that a route takes as they arrive. */
const streamTypes = ({ stream, upload }: Route): readonly (string | undefined)[] =>
  stream ? LINES : (upload ?? NO_STREAM);

function takeStream(exchange: Exchange, route: Route): IncomingMessage {
  const { request } = exchange;
  // The runtime destroys a socket whose time is up, and sets it back for the next request.
  request.socket.setTimeout(STREAM_IDLE_MS);
  // What is not read to its end would be read for nothing before the next request of the connection.
  if (route.upload) exchange.setHeader("connection", "close");
  return request;
}

function subjectOf({ headers }: IncomingMessage): string | undefined {
  const subject = headers["quern-subject"];
  return typeof subject === "string" && subject.length <= 200 ? subject : undefined;
}

const readFields = (schema: z.ZodObject | undefined, fields: unknown): unknown =>
  schema && checked(schema, fields, "The query");

function sendReply(exchange: Exchange, reply: unknown): void {
  if (isTextReply(reply)) {
    if (reply.contentType.startsWith("text/html")) exchange.setHeaders(PAGE_HEADERS);
    if (reply.headers) exchange.setHeaders(reply.headers);
    exchange.send(reply.status ?? 200, reply.contentType, reply.text);
  } else if (isBinaryReply(reply)) {
    exchange.setHeader(HEAD_LENGTH, String(reply.headBytes));
    exchange.send(200, "application/octet-stream", reply.bytes);
  } else if (isStreamReply(reply)) {
    exchange.setHeaders(reply.headers);
    exchange.stream(reply.status ?? 200, reply.contentType, reply.pieces);
  } else exchange.send(200, JSON_TYPE, JSON.stringify(reply));
}
