/** The server as a client meets it, with a real bundle and real threads. */

import { mkdtempSync, rmSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { bundleFiles } from "../../src/capabilities/bundles/index.js";
import { createModelPool } from "../../src/capabilities/serving/index.js";
import { openStore } from "../../src/capabilities/stores/index.js";
import { createServer, createServingMetrics, type QuernServer } from "../../src/entries/http/index.js";
import { routeTable } from "../../src/entries/http/routes.js";
import { systemClock } from "../../src/foundation/base/clock.js";
import { QuernError } from "../../src/foundation/base/errors.js";
import { silentLogger } from "../../src/foundation/base/logger.js";
import type { ModelPool, ServedModel } from "../../src/foundation/contracts/serving.js";
import type { Store } from "../../src/foundation/contracts/store.js";
import { smallModel } from "../golden/small-model.js";

const GOOD = {
  ...{ age: 30, balance: 1_000_000_001, member: "yes", city: "北京" },
  ...{ since: "2020-01-02", label: "good", place: [1, 2] },
};
const TOKEN = "0123456789abcdef-predict";

const folder = mkdtempSync(join(tmpdir(), "quern-serve-"));
let store: Store;
let pool: ModelPool;
let server: QuernServer;
let base: string;

const services = () => ({ models: pool, clock: systemClock, logger: silentLogger, store });

beforeAll(async () => {
  store = await openStore(join(folder, ".quern"), { clock: systemClock, create: true });
  const metrics = createServingMetrics();
  pool = createModelPool({ clock: systemClock, observer: metrics.observer });
  for (const task of ["binary", "regression"] as const) {
    const { manifest, files } = await bundleFiles(smallModel(task));
    await pool.add({ id: task, manifest, files });
  }
  server = createServer({ port: 0, maximumRows: 500 }, { ...services(), metrics });
  base = await server.listen();
});
afterAll(async () => {
  await server.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const get = async (path: string, init: RequestInit = {}) => {
  const response = await fetch(base + path, init);
  return { status: response.status, headers: response.headers, body: await response.json() };
};
const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  get(path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

/** `fetch` sets Host and Origin itself; this one does not. */
const raw = (path: string, headers: Record<string, string>, method = "GET"): Promise<number> =>
  new Promise((resolve, reject) => {
    const outgoing = httpRequest(base + path, { headers, method }, (answer) => {
      answer.resume();
      resolve(answer.statusCode!);
    });
    outgoing.on("error", reject).end();
  });

describe("POST /predict/{model}", () => {
  it("takes a row, a list, or an envelope, and names every prediction", async () => {
    const one = await post("/predict/small-binary", GOOD);
    expect(one).toMatchObject({ status: 200, body: { model: "small-binary" } });
    const [answer] = one.body.predictions;
    expect(Object.values<number>(answer.probabilities).reduce((a, b) => a + b)).toBeCloseTo(1);
    expect(answer.id).toMatch(/^[0-9a-f-]{36}$/);
    const version = one.body.version;
    const list = await post(`/predict/small-binary@${version}`, [GOOD, GOOD]);
    expect(list.body.predictions.map(({ label }: { label: string }) => label)).toEqual([
      answer.label,
      answer.label,
    ]);
    const named = await post("/predict/small-regression", { rows: [GOOD, GOOD], id: "order-7" });
    expect(named.body.predictions.map(({ id }: { id: string }) => id)).toEqual(["order-7/0", "order-7/1"]);
    expect(typeof named.body.predictions[0].prediction).toBe("number");
    expect(
      (await post("/predict/small-regression", { rows: [GOOD], id: ["a"] })).body.predictions[0].id,
    ).toBe("a");
    expect((await post("/predict/small-regression", [])).body.predictions).toEqual([]);
  });
  it("names row and column of what is wrong", async () => {
    const { status, body } = await post("/predict/small-binary", [GOOD, { ...GOOD, age: "old" }]);
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: "PREDICTION_INPUT", details: { row: 1, column: "age" } });
    expect(Object.keys(body.error)).toEqual(["code", "message", "hint", "details"]);
  });
  it("answers hostile and mistaken requests with typed errors", async () => {
    const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
    const cases: readonly [unknown, number, string][] = [
      ["{", 400, "REQUEST_INVALID"],
      ["", 400, "REQUEST_INVALID"],
      ["3", 400, "REQUEST_INVALID"],
      [deep, 400, "REQUEST_INVALID"],
      [JSON.stringify({ ...GOOD, age: 1 }).replace(":1,", ":NaN,"), 400, "REQUEST_INVALID"],
      [{ ...GOOD, age: "Infinity!" }, 400, "PREDICTION_INPUT"],
      [{ rows: [GOOD], verbose: true }, 400, "REQUEST_INVALID"],
      [{ rows: [GOOD], id: ["a", "b"] }, 400, "REQUEST_INVALID"],
      [{ rows: [GOOD], explain: true }, 422, "UNSUPPORTED"],
      [[1, 2], 400, "PREDICTION_INPUT"],
      [Array.from({ length: 501 }, () => GOOD), 413, "REQUEST_TOO_LARGE"],
      [`"${"x".repeat(17 * 2 ** 20)}"`, 413, "REQUEST_TOO_LARGE"],
    ];
    for (const [body, status, code] of cases) {
      const answer = await post("/predict/small-binary", body);
      expect([answer.status, answer.body.error.code], JSON.stringify(body).slice(0, 80)).toEqual([
        status,
        code,
      ]);
    }
    expect((await post("/predict/nobody", GOOD)).body.error.code).toBe("MODEL_NOT_FOUND");
    expect((await post("/predict/small-binary@x", GOOD)).body.error.code).toBe("MODEL_NOT_FOUND");
    const text = await post("/predict/small-binary", GOOD, { "content-type": "text/plain" });
    expect(text.body.error.code).toBe("REQUEST_INVALID");
    expect((await get("/predict/nothing/there")).body.error.code).toBe("ROUTE_NOT_FOUND");
  });
  it("says which methods a path takes, and answers HEAD where it answers GET", async () => {
    for (const method of ["GET", "PUT", "TRACE"]) {
      const status = await raw("/predict/small-binary", {}, method);
      expect(status, method).toBe(405);
    }
    const wrong = await get("/predict/small-binary");
    expect([wrong.headers.get("allow"), wrong.body.error.code]).toEqual(["POST", "METHOD_NOT_ALLOWED"]);
    const { headers } = await get("/api/models", { method: "DELETE" });
    expect(headers.get("allow")).toBe("GET, HEAD");
    expect(await raw("/health/ready", {}, "HEAD")).toBe(200);
  });
  it("requirement 7: takes __proto__ and constructor as names like any other", async () => {
    const body = JSON.stringify(GOOD).replace(
      "{",
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},',
    );
    expect((await post("/predict/small-binary", body)).status).toBe(200);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
  it("computes nothing when the time is too short", async () => {
    const late = await post("/predict/small-binary", GOOD, { "request-timeout-ms": "0.000001" });
    expect([late.status, late.body.error.code]).toEqual([504, "DEADLINE_EXCEEDED"]);
    expect((await post("/predict/small-binary", GOOD, { "request-timeout-ms": "-1" })).status).toBe(400);
  });
});

describe("Open Inference Protocol", () => {
  const model = "/v2/models/small-binary";
  const tensor = (name: string, datatype: string, data: unknown, width = 1) => ({
    ...{ name, datatype, shape: [1, width], data },
  });
  const inputs = [
    tensor("age", "FP32", [30]),
    tensor("balance", "FP64", [[1_000_000_001]]),
    tensor("member", "FP32", [1]),
    tensor("city", "BYTES", ["北京"]),
    tensor("since", "INT64", [1_577_923_200_000]),
    tensor("place", "FP32", [[1, 2]], 2),
  ];

  it("describes server and model", async () => {
    expect((await get("/v2")).body).toMatchObject({
      name: "quern",
      extensions: ["binary_tensor_data", "explanations"],
    });
    const { body } = await get(model);
    expect(body).toMatchObject({ name: "small-binary", platform: "onnx_onnxv1" });
    expect(body.inputs).toContainEqual({ name: "since", datatype: "INT64", shape: [-1, 1] });
    const [version] = body.versions;
    expect((await get(`${model}/versions/${version}`)).body).toEqual(body);
    expect((await get(`${model}/versions/${version}/ready`)).body).toEqual({
      name: "small-binary",
      ready: true,
    });
    expect((await get("/v2/health/ready")).body).toEqual({ live: true, ready: true });
    expect((await get("/v2/health/live")).body).toEqual({ live: true });
    const unknown = await get("/v2/models/nobody");
    expect([unknown.status, typeof unknown.body.error]).toEqual([404, "string"]);
    expect((await get(`${model}/versions/99`)).status).toBe(404);
  });
  it("infers what predict answers, echoes the id, and gives the outputs asked for", async () => {
    const text = await textInput();
    const { status, body } = await post(`${model}/infer`, { id: "a/1", inputs: [...inputs, text] });
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: "a/1", model_name: "small-binary", model_version: expect.any(String) });
    const row = (await post("/predict/small-binary", GOOD)).body.predictions[0];
    const byName = Object.fromEntries(body.outputs.map((output: { name: string }) => [output.name, output]));
    expect(byName.label).toEqual({ name: "label", datatype: "BYTES", shape: [1], data: [row.label] });
    const expected = Object.values<number>(row.probabilities);
    for (const [index, value] of byName.probabilities.data.entries())
      expect(value).toBeCloseTo(expected[index]!, 6);
    const asked = { inputs: [...inputs, text], outputs: [{ name: "label" }] };
    const one = await post(`${model}/infer`, asked);
    expect(one.body.outputs).toHaveLength(1);
    expect("id" in one.body).toBe(false);
  });
  it("refuses what does not fit the model", async () => {
    const text = await textInput();
    const wrong: readonly [unknown, RegExp][] = [
      [{ inputs: [] }, /is missing/],
      [{ inputs: [...inputs.slice(1), text, tensor("age", "FP64", [1])] }, /datatype FP64, not FP32/],
      [{ inputs: [...inputs.slice(1), text, tensor("age", "FP32", [1, 2])] }, /more values/],
      [{ inputs: [...inputs.slice(1), text, tensor("age", "FP32", ["1"])] }, /element 0/],
      [{ inputs: [...inputs, text, inputs[0]] }, /given twice/],
      [{ inputs: [...inputs, text, tensor("nope", "FP32", [1])] }, /no input "nope"/],
      [{ inputs: [...inputs, text], outputs: [{ name: "nope" }] }, /no output "nope"/],
      [{ inputs: [{ ...inputs[0], shape: [-1, 1] }] }, /shape/],
      ["{}", /inputs/],
    ];
    for (const [body, message] of wrong) {
      const answer = await post(`${model}/infer`, body);
      expect(answer.status).toBe(400);
      expect(answer.body.error).toMatch(message);
    }
  });
  /** The text column cannot be called like an output, so its tensor has another name. */
  async function textInput() {
    const { body } = await get(model);
    const known = new Set(inputs.map(({ name }) => name));
    const name = body.inputs.find((port: { name: string }) => !known.has(port.name)).name;
    return tensor(name, "BYTES", ["good"]);
  }
});

describe("the server about itself", () => {
  it("lists models, runs and datasets", async () => {
    const { body } = await get("/api/models");
    expect(body.models).toHaveLength(2);
    expect((await get("/api/models/small-binary")).body).toEqual(body.models[0]);
    const lease = await store.runs.start({ kind: "train", name: "a", config: {}, seed: 0 });
    await lease.finish({});
    expect((await get("/api/runs?limit=1&state=done")).body.items).toHaveLength(1);
    expect((await get(`/api/runs/${lease.id}`)).body).toMatchObject({ id: lease.id, trials: [] });
    expect((await get("/api/runs/none")).status).toBe(404);
    expect((await get("/api/runs?limit=0")).body.error.code).toBe("REQUEST_INVALID");
    expect((await get("/api/runs?colour=red")).status).toBe(400);
    expect((await get("/api/datasets")).body).toEqual({ items: [] });
    expect((await get("/api/registry")).body).toEqual({ items: [] });
  });
  it("describes every route in OpenAPI and on a page without scripts", async () => {
    const { body } = await get("/openapi.json");
    expect(body.openapi).toBe("3.1.0");
    for (const { method, path } of routeTable({ store })) {
      const operation = body.paths[path.replace(/:([a-z]+)/g, "{$1}")]?.[method.toLowerCase()];
      expect(operation?.responses[200], path).toBeDefined();
    }
    const chinese = await fetch(`${base}/docs`, {
      headers: { "accept-language": "zh-CN,zh;q=0.9,en;q=0.8" },
    });
    expect(await chinese.text()).toMatch(/lang="zh-CN".*可以省略/s);
    const page = await fetch(`${base}/docs`, { headers: { "accept-language": "de, en-GB;q=0.5, zh;q=0.1" } });
    const text = await page.text();
    expect(text).toContain("POST /predict/:model");
    expect(text).not.toMatch(/<script/i);
    expect(page.headers.get("content-security-policy")).toMatch("default-src 'none'");
    expect(page.headers.get("x-content-type-options")).toBe("nosniff");
  });
  it("tells a person who opens its address what it is, and a program the same as JSON", async () => {
    const { body } = await get("/");
    expect(body).toMatchObject({ service: "quern", links: { docs: "/docs" } });
    expect(body.models).toContainEqual({ name: "small-binary", version: expect.any(Number), task: "binary" });
    const accept = "text/html,application/xhtml+xml,*/*;q=0.8";
    const page = await fetch(`${base}/`, { headers: { accept, "accept-language": "zh" } });
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page.headers.get("vary")).toBe("accept, accept-language");
    const text = await page.text();
    for (const part of [
      "small-binary",
      "/predict/",
      'href="/docs"',
      'href="/metrics"',
      "/api/labels/",
      "预测服务",
    ])
      expect(text).toContain(part);
  });
  it("counts in base units", async () => {
    await post("/predict/small-binary", [GOOD, GOOD]);
    const text = await (await fetch(`${base}/metrics`)).text();
    expect(text).toMatch(/quern_predictions_total\{model="small-binary",version="\d+"\} \d+/);
    expect(text).toMatch(
      /quern_http_request_duration_seconds_count\{method="POST",route="\/predict\/:model",status="200"\}/,
    );
    expect(text).toMatch(/quern_batch_rows_sum/);
    expect(text).toMatch(/quern_model_ready\{model="small-binary",version="\d+"\} 1/);
  });
});

