/** The Open Inference Protocol over gRPC: calls in, answers out; what they mean is in `methods`. */
import type {
  Metadata,
  MethodDefinition,
  Server,
  ServerInterceptingCall,
  ServerInterceptingCallInterface,
  ServerUnaryCall,
  sendUnaryData,
} from "@grpc/grpc-js";
import { QuernError } from "../../../foundation/base/errors.js";
import { formatTraceparent, traceFacts } from "../../../foundation/contracts/tracing.js";
import type { AccessCheck } from "../access.js";
import type { RouteContext } from "../route.js";
import { type BoundMethod, SERVICES } from "./methods.js";
import { GRPC_STATUS, type GrpcError, type GrpcStatusName, toGrpcError } from "./status.js";

export interface GrpcServer {
  /** `host:port`, as clients take it. */
  readonly address: string;
  /** Answers what was accepted, takes nothing new. After `timeoutMs` what is still open is cut off. */
  close(timeoutMs: number): Promise<void>;
}

type Grpc = typeof import("@grpc/grpc-js");
type Definition = MethodDefinition<Buffer, Buffer>;

/** Calls that one connection may have open. */
const CONCURRENT_CALLS = 1024;

/** @throws QuernError UNSUPPORTED without the package, USAGE when the port cannot be taken */
export async function startGrpcServer(context: RouteContext, checkAccess: AccessCheck): Promise<GrpcServer> {
  const grpc = await importGrpc();
  const { host, grpcPort = 0, bodyLimitBytes } = context.options;
  const methods = new Map<string, BoundMethod>();
  const server = new grpc.Server({
    "grpc.max_receive_message_length": bodyLimitBytes,
    "grpc.max_concurrent_streams": CONCURRENT_CALLS,
    interceptors: [
      (definition, call) => guarded(grpc, call, () => methods.get(definition.path)?.permission, checkAccess),
    ],
  });
  for (const [service, members] of Object.entries(SERVICES)) {
    const definitions: Record<string, Definition> = {};
    const handlers: Record<string, (call: UnaryCall, done: sendUnaryData<Buffer>) => void> = {};
    for (const method of members) {
      const path = `/${service}/${method.name}`;
      methods.set(path, method);
      definitions[method.name] = definitionOf(path);
      handlers[method.name] = (call, done) => void answer(grpc, { method, call, done }, context);
    }
    server.addService(definitions, handlers);
  }
  const name = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  const port = await listen(server, grpc, `${name}:${grpcPort}`);
  return { address: `${name}:${port}`, close: (timeoutMs) => shutDown(server, timeoutMs) };
}

/** An optional package: who asks over HTTP alone need not install it. */
async function importGrpc(): Promise<Grpc> {
  try {
    return await import("@grpc/grpc-js");
  } catch (cause) {
    throw new QuernError(
      "UNSUPPORTED",
      "gRPC is spoken by the package @grpc/grpc-js, which is not installed.",
      {
        cause,
        hint: "Run `npm install @grpc/grpc-js`, or serve without `--grpc-port`.",
      },
    );
  }
}

const same = (bytes: Buffer): Buffer => bytes;
/** Messages pass as bytes: what is malformed is answered in the method, by a status of ours. */
const definitionOf = (path: string): Definition => ({
  ...{ path, requestStream: false, responseStream: false },
  ...{ requestSerialize: same, requestDeserialize: same },
  ...{ responseSerialize: same, responseDeserialize: same },
});

/** Who calls is checked before a byte of the message is read. */
function guarded(
  grpc: Grpc,
  call: ServerInterceptingCallInterface,
  permissionOf: () => BoundMethod["permission"] | undefined,
  checkAccess: AccessCheck,
): ServerInterceptingCall {
  return new grpc.ServerInterceptingCall(call, {
    start: (next) =>
      next({
        onReceiveMetadata(metadata, pass) {
          try {
            const headers = {
              host: call.getHost(),
              ...definedText("authorization", metadata),
              ...definedText("origin", metadata),
            };
            checkAccess(headers, permissionOf() ?? "read");
          } catch (failure) {
            call.sendStatus(statusOf(grpc, toGrpcError(failure)));
            return;
          }
          pass(metadata);
        },
      }),
  });
}

