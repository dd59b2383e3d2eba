import { createServer as createHttpServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { z } from "zod";
import { createAccessCheck } from "./access.js";
import { BODY_TIMEOUT_MS, BodyWatch } from "./body-watch.js";
import { drain } from "./drain.js";
import { type GrpcServer, startGrpcServer } from "./grpc/grpc-server.js";
import { createServingMetrics, type ServingMetrics } from "./metrics.js";
import { RequestPipeline } from "./request-pipeline.js";
import type { RouteContext, Services } from "./route.js";
import { routeTable } from "./routes.js";
import { parseServerOptions, type serverOptionsSchema } from "./server-options.js";

/** Longer than balancers keep idle connections, so that they never send on one that was just closed. */
const KEEP_ALIVE_MS = 75_000;
/** A head that has not arrived is cut off after this long, or up to half a minute later. */
const HEAD_TIMEOUT_MS = 60_000;

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
  let closing: Promise<void> | undefined;
  const context: RouteContext = {
    ...services,
    options,
    metrics: servingMetrics.forServer(services.models, services),
    observer: servingMetrics.observer,
    routes: routeTable(services),
    isReady: () => closing === undefined && services.models.list().every((model) => model.state === "ready"),
  };
  const checkAccess = createAccessCheck(options);
  let grpc: GrpcServer | undefined;
  // Streams may take as long as they go on; other bodies are watched by `BodyWatch`.
  const server = createHttpServer({
    requestTimeout: 0,
    // Without a time for requests the runtime would give heads none either: they could be sent a byte an hour.
    headersTimeout: HEAD_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
  });
  server.maxConnections = options.maximumConnections;
  const bodies = new BodyWatch(BODY_TIMEOUT_MS);
  const pipeline = new RequestPipeline({
    ...{ context, checkAccess, bodies, isClosing: () => closing !== undefined },
  });
  server.on("request", (request, response) => pipeline.take(request, response));
  return {
    async listen() {
      if (options.grpcPort !== undefined) grpc = await startGrpcServer(context, checkAccess);
      return startListening(server, options);
    },
    get grpcAddress() {
      return grpc?.address;
    },
    close() {
      closing ??= drain(server, context, grpc).finally(() => bodies.stop());
      return closing;
    },
  };
}

function startListening(server: Server, { host, port }: { host: string; port: number }): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve(addressOf(server.address() as AddressInfo));
    });
  });
}

/** By which this machine reaches it. */
function addressOf({ address, family, port }: AddressInfo): string {
  if (address === "0.0.0.0") return `http://127.0.0.1:${port}`;
  return family === "IPv6" ? `http://[${address}]:${port}` : `http://${address}:${port}`;
}
