/** Streams of rows against a real server: order, errors by row, back-pressure, callers that leave, bounded memory. */
import { request as httpRequest, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleFiles } from "../../../src/capabilities/bundles/index.js";
import { createModelPool } from "../../../src/capabilities/serving/index.js";
import type { LooseJson } from "../../../test/fixtures/loose-json.js";
import { smallModel } from "../../../test/golden/small-model.js";
import { systemClock } from "../../foundation/base/clock.js";
import { QuernError } from "../../foundation/base/errors.js";
import { silentLogger } from "../../foundation/base/logger.js";
import { streamedAnswerSchema } from "../../foundation/contracts/http.js";
import type { AnsweredRows } from "../../foundation/contracts/prediction-log.js";
import type { ModelPool, ServedModel } from "../../foundation/contracts/serving.js";
import { BodyWatch } from "./body-watch.js";
import { createServer, createServingMetrics, type QuernServer } from "./index.js";
import { type Line, linesOf } from "./json-lines.js";

const GOOD = {
  ...{ age: 30, balance: 1_000_000_001, member: "yes", city: "北京" },
  ...{ since: "2020-01-02", label: "good", place: [1, 2] },
};

let pool: ModelPool;
let model: ServedModel;
let server: QuernServer;
let base: string;
const logged: AnsweredRows[] = [];

beforeAll(async () => {
  pool = createModelPool({ clock: systemClock });
  const { manifest, files } = await bundleFiles(smallModel("regression"));
  model = await pool.add({ id: "r", manifest, files });
  server = createServer(
    { port: 0, bodyLimitBytes: 4096 },
    {
      ...{ models: pool, clock: systemClock, logger: silentLogger, metrics: createServingMetrics() },
      predictions: { record: (answered) => void logged.push(answered) },
    },
  );
  base = await server.listen();
});
afterAll(() => server.close());

/** A request whose body is written by hand; the answer is not read before it is asked for. */
function open(path = "/predict/small-regression/stream") {
  const outgoing = httpRequest(base + path, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
  });
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once("response", resolve);
    outgoing.once("error", reject);
  });
  answer.catch(() => undefined);
  return { outgoing, answer };
}
const parsed = (text: string): LooseJson[] =>
  text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));

async function exchange(body: string, path?: string) {
  const { outgoing, answer } = open(path);
  outgoing.end(body);
  const response = await answer;
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece as Buffer);
  return {
    status: response.statusCode,
    headers: response.headers,
    lines: parsed(Buffer.concat(pieces).toString()),
  };
}