describe("access", () => {
  it("refuses other names (DNS rebinding) and pages of other sites", async () => {
    const { host } = new URL(base);
    expect(await raw("/health/live", { host: "evil.example" })).toBe(403);
    expect(await raw("/health/live", { host: `localhost:${new URL(base).port}` })).toBe(200);
    expect(await raw("/health/live", { host, origin: "https://evil.example" })).toBe(403);
    expect(await raw("/health/live", { host, origin: "null" })).toBe(403);
    expect(await raw("/health/live", { host, origin: `http://${host}` })).toBe(200);
  });
  it("does not listen elsewhere without a token, and has no short one", () => {
    const create = (options: object) => () => createServer(options, services());
    expect(create({ host: "0.0.0.0" })).toThrow(/without a token/);
    expect(create({ host: "0.0.0.0", tokens: [{ token: "short", permissions: ["predict"] }] })).toThrow(
      /token/,
    );
    expect(create({ hots: "x" })).toThrow(/hots/);
  });
  it("requirement 3: asks for the token on every route of the table that is not public", async () => {
    const guarded = createServer(
      { port: 0, tokens: [{ token: TOKEN, permissions: ["predict"] }] },
      { ...services(), models: createModelPool({ clock: systemClock }) },
    );
    const address = await guarded.listen();
    for (const { method, path, permission } of routeTable({ store })) {
      const call = async (headers: Record<string, string>) =>
        (await fetch(address + path.replace(/:[a-z]+/g, "x"), { method, headers })).status;
      const anonymous = await call({});
      expect(anonymous, path).toBe(permission === "public" ? 200 : 401);
      if (permission === "public") continue;
      expect(await call({ authorization: "Bearer wrong-wrong-wrong-wrong" }), path).toBe(401);
      const known = await call({ authorization: `Bearer ${TOKEN}` });
      expect(known === 401 || known === 403, path).toBe(permission !== "predict");
    }
    expect((await fetch(`${address}/unknown`)).status).toBe(401);
    await guarded.close();
  });
});

