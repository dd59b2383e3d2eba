/** Bytes that no honest client sends: each gets a clean refusal or a closed connection, and the server neither fails nor grows. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import http2 from "node:http2";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRandom } from "../../src/foundation/base/random.js";
import { MAIN, workFolder } from "../e2e/quern.js";
import { writeJob } from "../fixtures/prediction-job.js";

const GOOD = JSON.stringify({
  ...{ age: 30, balance: 1_000_000_001, member: "yes", city: "Lyon" },
  ...{ since: "2020-01-02", label: "good", place: [1, 2] },
});
const PATH = "/predict/small-multiclass";
const WAIT_MS = 3_000;
/** Of a process whose memory is not asked for back at once; a leak of what is sent here would be hundreds. */
const GROWTH_MB = 40;

let child: ChildProcess;
let port: number;
let grpcPort: number;
let remove: () => void;
const said: string[] = [];

const residentMb = (): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))![1]) / 1024;

const post = (body: string | Buffer, more = ""): Buffer =>
  Buffer.concat([
    Buffer.from(
      `POST ${PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${more}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`,
    ),
    Buffer.from(body),
  ]);
const head = (lines: string): string =>
  `POST ${PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${lines}\r\n`;

interface Outcome {
  readonly statuses: readonly number[];
  readonly closed: boolean;
}

/** Sends bytes and listens until the server closes or says nothing more. */
function send(bytes: string | Buffer, { end = false, to = port, quietMs = 300 } = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port: to });
    let text = "";
    let closed = false;
    let quiet: NodeJS.Timeout;
    const finish = (): void => {
      clearTimeout(quiet);
      clearTimeout(most);
      socket.destroy();
      resolve({
        statuses: [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((found) => Number(found[1])),
        closed,
      });
    };
    const most = setTimeout(finish, WAIT_MS);
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      clearTimeout(quiet);
      quiet = setTimeout(finish, quietMs);
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      closed = true;
      finish();
    });
    socket.on("connect", () => (end ? socket.end(bytes) : socket.write(bytes)));
  });
}

const repeat = (text: string, times: number): string => text.repeat(times);
const SMUGGLED = `POST /api/registry/x/promote HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}`;
const chunked = (body: string): string => head(`Transfer-Encoding: chunked\r\n`) + body;
const tls = Buffer.from("16030100c8010000c40303", "hex");