describe("POST /predict/{model}/stream", () => {
  it("answers each line in order, says what is wrong with a row by its number, and ends with the counts", async () => {
    logged.length = 0;
    const rows = Array.from({ length: 700 }, (_, age) => JSON.stringify({ ...GOOD, age }));
    rows[3] = JSON.stringify({ ...GOOD, age: "old" });
    rows[300] = "{";
    rows[301] = "[1]";
    rows[302] = JSON.stringify({ ...GOOD, city: "x".repeat(5000) });
    rows[699] = "";
    const { status, headers, lines } = await exchange(
      rows.join("\r\n"),
      "/predict/small-regression/stream?id=job",
    );
    expect([status, headers["content-type"]]).toEqual([200, "application/x-ndjson"]);
    expect(headers["quern-model"]).toBe(`small-regression@${model.manifest.version}`);
    expect(lines.pop()).toEqual({ done: true, rows: 699, failed: 4 });
    expect(lines.map(({ row }) => row)).toEqual(Array.from({ length: 699 }, (_, row) => row));
    expect(lines[3].error).toMatchObject({ code: "PREDICTION_INPUT", details: { column: "age" } });
    expect(lines.slice(300, 303).map(({ error }) => error.code)).toEqual([
      ...["REQUEST_INVALID", "REQUEST_INVALID", "REQUEST_TOO_LARGE"],
    ]);
    const [expected] = await model.predict([{ ...GOOD, age: 17 }]);
    expect(lines[17]).toEqual({ row: 17, id: "job/17", ...expected });
    for (const line of lines) expect(streamedAnswerSchema.safeParse(line).success).toBe(true);
    const ids = logged.flatMap((answered) => answered.ids);
    expect(ids).toHaveLength(695);
    expect(ids).not.toContain("job/3");
  });

  it("answers a row while the next one is not yet known", async () => {
    const { outgoing, answer } = open();
    outgoing.write(`${JSON.stringify(GOOD)}\n`);
    const response = await answer;
    const lines = response[Symbol.asyncIterator]();
    expect(parsed(String((await lines.next()).value))[0]).toMatchObject({ row: 0 });
    outgoing.end(`${JSON.stringify(GOOD)}\n`);
    let rest = "";
    for (let next = await lines.next(); !next.done; next = await lines.next()) rest += String(next.value);
    expect(parsed(rest).map(({ row }) => row)).toEqual([1, undefined]);
  });

  it("refuses what is no stream, and streams where none is taken", async () => {
    const post = async (path: string, type: string, body: string) => {
      const response = await fetch(base + path, { method: "POST", headers: { "content-type": type }, body });
      return [response.status, ((await response.json()) as { error: { code: string } }).error.code];
    };
    const path = "/predict/small-regression/stream";
    expect(await post(path, "application/json", "{}")).toEqual([400, "REQUEST_INVALID"]);
    expect(await post("/predict/nobody/stream", "application/x-ndjson", "{}\n")).toEqual([
      404,
      "MODEL_NOT_FOUND",
    ]);
    expect(await post("/predict/small-regression", "application/x-ndjson", "{}\n")).toEqual([
      ...[400, "REQUEST_INVALID"],
    ]);
    expect((await exchange("")).lines).toEqual([{ done: true, rows: 0, failed: 0 }]);
  });

  it("computes no further than a slow reader takes, then all 100,000 rows in bounded memory", async () => {
    const total = 100_000;
    let computed = 0;
    const predict = model.predict.bind(model);
    Object.assign(model, {
      predict: (...given: Parameters<typeof predict>) => {
        computed += given[0].length;
        return predict(...given);
      },
    });
    const { outgoing, answer } = open();
    const line = `${JSON.stringify(GOOD)}\n`;
    const body = Readable.from(
      (function* () {
        for (let row = 0; row < total; row += 500) yield line.repeat(500);
      })(),
      { objectMode: false },
    );
    body.pipe(outgoing);
    const response = await answer;
    let before = -1;
    for (let quiet = 0; quiet < 4; ) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      quiet = computed === before ? quiet + 1 : 0;
      before = computed;
    }
    const ahead = computed;
    // What the sockets and buffers between the two hold, and no more: some megabytes.
    expect(ahead).toBeLessThan(total / 2);
    const atRest = process.memoryUsage().arrayBuffers;
    let most = 0;
    let last = "";
    let rows = 0;
    for await (const piece of response) {
      const text = last + String(piece);
      const lines = text.split("\n");
      last = lines.pop()!;
      for (const one of lines)
        if (one.startsWith('{"row":')) expect(one.startsWith(`{"row":${rows++},`)).toBe(true);
      most = Math.max(most, process.memoryUsage().arrayBuffers);
    }
    expect([rows, computed]).toEqual([total, total]);
    expect(most - atRest).toBeLessThan(64 * 2 ** 20);
    Reflect.deleteProperty(model, "predict");
  });

  it("stops when the caller is gone, and waits where there is no room", async () => {
    let computed = 0;
    let refusals = 3;
    const predict = model.predict.bind(model);
    Object.assign(model, {
      predict: async (...given: Parameters<typeof predict>) => {
        if (refusals-- > 0) throw new QuernError("OVERLOADED", "full");
        computed += given[0].length;
        return predict(...given);
      },
    });
    const { outgoing, answer } = open();
    const line = `${JSON.stringify(GOOD)}\n`;
    outgoing.write(line.repeat(20));
    const response = await answer;
    await new Promise((resolve) => response.once("data", resolve));
    expect(computed).toBeGreaterThan(0);
    outgoing.on("error", () => undefined);
    outgoing.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const then = computed;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(computed).toBe(then);
    Reflect.deleteProperty(model, "predict");
  });

  it("ends with the error when the model fails in the middle", async () => {
    const predict = model.predict.bind(model);
    let calls = 0;
    Object.assign(model, {
      predict: async (...given: Parameters<typeof predict>) => {
        if (++calls === 2) throw new Error("secret");
        return predict(...given);
      },
    });
    const { lines } = await exchange(`${JSON.stringify(GOOD)}\n`.repeat(600));
    expect(lines.length).toBeLessThan(600);
    expect(lines.at(-1)).toMatchObject({ error: { code: "INTERNAL" } });
    expect(JSON.stringify(lines)).not.toContain("secret");
    Reflect.deleteProperty(model, "predict");
  });
});

describe("lines of a body", () => {
  const split = async (pieces: readonly string[], limit = 100): Promise<Line[]> => {
    const all: Line[] = [];
    for await (const lines of linesOf(Readable.from(pieces.map((text) => Buffer.from(text))), limit))
      all.push(...lines);
    return all;
  };
  it("are the same however the body is cut", async () => {
    const text = '{"a":"é北"}\n\n  \r\n{"b":1}\r\n[2]';
    const expected = ['{"a":"é北"}', '{"b":1}', "[2]"];
    expect(await split([text])).toEqual(expected);
    const bytes = Buffer.from(text);
    for (let cut = 1; cut < bytes.length; cut++) {
      const all: Line[] = [];
      const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)];
      for await (const lines of linesOf(Readable.from(pieces), 100)) all.push(...lines);
      expect(all).toEqual(expected);
    }
  });
  it("that are too long are left out, whatever comes after them", async () => {
    expect(await split(["x".repeat(60), "x".repeat(60), "x\nok\n"])).toEqual([undefined, "ok"]);
    expect(await split([`${"x".repeat(101)}\nok`])).toEqual([undefined, "ok"]);
    expect(await split(["ok\n", "x".repeat(101)])).toEqual(["ok", undefined]);
    expect(await split([])).toEqual([]);
  });
});

it("cuts off a body that does not arrive", async () => {
  const watch = new BodyWatch(100);
  const { createServer: createPlainServer } = await import("node:http");
  const plain = createPlainServer((request) => watch.begun(request));
  await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
  const socket = connect((plain.address() as { port: number }).port, "127.0.0.1");
  socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  const text = await new Promise<string>((resolve) => {
    let all = "";
    socket.on("data", (piece) => {
      all += String(piece);
    });
    socket.on("close", () => resolve(all));
  });
  expect(text).toMatch(/^HTTP\/1\.1 408 /);
  watch.stop();
  await new Promise((resolve) => plain.close(resolve));
});