const textOf = (key: string, metadata: Metadata): string | undefined => {
  const value = metadata.get(key)[0];
  return typeof value === "string" ? value : undefined;
};
function definedText(key: string, metadata: Metadata): Record<string, string> {
  const text = textOf(key, metadata);
  return text === undefined ? {} : { [key]: text };
}

type UnaryCall = ServerUnaryCall<Buffer, Buffer>;
interface Exchange {
  readonly method: BoundMethod;
  readonly call: UnaryCall;
  readonly done: sendUnaryData<Buffer>;
}

/** Of the server, not of the caller. */
const FAULTS: ReadonlySet<GrpcStatusName> = new Set(["INTERNAL", "UNAVAILABLE", "DEADLINE_EXCEEDED"]);

async function answer(grpc: Grpc, { method, call, done }: Exchange, context: RouteContext): Promise<void> {
  const { clock, metrics, logger, options } = context;
  const start = clock.elapsed();
  const { metadata } = call;
  const trace =
    method.permission === "public"
      ? undefined
      : context.tracer?.begin(textOf("traceparent", metadata), textOf("tracestate", metadata));
  const finish = (status: GrpcStatusName): void => {
    metrics.grpcRequest(method.name, status, (clock.elapsed() - start) / 1000);
    trace?.end({
      name: call.getPath().slice(1),
      attributes: {
        ...{ "rpc.system": "grpc", "rpc.method": method.name },
        "rpc.grpc.status_code": GRPC_STATUS[status],
      },
      failed: FAULTS.has(status),
    });
  };
  const sent = new grpc.Metadata();
  if (trace) sent.set("traceresponse", formatTraceparent(trace));
  try {
    const deadline = call.getDeadline();
    const leftMs = deadline === Number.POSITIVE_INFINITY ? deadline : Number(deadline) - clock.now();
    const bytes = await method.answer(call.request, context, {
      subject: textOf("quern-subject", call.metadata),
      run: {
        ...(trace?.isSampled ? { onPhase: trace.onPhase } : {}),
        deadlineMs: start + Math.min(leftMs, options.requestTimeoutMs),
        signal: {
          get aborted() {
            return call.cancelled;
          },
        },
      },
    });
    done(null, bytes, sent);
    finish("OK");
  } catch (failure) {
    const error = toGrpcError(failure);
    if (error.code === undefined) {
      const stack = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
      logger.log("error", "A call failed.", { method: method.name, stack, ...traceFacts(trace) });
    }
    done(statusOf(grpc, error));
    finish(error.status);
  }
}

/** Code and hint go in the trailer, and when to come back as gRPC's retry policies read it. */
function statusOf(grpc: Grpc, { status, message, code, hint, retryAfterSeconds }: GrpcError) {
  const metadata = new grpc.Metadata();
  if (code !== undefined) metadata.set("quern-code", code);
  // Metadata are ASCII; a hint is worth no failure.
  if (hint !== undefined && /^[\x20-\x7e]*$/.test(hint)) metadata.set("quern-hint", hint);
  if (retryAfterSeconds !== undefined)
    metadata.set("grpc-retry-pushback-ms", String(Math.ceil(retryAfterSeconds * 1000)));
  return { code: GRPC_STATUS[status], details: message, metadata };
}

function listen(server: Server, grpc: Grpc, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (cause, port) => {
      if (!cause) resolve(port);
      else
        reject(
          new QuernError("USAGE", `The server cannot listen for gRPC at ${address}: ${cause.message}.`, {
            cause,
            hint: "Choose another --grpc-port (0 takes any free one) or --host.",
          }),
        );
    });
  });
}

/** Clients are told to open no further calls; the connections end with their last answer. */
function shutDown(server: Server, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => server.forceShutdown(), timeoutMs);
    server.tryShutdown(() => {
      clearTimeout(late);
      resolve();
    });
  });
}