/** What must be refused, by its name; never answered as if it were well. */
const REFUSED: Readonly<Record<string, () => string | Buffer>> = {
  "a hundred thousand headers": () =>
    head(Array.from({ length: 100_000 }, (_, k) => `x-${k}: 1\r\n`).join("")),
  "one header of ten megabytes": () => head(`x: ${repeat("a", 10_000_000)}\r\n`),
  "a path of a megabyte": () => `GET /${repeat("a", 1_000_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  "a length and chunks": () =>
    head(`Content-Length: 5\r\nTransfer-Encoding: chunked\r\n`) + `0\r\n\r\n${SMUGGLED}`,
  "chunks and a length": () =>
    head(`Transfer-Encoding: chunked\r\nContent-Length: 5\r\n`) + `0\r\n\r\n${SMUGGLED}`,
  "two lengths": () => head(`Content-Length: 2\r\nContent-Length: 40\r\n`) + `{}${SMUGGLED}`,
  "a list of lengths": () => head(`Content-Length: 2, 40\r\n`) + `{}${SMUGGLED}`,
  "a length with a sign": () => head(`Content-Length: +2\r\n`) + "{}",
  "a negative length": () => head(`Content-Length: -2\r\n`) + "{}",
  "a length in hexadecimal": () => head(`Content-Length: 0x2\r\n`) + "{}",
  "a length beyond 64 bits": () => head(`Content-Length: 99999999999999999999999\r\n`) + "{}",
  "a length that is too much": () => head(`Content-Length: 9007199254740991\r\n`) + "{}",
  "an unknown transfer coding": () => head(`Transfer-Encoding: xchunked\r\n`) + `2\r\n{}\r\n0\r\n\r\n`,
  "chunked that is not last": () =>
    head(`Transfer-Encoding: chunked, identity\r\n`) + `2\r\n{}\r\n0\r\n\r\n${SMUGGLED}`,
  "a space before the colon": () => head(`Content-Length : 2\r\n`) + "{}",
  "a chunk beyond 64 bits": () => chunked(`FFFFFFFFFFFFFFFFFF\r\n{}`),
  "a chunk of no number": () => chunked(`-2\r\n{}\r\n0\r\n\r\n`),
  "NUL in a header": () => head(`x: a\0b\r\nContent-Length: 2\r\n`) + "{}",
  "a header split by a return": () => head(`x: a\rb: c\r\nContent-Length: 2\r\n`) + "{}",
  "no host": () => `GET /health/live HTTP/1.1\r\n\r\n`,
  "another site's host": () => `GET /api/models HTTP/1.1\r\nHost: evil.example\r\n\r\n`,
  "an unknown version": () => `GET /health/live HTTP/9.9\r\nHost: localhost\r\n\r\n`,
  "no version": () => `GET /health/live\r\n\r\n`,
  "an unknown method": () => `BREW ${PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  "a method in lower case": () => `get /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  "a tunnel": () => `CONNECT localhost:22 HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  "every path": () => `OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  "an absolute address": () => `GET http://169.254.169.254/latest HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  "a path that is no path": () => `GET %00 HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  "an expectation": () => head(`Expect: miracles\r\nContent-Length: 2\r\n`) + "{}",
  "the preface of HTTP/2": () => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "a handshake of TLS": () => tls,
  "a body that is zipped": () =>
    post(Buffer.from("1f8b0800000000000003ab0500", "hex"), "Content-Encoding: gzip\r\n"),
  "bytes that are no text": () => post(Buffer.from([0xff, 0xfe, 0x00, 0xc0, 0x80])),
  "half a pair of surrogates": () => post(`{"age":"\\ud800"}`),
  "nesting without end": () => post(repeat("[", 200_000)),
  "nested rows": () => post(repeat(`{"a":`, 50_000) + "1" + repeat("}", 50_000)),
  "a number of a million digits": () => post(`{"age":${repeat("9", 1_000_000)}}`),
  "a number beyond all": () => post(`{"age":1e99999999}`),
  "a key of prototypes": () => post(`{"__proto__":{"age":1},"constructor":{"prototype":{}}}`),
  "a body that is too large": () => post(repeat(" ", 17 * 2 ** 20)),
  "chunks that are too large": () => chunked(repeat(`10000\r\n${repeat(" ", 65_536)}\r\n`, 300)),
};

beforeAll(async () => {
  const { folder, remove: clear } = workFolder();
  remove = clear;
  await writeJob(folder, 10);
  const args = [
    MAIN,
    "serve",
    "./bundle",
    "--port",
    "0",
    "--grpc-port",
    "0",
    "--json",
    "--quiet",
    "--job-folder",
    "jobs",
  ];
  child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  child.stderr!.on("data", (chunk: Buffer) => said.push(chunk.toString()));
  const [line] = await once(child.stdout!, "data");
  const { address, grpcAddress } = JSON.parse(String(line));
  port = Number(new URL(address).port);
  grpcPort = Number(String(grpcAddress).split(":").at(-1));
}, 60_000);
afterAll(async () => {
  child.kill("SIGTERM");
  await once(child, "exit");
  remove();
});

const isWell = async (): Promise<void> => expect((await send(post(GOOD))).statuses).toEqual([200]);

describe("over HTTP", { timeout: 600_000 }, () => {
  it("requirement 5: refuses what is malformed, once, and takes nothing that is hidden behind it", async () => {
    for (const [name, bytes] of Object.entries(REFUSED)) {
      const { statuses, closed } = await send(bytes());
      expect(statuses.length <= 1 || name === "chunked that is not last", `${name}: ${statuses}`).toBe(true);
      expect(statuses.length === 1 || closed, `${name} was neither answered nor closed`).toBe(true);
      for (const status of statuses) {
        expect(status, name).toBeGreaterThanOrEqual(400);
        expect(status, name).toBeLessThan(500);
      }
    }
    await isWell();
  });

  it("answers requests that come at once in their order; who closes its side counts as gone (requirement 18)", async () => {
    const many = Buffer.concat(Array.from({ length: 200 }, (_, k) => post(k % 2 === 0 ? GOOD : "{")));
    const { statuses } = await send(many);
    expect(statuses).toEqual(Array.from({ length: 200 }, (_, k) => (k % 2 === 0 ? 200 : 400)));
    for (const bytes of [post(GOOD), post(GOOD).subarray(0, -5)]) {
      const { closed, statuses } = await send(bytes, { end: true });
      expect(closed).toBe(true);
      expect(statuses.every((status) => status === 200 || (status >= 400 && status < 500))).toBe(true);
    }
  });

  it("does not grow by what it refuses, nor by callers who leave in the middle", async () => {
    const random = createRandom("raw bytes");
    const round = async (): Promise<void> => {
      for (const bytes of Object.values(REFUSED)) await send(bytes(), { quietMs: 20 });
      for (let k = 0; k < 100; k++) {
        const noise = Buffer.from(Array.from({ length: 1 + random.integer(400) }, () => random.integer(256)));
        const mixed =
          random.integer(2) === 0
            ? noise
            : Buffer.concat([post(GOOD).subarray(0, random.integer(200)), noise]);
        const { statuses } = await send(mixed, { end: true, quietMs: 20 });
        for (const status of statuses)
          expect(status === 200 || (status >= 400 && status < 500), mixed.toString("hex")).toBe(true);
      }
      await Promise.all(Array.from({ length: 200 }, () => leave()));
    };
    const leave = (): Promise<void> =>
      new Promise((resolve) => {
        const socket = connect({ host: "127.0.0.1", port }, () => {
          socket.write(head(`Content-Length: 1000000\r\n`) + repeat(" ", 10_000), () => socket.destroy());
        });
        socket.on("error", () => undefined).on("close", () => resolve());
      });
    await round();
    const before = residentMb();
    for (let k = 0; k < 3; k++) await round();
    await isWell();
    expect(residentMb() - before).toBeLessThan(GROWTH_MB);
    expect(said.join("")).not.toContain('"level":"error"');
  });

  it("requirement 16: cuts off heads and bodies that come a byte at a time, and answers others meanwhile", async () => {
    const slow = (bytes: string): { socket: Socket; closed: Promise<unknown> } => {
      const socket = connect({ host: "127.0.0.1", port }, () => socket.write(bytes));
      socket.on("error", () => undefined).resume();
      return { socket, closed: once(socket, "close") };
    };
    const loris = Array.from({ length: 200 }, (_, k) =>
      slow(k % 2 === 0 ? `POST ${PATH} HTTP/1.1\r\nHost: loc` : head("Content-Length: 100\r\n")),
    );
    const drip = setInterval(() => {
      for (const [k, { socket }] of loris.entries())
        if (!socket.destroyed) socket.write(k % 2 === 0 ? "a" : " ");
    }, 5_000);
    await isWell();
    await Promise.all(loris.map(({ closed }) => closed));
    clearInterval(drip);
    await isWell();
  });
});

/** A message of gRPC: a flag, a length, bytes. */
function frame(bytes: Buffer, { flag = 0, length = bytes.length } = {}): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag, 0);
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, bytes]);
}

