/** The service as a client of gRPC meets it; messages are judged by the reference implementation, from the proto file. */
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleFiles } from "../../../../src/capabilities/bundles/index.js";
import { createModelPool } from "../../../../src/capabilities/serving/index.js";
import { inferenceClient } from "../../../../test/fixtures/inference-client.js";
import type { LooseJson } from "../../../../test/fixtures/loose-json.js";
import { smallModel } from "../../../../test/golden/small-model.js";
import { systemClock } from "../../../foundation/base/clock.js";
import { ERROR_TABLE, QuernError } from "../../../foundation/base/errors.js";
import { silentLogger } from "../../../foundation/base/logger.js";
import type { AnsweredRows } from "../../../foundation/contracts/prediction-log.js";
import type { ModelPool } from "../../../foundation/contracts/serving.js";
import { createServer, createServingMetrics, type QuernServer } from "../index.js";
import { GRPC_STATUS, toGrpcError } from "./status.js";

const TOKEN = "0123456789abcdef-grpc";
const logged: AnsweredRows[] = [];
let pool: ModelPool;
let server: QuernServer;
let base: string;
let client: LooseJson;

beforeAll(async () => {
  pool = createModelPool({ clock: systemClock });
  const { manifest, files } = await bundleFiles(smallModel("binary"));
  await pool.add({ id: "b", manifest, files });
  server = createServer(
    { port: 0, grpcPort: 0, bodyLimitBytes: 64 * 1024, maximumRows: 500 },
    {
      models: pool,
      clock: systemClock,
      logger: silentLogger,
      metrics: createServingMetrics(),
      predictions: { record: (answered) => void logged.push(answered) },
    },
  );
  base = await server.listen();
  client = inferenceClient(server.grpcAddress);
});
afterAll(async () => {
  client.close();
  await server.close();
});

type Failure = grpc.ServiceError;
const call = (method: string, request: unknown, metadata = new grpc.Metadata(), options = {}) =>
  new Promise<LooseJson>((resolve, reject) => {
    client[method](request, metadata, options, (failure: Failure | null, answer: LooseJson) =>
      failure ? reject(failure) : resolve(answer),
    );
  });
const refusal = (method: string, request: unknown): Promise<Failure> =>
  call(method, request).then(
    () => expect.unreachable(),
    (failure: Failure) => failure,
  );

const TEXT = Buffer.from("good");
const tensor = (name: string, datatype: string, contents: object, width = 1) => ({
  ...{ name, datatype, shape: [1, width], contents },
});
const inputs = [
  tensor("age", "FP32", { fp32Contents: [30] }),
  tensor("balance", "FP64", { fp64Contents: [1_000_000_001] }),
  tensor("member", "FP32", { fp32Contents: [1] }),
  tensor("city", "BYTES", { bytesContents: [Buffer.from("北京")] }),
  tensor("since", "INT64", { int64Contents: ["1577923200000"] }),
  tensor("place", "FP32", { fp32Contents: [1, 2] }, 2),
];
const GOOD = {
  ...{ age: 30, balance: 1_000_000_001, member: true, city: "北京" },
  ...{ since: new Date(1_577_923_200_000), label: "good", place: [1, 2] },
};
/** The text column cannot be called like an output, so its tensor has another name. */
const allInputs = () => {
  const known = new Set(inputs.map(({ name }) => name));
  const { name } = pool.get("small-binary").inputs.find((port) => !known.has(port.name))!;
  return [...inputs, tensor(name, "BYTES", { bytesContents: [TEXT] })];
};

