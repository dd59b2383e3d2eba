import type { Server } from "node:http";
import type { GrpcServer } from "./grpc/grpc-server.js";
import type { RouteContext } from "./route.js";

/** Once before the server stops listening, and once after it: what is on its way arrives within this time. */
const GRACE_MS = 250;
const IDLE_CHECK_MS = 20;

/**
 * For a moment the server accepts as before, so that connections that wait in the system's queue are taken, but
 * each answer closes its connection. Then it stops listening and answers what the open connections still bring.
 */
export async function drain(
  server: Server,
  { models, options }: RouteContext,
  grpc: GrpcServer | undefined,
): Promise<void> {
  const grpcClosed = grpc?.close(options.drainTimeoutMs);
  const graceMs = Math.min(GRACE_MS, options.drainTimeoutMs);
  const closeIdle = server.closeIdleConnections.bind(server);
  // Node calls this inside `close`, which would cut connections whose request is still unread.
  server.closeIdleConnections = () => undefined;
  const timers = [setTimeout(() => server.closeAllConnections(), options.drainTimeoutMs)];
  if ((await openConnections(server)) > 0) {
    await new Promise((resolve) => setTimeout(resolve, graceMs));
    // Connections are accepted in the turn of the event loop that ends here.
    await new Promise((resolve) => setImmediate(resolve));
  }
  // Under load a timer is late, and connections that seem idle have a request that was not read yet: they are given
  // two turns of the event loop, one to be accepted and one to be read.
  const closeRead = () => setImmediate(() => setTimeout(() => setImmediate(closeIdle)));
  timers.push(setTimeout(() => timers.push(setInterval(closeRead, IDLE_CHECK_MS)), graceMs));
  await closed(server);
  for (const timer of timers) clearTimeout(timer);
  await grpcClosed;
  await models.drain(options.drainTimeoutMs);
}

function openConnections(server: Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((_cause, count) => resolve(count ?? 0)));
}

/** A server that does not listen is closed. */
function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
