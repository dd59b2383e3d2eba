import type { IncomingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { z } from "zod";
import type { Clock } from "../../foundation/base/clock.js";
import { QuernError } from "../../foundation/base/errors.js";
import { NDJSON_TYPE, PERMISSIONS } from "../../foundation/contracts/http.js";
import { findReference, parseVersion } from "../../foundation/contracts/model-reference.js";
import type { ModelPool } from "../../foundation/contracts/serving.js";
import { traceFacts } from "../../foundation/contracts/tracing.js";
import { type AccessCheck, createAccessCheck } from "./access.js";
import { BODY_TIMEOUT_MS, BodyWatch } from "./body-watch.js";
import { drain } from "./drain.js";
import { toHttpError } from "./errors.js";
import { type GrpcServer, startGrpcServer } from "./grpc/grpc-server.js";
import { UPLOAD_TYPES } from "./job-routes.js";
import { createServingMetrics, type ServingMetrics } from "./metrics.js";
import {
  isBinaryReply,
  isStreamReply,
  isTextReply,
  methodsOf,
  type Route,
  type RouteConfig,
  type RouteContext,
  type Services,
} from "./route.js";
import { routeTable } from "./routes.js";
import { parseServerOptions, type serverOptionsSchema } from "./server-options.js";
import { traceOf, traceRequests } from "./trace-requests.js";

export interface QuernServer {
  /** Starts to listen; returns the base address, such as `http://127.0.0.1:8080`. */
  listen(): Promise<string>;
  /** `host:port` where gRPC is spoken, once the server listens; absent where that was not asked for. */
  readonly grpcAddress: string | undefined;
  /** Answers what was accepted, takes nothing new, frees the models. Safe to call twice. */
  close(): Promise<void>;
}

export interface ServerServices extends Services {
  /** From `createServingMetrics`, whose observer the pool was given. Default: HTTP metrics only. */
  readonly metrics?: ServingMetrics;
}

/** @throws QuernError CONFIG_INVALID for bad options, among them an open address without a token */
export function createServer(
  input: z.input<typeof serverOptionsSchema>,
  { metrics: servingMetrics = createServingMetrics(), ...services }: ServerServices,
): QuernServer {
  const options = parseServerOptions(input);
  const app = createApp(options.bodyLimitBytes);
  let closing: Promise<void> | undefined;
  const context: RouteContext = {
    ...services,
    options,
    metrics: servingMetrics.forServer(services.models, services),
    observer: servingMetrics.observer,
    routes: routeTable(services.store, services.jobs),
    isReady: () => closing === undefined && services.models.list().every((model) => model.state === "ready"),
  };
  const isClosing = (): boolean => closing !== undefined;
  const checkAccess = createAccessCheck(options);
  let grpc: GrpcServer | undefined;
  registerHooks(app, context, checkAccess, isClosing);
  for (const route of context.routes) registerRoute(app, route, context);
  app.server.maxConnections = options.maximumConnections;
  return {
    async listen() {
      if (options.grpcPort !== undefined) grpc = await startGrpcServer(context, checkAccess);
      return app.listen({ host: options.host, port: options.port });
    },
    get grpcAddress() {
      return grpc?.address;
    },
    close() {
      closing ??= drain(app, context, grpc);
      return closing;
    },
  };
}

/** Of the JSON head before binary tensors, in bytes. */
const HEAD_LENGTH = "inference-header-content-length";

function createApp(bodyLimit: number): FastifyInstance {
  const app = Fastify({
    bodyLimit,
    exposeHeadRoutes: true,
    // Requests that arrive on open connections during a shutdown were accepted: they are answered.
    return503OnClosing: false,
    forceCloseConnections: false,
    // Streams may take as long as they go on; other bodies are watched by `BodyWatch`.
    requestTimeout: 0,
    keepAliveTimeout: 75_000,
    routerOptions: { maxParamLength: 600 },
    // Routes read and write for themselves; the framework's own compilers would be loaded for nothing.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
  });
  // Bodies arrive as text; each route reads its own.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<string>("application/json", { parseAs: "string" }, asItIs);
  for (const type of [NDJSON_TYPE, ...UPLOAD_TYPES]) app.addContentTypeParser(type, asItIs<Readable>);
  app.addContentTypeParser<Buffer>("application/octet-stream", { parseAs: "buffer" }, asItIs);
  // Clients of the protocol's binary extension name no type; their head's length is what tells.
  const asBytes = { parseAs: "buffer" } as const;
  app.addContentTypeParser("*", asBytes, async ({ headers }: FastifyRequest, bytes: Buffer) => {
    if (headers["content-type"] === undefined) return HEAD_LENGTH in headers ? bytes : bytes.toString();
    throw new QuernError("REQUEST_INVALID", "The body must be JSON (Content-Type: application/json).");
  });
  return app;
}

function noSchemas(): never {
  throw new Error("Routes of this server have no schemas of the framework.");
}

/** Without a promise: each microsecond counts here. */
function asItIs<Body>(
  _request: FastifyRequest,
  body: Body,
  done: (cause: Error | null, body: Body) => void,
): void {
  done(null, body);
}

const DOCUMENT_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const SECURITY_HEADERS = {
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};
/** Of what a browser shows as a page. */
const PAGE_HEADERS = {
  "content-security-policy": DOCUMENT_POLICY,
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
};

function registerHooks(
  app: FastifyInstance,
  context: RouteContext,
  checkAccess: AccessCheck,
  isClosing: () => boolean,
): void {
  const { metrics, models } = context;
  if (context.tracer) traceRequests(app, context.tracer);
  const bodies = new BodyWatch(BODY_TIMEOUT_MS);
  app.addHook("onClose", (_app, done) => {
    bodies.stop();
    done();
  });
  app.addHook("onRequest", (request, reply, done) => {
    reply.headers(SECURITY_HEADERS);
    if (isClosing()) reply.header("connection", "close");
    const route = (request.routeOptions.config as RouteConfig).table;
    if (request.method !== "GET" && !isStreamed(route, request.headers)) bodies.begun(request.raw);
    try {
      // An unknown path tells nothing to callers who may do nothing.
      checkAccess(request.headers, route?.permission ?? "read");
      if (request.is404) throw unknownRoute(request, reply, context.routes);
      if (route?.heavy) refuseWhenOverloaded(models, request.params as { model: string; version?: string });
      done();
    } catch (cause) {
      done(cause as Error);
    }
  });
  app.addHook("onResponse", (request, reply, done) => {
    bodies.ended(request.raw);
    const path = (request.routeOptions.config as RouteConfig).table?.path ?? "unknown";
    metrics.request(request.method, path, reply.statusCode, reply.elapsedTime / 1000);
    done();
  });
  app.setNotFoundHandler((request, reply) => {
    throw unknownRoute(request, reply, context.routes);
  });
  app.setErrorHandler((cause, request, reply) => sendError(cause, request, reply, context));
}

/** Says which methods a known path takes (RFC 9110, section 15.5.6). */
function unknownRoute(request: FastifyRequest, reply: FastifyReply, routes: readonly Route[]): QuernError {
  const { method, url } = request;
  const allowed = methodsOf(routes, url.split("?", 1)[0]!);
  const place = url.slice(0, 200);
  if (allowed.length === 0) return new QuernError("ROUTE_NOT_FOUND", `There is no ${method} ${place}.`);
  reply.header("allow", allowed.join(", "));
  return new QuernError(
    "METHOD_NOT_ALLOWED",
    `${method} is not allowed for ${place}; allowed: ${allowed.join(", ")}.`,
    {
      details: { allowed },
    },
  );
}

/** Shedding before the body is read costs little, so that what was accepted is still answered in time. */
function refuseWhenOverloaded(
  models: ModelPool,
  { model, version }: { model: string; version?: string },
): void {
  const served =
    version === undefined ? findReference(models, model) : models.get(model, parseVersion(version));
  if (!served.overloaded) return;
  throw new QuernError("OVERLOADED", `Too many rows are waiting for ${served.manifest.name}.`, {
    details: { retryAfterSeconds: 1 },
  });
}

function sendError(
  cause: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  context: RouteContext,
): void {
  const { status, body, retryAfter, isBug } = toHttpError(cause);
  const route = (request.routeOptions.config as RouteConfig).table;
  if (isBug) {
    const stack = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    context.logger.log("error", "A request failed.", {
      ...{ route: route?.path, stack },
      ...traceFacts(traceOf(request)),
    });
  }
  if (retryAfter !== undefined) reply.header("retry-after", retryAfter);
  if (status === 401) reply.header("www-authenticate", "Bearer");
  reply.status(status).send(route?.errors === "inference-protocol" ? { error: body.error.message } : body);
}

function registerRoute(app: FastifyInstance, route: Route, context: RouteContext): void {
  const { method, path, permission } = route;
  if (!PERMISSIONS.includes(permission)) throw new Error(`The route ${method} ${path} has no permission.`);
  const { requestTimeoutMs } = context.options;
  app.route({
    method,
    url: path,
    config: { table: route },
    handler: async (request, reply) => {
      const stream = route.stream || route.upload ? streamOf(request) : undefined;
      // What is not read to its end would be read for nothing before the next request of the connection.
      if (route.upload && stream) reply.header("connection", "close");
      const answer = await route.handle(
        {
          stream,
          ...(route.upload ? { uploaded: mediaType(request.headers) } : {}),
          params: (route.heavy ? request.params : readFields(route.params, request.params)) as never,
          query: readFields(route.query, request.query) as never,
          headers: readFields(route.headers, request.headers) as never,
          body: (route.body && !(route.upload && stream) ? readBody(route, request) : undefined) as never,
          subject: subjectOf(request),
          trace: traceOf(request),
          run: runOptions(request, context.clock, requestTimeoutMs),
        },
        context,
      );
      if (isBinaryReply(answer)) {
        reply.header(HEAD_LENGTH, answer.headBytes);
        return reply.header("content-type", "application/octet-stream").send(answer.bytes);
      }
      if (isStreamReply(answer)) {
        reply
          .status(answer.status ?? 200)
          .headers(answer.headers)
          .header("content-type", answer.contentType);
        return reply.send(
          Readable.from(request.method === "HEAD" ? [] : answer.pieces, { objectMode: false }),
        );
      }
      if (!isTextReply(answer)) return reply.send(answer);
      if (answer.contentType.startsWith("text/html")) reply.headers(PAGE_HEADERS);
      if (answer.headers) reply.headers(answer.headers);
      return reply
        .status(answer.status ?? 200)
        .header("content-type", answer.contentType)
        .send(answer.text);
    },
  });
}

/** A stream on which nothing moves for this long, in either direction, is given up. */
const STREAM_IDLE_MS = 60_000;

const mediaType = (headers: IncomingHttpHeaders): string =>
  (headers["content-type"] ?? "").split(";", 1)[0]!.trim().toLowerCase();

/** Whose body may take as long as it moves. */
const isStreamed = (route: Route | undefined, headers: IncomingHttpHeaders): boolean =>
  route?.stream !== undefined || (route?.upload?.includes(mediaType(headers)) ?? false);

function streamOf({ body, raw }: FastifyRequest): Readable | undefined {
  if (!(body instanceof Readable)) return undefined;
  // The runtime destroys a socket whose time is up, and sets it back for the next request.
  raw.socket.setTimeout(STREAM_IDLE_MS);
  return body;
}

function subjectOf({ headers }: FastifyRequest): string | undefined {
  const subject = headers["quern-subject"];
  return typeof subject === "string" && subject.length <= 200 ? subject : undefined;
}

/** Binary tensors follow the JSON head, whose length is in a header (the protocol's binary extension). */
function readBody(route: Route, request: FastifyRequest): unknown {
  const { body } = request;
  const header = request.headers[HEAD_LENGTH];
  if (body instanceof Readable)
    throw new QuernError("REQUEST_INVALID", "This route takes no stream (Content-Type: application/json).");
  if (header === undefined && !Buffer.isBuffer(body))
    return route.body!.read(typeof body === "string" ? body : "");
  const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
  const headBytes = header === undefined ? bytes.length : Number(header);
  if (!route.body!.readBinary || !Number.isInteger(headBytes) || headBytes < 0 || headBytes > bytes.length) {
    throw new QuernError(
      "REQUEST_INVALID",
      "The body must be JSON, or a JSON head and binary tensors (octet-stream).",
    );
  }
  return route.body!.readBinary(bytes.toString("utf8", 0, headBytes), bytes.subarray(headBytes));
}

function readFields(schema: z.ZodObject | undefined, fields: unknown): unknown {
  if (!schema) return undefined;
  const parsed = schema.safeParse(fields);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const field = issue.path.join(".");
  throw new QuernError("REQUEST_INVALID", `${field || "The query"}: ${issue.message}.`, {
    details: { field },
  });
}

/** A socket that is gone counts as cancelled; looking at it costs nothing, unlike an AbortController a request. */
function runOptions(request: FastifyRequest, clock: Clock, limitMs: number) {
  const header = request.headers["request-timeout-ms"];
  const wished = header === undefined ? limitMs : Number(header);
  if (!(wished > 0)) {
    throw new QuernError("REQUEST_INVALID", "The header Request-Timeout-Ms must be a positive number.");
  }
  const { socket } = request.raw;
  const trace = traceOf(request);
  return {
    ...(trace?.isSampled ? { onPhase: trace.onPhase } : {}),
    deadlineMs: clock.elapsed() + Math.min(wished, limitMs),
    signal: {
      get aborted() {
        return socket.destroyed;
      },
    },
  };
}