describe("the inference service over gRPC", () => {
  it("answers for server and model", async () => {
    expect(await call("serverLive", {})).toEqual({ live: true });
    expect(await call("serverReady", {})).toEqual({ ready: true });
    expect(await call("serverMetadata", {})).toMatchObject({ name: "quern" });
    expect(await call("modelReady", { name: "small-binary" })).toEqual({ ready: true });
    expect(await call("modelReady", { name: "nobody" })).toEqual({ ready: false });
    const metadata = await call("modelMetadata", { name: "small-binary" });
    expect(metadata).toMatchObject({ name: "small-binary", platform: "onnx_onnxv1" });
    expect(metadata.inputs).toContainEqual({ name: "since", datatype: "INT64", shape: ["-1", "1"] });
    const [version] = metadata.versions;
    expect(await call("modelReady", { name: "small-binary", version })).toEqual({ ready: true });
    expect((await refusal("modelMetadata", { name: "nobody" })).code).toBe(grpc.status.NOT_FOUND);
  });

  it("infers what rows are answered, echoes the id, logs the row, and gives the outputs asked for", async () => {
    logged.length = 0;
    const request = { modelName: "small-binary", id: "order/7", inputs: allInputs() };
    const answer = await call("modelInfer", request);
    const [expected] = await pool.get("small-binary").predict([GOOD]);
    const row = expected && "label" in expected ? expected : expect.unreachable();
    expect(answer).toMatchObject({ modelName: "small-binary", id: "order/7" });
    const [label, probabilities] = answer.outputs;
    expect(label).toMatchObject({ name: "label", datatype: "BYTES", shape: ["1"] });
    expect(String(label.contents.bytesContents[0])).toBe(row.label);
    for (const [index, value] of Object.values(row.probabilities).entries())
      expect(probabilities.contents.fp32Contents[index]).toBeCloseTo(value, 6);
    expect(logged).toHaveLength(1);
    expect(logged[0]).toMatchObject({ ids: ["order/7"], rows: [GOOD], predictions: [expected] });
    const one = await call("modelInfer", { ...request, outputs: [{ name: "label" }] });
    expect(one.outputs.map(({ name }: { name: string }) => name)).toEqual(["label"]);
    expect(logged).toHaveLength(2);
  });

  it("takes raw contents and answers in kind, 64-bit integers exact", async () => {
    const bytes = (text: string) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(Buffer.byteLength(text));
      return Buffer.concat([length, Buffer.from(text)]);
    };
    const raw: Record<string, Uint8Array> = {
      age: new Uint8Array(Float32Array.of(30).buffer),
      balance: new Uint8Array(Float64Array.of(1_000_000_001).buffer),
      member: new Uint8Array(Float32Array.of(1).buffer),
      city: bytes("北京"),
      since: new Uint8Array(BigInt64Array.of(9_007_199_254_740_993n).buffer),
      place: new Uint8Array(Float32Array.of(1, 2).buffer),
    };
    const named = allInputs();
    const request = {
      modelName: "small-binary",
      inputs: named.map(({ contents: _, ...rest }) => rest),
      rawInputContents: named.map(({ name }) => raw[name] ?? bytes("good")),
    };
    const seen: unknown[] = [];
    const model = pool.get("small-binary");
    const infer = model.infer.bind(model);
    const patched = Object.assign(model, {
      infer: (...given: Parameters<typeof infer>) => {
        seen.push(given[0].since!.data);
        return infer(...given);
      },
    });
    const answer = await call("modelInfer", request);
    expect(seen).toEqual([BigInt64Array.of(9_007_199_254_740_993n)]);
    expect(answer.outputs[0]).toMatchObject({ name: "label", contents: null });
    expect(answer.rawOutputContents).toHaveLength(2);
    expect(answer.rawOutputContents[1]).toHaveLength(8);
    const typed = { ...request, rawInputContents: [], inputs: named.map((input) => ({ ...input })) };
    typed.inputs[4]!.contents = { int64Contents: ["9007199254740993"] };
    await call("modelInfer", typed);
    expect(seen[1]).toEqual(seen[0]);
    Reflect.deleteProperty(patched, "infer");
  });

  it("refuses with statuses that say whose fault it is", async () => {
    const all = allInputs();
    const infer = (request: object) => refusal("modelInfer", { modelName: "small-binary", ...request });
    const wrong: readonly [object, number, RegExp][] = [
      [{ modelName: "nobody" }, grpc.status.NOT_FOUND, /nobody/],
      [{ modelVersion: "99", inputs: all }, grpc.status.NOT_FOUND, /99/],
      [{ inputs: [] }, grpc.status.INVALID_ARGUMENT, /is missing/],
      [{ inputs: [...all, all[0]] }, grpc.status.INVALID_ARGUMENT, /given twice/],
      [{ inputs: [...all, { name: "nope" }] }, grpc.status.INVALID_ARGUMENT, /no input "nope"/],
      [{ inputs: all, outputs: [{ name: "nope" }] }, grpc.status.INVALID_ARGUMENT, /no output "nope"/],
      [{ inputs: all, rawInputContents: [TEXT] }, grpc.status.INVALID_ARGUMENT, /1 raw contents for 7/],
      [{ inputs: [{ ...all[0], shape: [-1, 1] }] }, grpc.status.INVALID_ARGUMENT, /shape/],
      [{ inputs: [{ ...all[0], datatype: "FP64" }] }, grpc.status.INVALID_ARGUMENT, /FP64, not FP32/],
      [{ inputs: [{ ...all[0], shape: [2, 1] }] }, grpc.status.INVALID_ARGUMENT, /1 values; its shape/],
      [
        { inputs: [{ ...all[3], contents: { bytesContents: [Buffer.of(0xff)] } }] },
        grpc.status.INVALID_ARGUMENT,
        /UTF-8/,
      ],
      [{ inputs: all, parameters: { explain: { boolParam: true } } }, grpc.status.UNIMPLEMENTED, /explain/],
      [{ id: "x".repeat(70_000) }, grpc.status.RESOURCE_EXHAUSTED, /larger/],
    ];
    for (const [request, code, message] of wrong) {
      const failure = await infer(request);
      expect([failure.code, failure.details]).toEqual([code, expect.stringMatching(message)]);
    }
    expect((await infer({ modelName: "nobody" })).metadata.get("quern-code")).toEqual(["MODEL_NOT_FOUND"]);
    const rows = tensor("age", "FP32", { fp32Contents: new Array(501).fill(1) });
    expect((await infer({ inputs: [{ ...rows, shape: [501, 1] }] })).code).toBe(
      grpc.status.RESOURCE_EXHAUSTED,
    );
  });

  it("answers malformed messages and knows grpc.health.v1", async () => {
    const raw = (path: string, bytes: Buffer) =>
      new Promise<LooseJson>((resolve) => {
        const same = (message: Buffer) => message;
        client.makeUnaryRequest(path, same, same, bytes, (failure: Failure | null, answer: Buffer) =>
          resolve(failure ?? answer),
        );
      });
    for (const bytes of [Buffer.of(0x0a, 0xff), Buffer.of(0x08), Buffer.of(0x2a, 0x02, 0x0a, 0x05)]) {
      const failure = await raw("/inference.GRPCInferenceService/ModelInfer", bytes);
      expect([failure.code, failure.details]).toEqual([
        grpc.status.INVALID_ARGUMENT,
        expect.stringMatching(/malformed/),
      ]);
    }
    expect(await raw("/grpc.health.v1.Health/Check", Buffer.alloc(0))).toEqual(Buffer.of(0x08, 1));
    expect((await raw("/grpc.health.v1.Health/Check", Buffer.of(0x0a, 1, 0x78))).code).toBe(
      grpc.status.NOT_FOUND,
    );
    expect((await raw("/inference.GRPCInferenceService/Nothing", Buffer.alloc(0))).code).toBe(
      grpc.status.UNIMPLEMENTED,
    );
  });

  it("computes nothing for callers whose time is up or who went away", async () => {
    const model = pool.get("small-binary");
    const seen: boolean[] = [];
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const infer = model.infer.bind(model);
    const patched = Object.assign(model, {
      infer: async (...given: Parameters<typeof infer>) => {
        await held;
        seen.push(given[2]!.signal!.aborted, given[2]!.deadlineMs! < systemClock.elapsed());
        return infer(...given);
      },
    });
    const request = { modelName: "small-binary", inputs: allInputs() };
    const late = call("modelInfer", request, new grpc.Metadata(), { deadline: Date.now() + 100 });
    await expect(late).rejects.toMatchObject({ code: grpc.status.DEADLINE_EXCEEDED });
    const cancelled = new Promise<Failure>((resolve) => {
      const open = client.modelInfer(request, (failure: Failure) => resolve(failure));
      setTimeout(() => open.cancel(), 50);
    });
    expect((await cancelled).code).toBe(grpc.status.CANCELLED);
    await new Promise((resolve) => setTimeout(resolve, 50));
    release();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(seen).toEqual([true, true, true, false]);
    Reflect.deleteProperty(patched, "infer");
    expect(model.busyRows).toBe(0);
  });

  it("is counted", async () => {
    const text = await (await fetch(`${base}/metrics`)).text();
    expect(text).toMatch(/quern_grpc_request_duration_seconds_count\{method="ModelInfer",status="OK"\} \d/);
    expect(text).toMatch(/method="ModelInfer",status="INVALID_ARGUMENT"/);
  });
});