describe("a model in trouble", () => {
  const troubled = async (change: Partial<ServedModel>) => {
    const real = pool.get("small-binary");
    const model = {
      ...real,
      manifest: real.manifest,
      state: "ready",
      requireRoom: () => undefined,
      expectBody: () => undefined,
      ...change,
    } as ServedModel;
    const models: ModelPool = {
      list: () => [model],
      get: () => model,
      add: async () => model,
      use: () => undefined,
      setAlias: () => undefined,
      remove: async () => undefined,
      drain: async () => undefined,
    };
    const logged: unknown[] = [];
    const logger = { log: (_level: string, _message: string, facts?: object) => void logged.push(facts) };
    const other = createServer({ port: 0 }, { models, clock: systemClock, logger });
    const address = await other.listen();
    const call = async (path: string, method = "POST") => {
      const response = await fetch(address + path, {
        method,
        ...(method === "POST" ? { body: "{", headers: { "content-type": "application/json" } } : {}),
      });
      return { status: response.status, headers: response.headers, text: await response.text() };
    };
    return { call, logged, close: () => other.close() };
  };
  it("requirement 16: sheds load before the body is read, with the time to come back", async () => {
    const full = new QuernError("OVERLOADED", "4096 rows are waiting already.", {
      details: { retryAfterSeconds: 1 },
    });
    const { call, close } = await troubled({
      expectBody: () => {
        throw full;
      },
    });
    for (const path of ["/predict/x", "/v2/models/x/infer"]) {
      const { status, headers } = await call(path);
      expect([status, headers.get("retry-after")]).toEqual([503, "1"]);
    }
    await close();
  });
  it("requirement 16: keeps nobody out for bodies that are announced and do not come, and forgets callers who leave", async () => {
    const models = createModelPool({ clock: systemClock, queueLimitRows: 100 });
    const { manifest, files } = await bundleFiles(smallModel("binary"));
    await models.add({ id: "b", manifest, files });
    const other = createServer({ port: 0 }, { models, clock: systemClock, logger: silentLogger });
    const address = await other.listen();
    const served = models.get("small-binary", 1);
    const expectBody = served.expectBody.bind(served);
    let onTheWay = 0;
    served.expectBody = (bytes) => {
      const arrived = expectBody(bytes);
      if (arrived) onTheWay += 1;
      return (
        arrived &&
        (() => {
          onTheWay -= 1;
          arrived();
        })
      );
    };
    const slow = Array.from({ length: 20 }, () => {
      const socket = connect(Number(new URL(address).port), "127.0.0.1");
      socket.write(
        "POST /predict/small-binary HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n[",
      );
      return socket;
    });
    for (let k = 0; k < 20; k++) {
      const response = await fetch(`${address}/predict/small-binary`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(GOOD),
      });
      expect(response.status).toBe(200);
    }
    expect(onTheWay).toBe(20);
    for (const socket of slow) socket.destroy();
    await vi.waitFor(() => expect(onTheWay).toBe(0));
    await other.close();
  });
  it("requirement 16: does not read a body for whom there is no room any more", async () => {
    const { call, close } = await troubled({
      requireRoom: () => {
        throw new QuernError("OVERLOADED", "4096 rows are waiting already.");
      },
    });
    // The body is no JSON: one that was read would be refused for that.
    expect((await call("/predict/x")).status).toBe(503);
    await close();
  });
  it("is not ready when its thread cannot be started", async () => {
    const { call, close } = await troubled({ state: "failed" });
    for (const path of ["/health/ready", "/v2/health/ready", "/v2/models/x/ready"]) {
      expect((await call(path, "GET")).status, path).toBe(503);
    }
    expect((await call("/health/live", "GET")).status).toBe(200);
    await close();
  });
  it("tells callers nothing of a bug, but the log its cause", async () => {
    const broken = new Proxy([], { get: () => expect.unreachable("secret") }) as never;
    const { call, logged, close } = await troubled({ inputs: broken });
    const { status, text } = await call("/v2/models/x", "GET");
    expect([status, JSON.parse(text)]).toEqual([500, { error: "The server failed on this request." }]);
    expect(JSON.stringify(logged)).toContain("secret");
    await close();
  });
});