/** The status of a call; -1 where the connection or the stream was ended without one. */
function call(method: string, bytes: Buffer): Promise<number> {
  return new Promise((resolve) => {
    const client = http2.connect(`http://127.0.0.1:${grpcPort}`);
    let status = -1;
    const finish = (): void => {
      clearTimeout(most);
      client.destroy();
      resolve(status);
    };
    const most = setTimeout(finish, WAIT_MS);
    client.on("error", finish);
    const stream = client.request({
      ...{ ":method": "POST", ":path": method, te: "trailers" },
      "content-type": "application/grpc",
    });
    const read = (headers: http2.IncomingHttpHeaders): void => {
      if (headers["grpc-status"] !== undefined) status = Number(headers["grpc-status"]);
    };
    stream.on("response", read).on("trailers", read).on("error", finish).on("close", finish).resume();
    stream.end(bytes);
  });
}

describe("over gRPC", { timeout: 300_000 }, () => {
  const SERVICE = "/inference.GRPCInferenceService";
  const INVALID = [-1, 3, 5, 8, 12, 13];
  const live = () => call(`${SERVICE}/ServerLive`, frame(Buffer.alloc(0)));

  it("refuses messages that are too large, broken, or no messages, and does not grow", async () => {
    expect(await live()).toBe(0);
    const random = createRandom("raw messages");
    const noise = (length: number): Buffer => Buffer.from(Array.from({ length }, () => random.integer(256)));
    const infer = `${SERVICE}/ModelInfer`;
    const round = async (): Promise<void> => {
      for (const bytes of [
        frame(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
        frame(Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])),
        frame(Buffer.alloc(20 * 2 ** 20)),
        frame(Buffer.alloc(10), { length: 0x7fffffff }),
        frame(Buffer.alloc(10), { length: 0xffffffff }),
        frame(noise(50), { flag: 1 }),
        frame(Buffer.alloc(0)),
        Buffer.alloc(3),
      ])
        expect(INVALID, bytes.subarray(0, 20).toString("hex")).toContain(await call(infer, bytes));
      for (let k = 0; k < 40; k++)
        expect(INVALID).toContain(await call(infer, frame(noise(random.integer(300)))));
      expect(await call(`${SERVICE}/Nothing`, frame(Buffer.alloc(0)))).toBe(12);
      await send(noise(300), { to: grpcPort, quietMs: 20 });
      await send("GET / HTTP/1.1\r\n\r\n", { to: grpcPort, quietMs: 20 });
    };
    await round();
    const before = residentMb();
    for (let k = 0; k < 3; k++) await round();
    expect(residentMb() - before).toBeLessThan(GROWTH_MB);
    expect(await live()).toBe(0);
    await isWell();
  });
});