it("asks for the token before it reads a message, but not for health", async () => {
  const guarded = createServer(
    { port: 0, grpcPort: 0, tokens: [{ token: TOKEN, permissions: ["predict"] }] },
    { models: createModelPool({ clock: systemClock }), clock: systemClock, logger: silentLogger },
  );
  await guarded.listen();
  const own = inferenceClient(guarded.grpcAddress);
  const codeOf = (method: string, headers: Record<string, string> = {}) =>
    new Promise<number>((resolve) => {
      const metadata = new grpc.Metadata();
      for (const [key, value] of Object.entries(headers)) metadata.set(key, value);
      own[method]({}, metadata, (failure: Failure | null) => resolve(failure?.code ?? 0));
    });
  expect(await codeOf("serverLive")).toBe(0);
  expect(await codeOf("serverMetadata")).toBe(grpc.status.UNAUTHENTICATED);
  expect(await codeOf("serverMetadata", { authorization: "Bearer wrong" })).toBe(grpc.status.UNAUTHENTICATED);
  expect(await codeOf("serverMetadata", { authorization: `Bearer ${TOKEN}` })).toBe(0);
  expect(await codeOf("serverLive", { origin: "https://evil.example" })).toBe(grpc.status.PERMISSION_DENIED);
  own.close();
  await guarded.close();
});

