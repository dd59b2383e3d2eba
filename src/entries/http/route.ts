import type { z } from "zod";
import type { Clock } from "../../foundation/base/clock.js";
import type { Logger } from "../../foundation/base/logger.js";
import type { RunOptions } from "../../foundation/contracts/bundle-predictor.js";
import type { Experiments } from "../../foundation/contracts/experiment.js";
import type { Permission } from "../../foundation/contracts/http.js";
import type { PredictionJobs } from "../../foundation/contracts/job.js";
import type { PredictionSink } from "../../foundation/contracts/prediction-log.js";
import type { ModelPool, ServingObserver, TrafficRouter } from "../../foundation/contracts/serving.js";
import type { Store } from "../../foundation/contracts/store.js";
import type { RequestTrace, Tracer } from "../../foundation/contracts/tracing.js";
import type { Metrics } from "./metrics.js";
import type { ServerOptions } from "./server-options.js";

/** What handlers work with. */
export interface Services {
  readonly models: ModelPool;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Runs, datasets and registered models; without it those routes do not exist. */
  readonly store?: Store;
  /** Spreads the requests for a name over versions; without it each name has one current version. */
  readonly traffic?: TrafficRouter;
  /** Takes what was asked and answered; absent: nothing is logged. */
  readonly predictions?: PredictionSink;
  /** Compares versions where people use them; absent: those routes do not exist. */
  readonly experiments?: Experiments;
  /** Predicts whole files in the background; absent: those routes do not exist. */
  readonly jobs?: PredictionJobs;
  /** Follows requests through the server; absent: nothing is traced. */
  readonly tracer?: Tracer;
  /** Called after a change of the registry, so that it is served before the caller has its answer. */
  readonly refresh?: () => Promise<void>;
}

export interface RouteContext extends Services {
  readonly options: ServerOptions;
  readonly metrics: Metrics;
  readonly observer: ServingObserver;
  /** The whole table, for the routes that describe it. */
  readonly routes: readonly Route[];
  /** False from the first moment of a shutdown. */
  isReady(): boolean;
}

export interface RouteRequest<Params, Query, Body, Headers = undefined> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly headers: Headers;
  /** The bytes of the body as they arrive; only on routes that take streams or uploads, and only if one came. */
  readonly stream?: AsyncIterable<Uint8Array> | undefined;
  /** Media type of an upload. */
  readonly uploaded?: string | undefined;
  /** Whose request it is, by the header Quern-Subject: the same one gets the same version of a spread model. */
  readonly subject: string | undefined;
  readonly trace: RequestTrace | undefined;
  /** When to give up and whether the caller is still there. */
  readonly run: RunOptions;
}

/** JSON that is written already, or another kind of text. */
export interface TextReply {
  readonly status?: number;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly text: string;
}
export const isTextReply = (reply: unknown): reply is TextReply =>
  typeof reply === "object" && reply !== null && "contentType" in reply && "text" in reply;

/** A JSON head of so many bytes, then binary tensors. */
export interface BinaryReply {
  readonly headBytes: number;
  readonly bytes: Buffer;
}
export const isBinaryReply = (reply: unknown): reply is BinaryReply =>
  typeof reply === "object" && reply !== null && "headBytes" in reply;

/** Text or bytes that are made while they are sent; no more of them than the caller takes. */
export interface StreamReply {
  readonly status?: number;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly pieces: AsyncIterable<string | Uint8Array>;
}
export const isStreamReply = (reply: unknown): reply is StreamReply =>
  typeof reply === "object" && reply !== null && "pieces" in reply;

/** A body: how it is described, and how it is read where validating by the schema would be too slow or lossy. */
export interface BodyReader<Body> {
  readonly schema: z.ZodType;
  read(text: string): Body;
  /** A JSON head with binary tensors behind it; absent where only JSON is taken. */
  readBinary?(head: string, tail: Buffer): Body;
}

/** One row of the table. A route without a permission is refused when the server is made. */
export interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  /** Parameters as `:name`. */
  readonly path: string;
  readonly summary: string;
  readonly permission: Permission;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** By their names in lower case; others are not looked at. */
  readonly headers?: z.ZodObject;
  readonly body?: BodyReader<unknown>;
  /** Instead of a body: lines of JSON without end, in both directions. */
  readonly stream?: { readonly schema: z.ZodType; readonly answer: z.ZodType };
  /** Media types that are taken byte by byte as they arrive, instead of a body. */
  readonly upload?: readonly string[];
  /** Of status 200; texts name the media types of an answer that is not JSON. */
  readonly answer: z.ZodType | string | readonly string[];
  /** Default: `{error: {code, message, hint, details}}`. */
  readonly errors?: "inference-protocol";
  /** Statuses beside 200 that carry the same answer. */
  readonly answerStatuses?: readonly number[];
  /** Statuses of refusals beyond those that follow from the other fields. */
  readonly refusals?: readonly number[];
  /**
   * True for routes that are refused, before their body is read, when the models have too much to do. Their parameters
   * name a model and are not validated beyond looking it up: each microsecond counts here.
   */
  readonly heavy?: boolean;
  handle(request: RouteRequest<never, never, never, never>, context: RouteContext): unknown;
}

type Output<T> = T extends z.ZodType ? z.infer<T> : undefined;

/** Ties the types of a handler to the schemas of its route. */
export function defineRoute<
  Params extends z.ZodObject | undefined = undefined,
  Query extends z.ZodObject | undefined = undefined,
  Body = undefined,
  Headers extends z.ZodObject | undefined = undefined,
>(
  route: Omit<Route, "params" | "query" | "body" | "headers" | "handle"> & {
    readonly params?: Params;
    readonly query?: Query;
    readonly body?: BodyReader<Body>;
    readonly headers?: Headers;
    handle(
      request: RouteRequest<Output<Params>, Output<Query>, Body, Output<Headers>>,
      context: RouteContext,
    ): unknown;
  },
): Route {
  // The table of routes knows no single route's types: the pipeline checks each part by its schema before it calls.
  return Object.freeze(route) as unknown as Route;
}