describe("stopping", () => {
  it("requirement 18: answers what was accepted, then closes", async () => {
    const models = createModelPool({ clock: systemClock });
    const { manifest, files } = await bundleFiles(smallModel("binary"));
    const model = await models.add({ id: "b", manifest, files });
    let begun = 0;
    const predict = model.predict.bind(model);
    Object.assign(model, {
      predict: (...given: Parameters<typeof predict>) => {
        begun += 1;
        return predict(...given);
      },
    });
    const stopping = createServer({ port: 0 }, { models, clock: systemClock, logger: silentLogger });
    const address = await stopping.listen();
    const rows = Array.from({ length: 3000 }, () => GOOD);
    const accepted = Array.from({ length: 8 }, () =>
      fetch(`${address}/predict/small-binary`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(rows),
      }),
    );
    while (begun < accepted.length) await new Promise((resolve) => setTimeout(resolve, 1));
    await Promise.all([stopping.close(), stopping.close()]);
    const answers = await Promise.all(accepted);
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    await expect(fetch(`${address}/health/live`)).rejects.toThrow();
  });
  it("drops a caller that went away", async () => {
    const { port } = new URL(base);
    const socket = connect(Number(port), "127.0.0.1");
    const body = JSON.stringify(Array.from({ length: 400 }, () => GOOD));
    socket.write(
      `POST /predict/small-binary HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    await new Promise((resolve) => setTimeout(resolve, 5));
    socket.destroy();
    expect((await post("/predict/small-binary", GOOD)).status).toBe(200);
  });
});