it("requirement 18: answers the calls it accepted when it is stopped", async () => {
  const models = createModelPool({ clock: systemClock });
  const { manifest, files } = await bundleFiles(smallModel("binary"));
  const model = await models.add({ id: "b", manifest, files });
  const stopping = createServer(
    { port: 0, grpcPort: 0 },
    { models, clock: systemClock, logger: silentLogger },
  );
  await stopping.listen();
  const own = inferenceClient(stopping.grpcAddress);
  let accepted = 0;
  const infer = model.infer.bind(model);
  Object.assign(model, {
    infer: async (...given: Parameters<typeof infer>) => {
      accepted += 1;
      await new Promise((resolve) => setTimeout(resolve, 200));
      return infer(...given);
    },
  });
  const request = { modelName: "small-binary", inputs: allInputs() };
  const answers = Array.from(
    { length: 50 },
    () =>
      new Promise<number>((resolve) => {
        own.modelInfer(request, (failure: Failure | null) => resolve(failure?.code ?? 0));
      }),
  );
  while (accepted < 50) await new Promise((resolve) => setTimeout(resolve, 5));
  await stopping.close();
  expect(await Promise.all(answers)).toEqual(Array(50).fill(0));
  own.close();
});

it("every code of errors has a status, and bugs tell nothing", () => {
  for (const code of Object.keys(ERROR_TABLE) as (keyof typeof ERROR_TABLE)[]) {
    const { status, message } = toGrpcError(new QuernError(code, "what"));
    expect([GRPC_STATUS[status] > 0, message], code).toEqual([true, "what"]);
  }
  expect(toGrpcError(new TypeError("secret"))).toEqual({
    status: "INTERNAL",
    message: "The server failed on this request.",
  });
  expect(toGrpcError(new QuernError("OVERLOADED", "", { details: { retryAfterSeconds: 2 } }))).toMatchObject({
    status: "UNAVAILABLE",
    retryAfterSeconds: 2,
  });
});
