// A small load generator: keep-alive connections, one request under way on each, rows that vary.
import { connect } from "node:net";

/** Runs for `seconds` after a warm-up; latencies in milliseconds. Throws when an answer is not 200. */
export async function generateLoad(wishes) {
  const { address, path, bodies, connections, seconds, warmUpSeconds = 1, mayRefuse = false } = wishes;
  const { hostname, port } = new URL(address);
  const requests = bodies.map((body) =>
    Buffer.from(
      `POST ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    ),
  );
  const latencies = [];
  const refusals = [];
  const begin = performance.now() + warmUpSeconds * 1000;
  const end = begin + seconds * 1000;
  let next = 0;
  const drive = () =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      let sent = 0;
      let received = Buffer.alloc(0);
      const send = () => {
        sent = performance.now();
        if (sent >= end) {
          socket.destroy();
          resolve();
        } else socket.write(requests[next++ % requests.length]);
      };
      socket.on("connect", send);
      socket.on("error", reject);
      socket.on("data", (chunk) => {
        received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
        const headEnd = received.indexOf("\r\n\r\n");
        if (headEnd < 0) return;
        const head = received.latin1Slice(0, headEnd);
        const length = Number(/content-length: *(\d+)/i.exec(head)?.[1]);
        if (received.length < headEnd + 4 + length) return;
        const isRefused = mayRefuse && head.startsWith("HTTP/1.1 503");
        if (!isRefused && !head.startsWith("HTTP/1.1 200")) return reject(new Error(received.toString()));
        received = received.subarray(headEnd + 4 + length);
        if (sent >= begin) (isRefused ? refusals : latencies).push(performance.now() - sent);
        send();
      });
    });
  const started = performance.now();
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: connections }, drive));
  const { user, system } = process.cpuUsage(before);
  const quantile = (values, share) =>
    values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];
  return {
    /** All, also those of the warm-up. */
    requests: next,
    requestsPerSecond: latencies.length / seconds,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    refusedPerSecond: refusals.length / seconds,
    refusalP50: quantile(refusals, 0.5),
    refusalP99: quantile(refusals, 0.99),
    refusalSlowest: quantile(refusals, 1),
    /** Share of one processor that the load itself took: near 1 it is what limits. */
    loadShare: (user + system) / 1000 / (performance.now() - started),
  };
}
