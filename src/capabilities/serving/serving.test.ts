import { once } from "node:events";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SmallTask, smallModel } from "../../../test/golden/small-model.js";
import { systemClock } from "../../foundation/base/clock.js";
import { builtFile } from "../../foundation/base/module-file.js";
import type { ModelPool, ServableBundle } from "../../foundation/contracts/serving.js";
import type { Tensor } from "../../foundation/contracts/tensor.js";
import { bundleFiles } from "../bundles/index.js";
import { Batcher, type BatcherOptions } from "./batcher.js";
import { createModelPool } from "./index.js";
import type { Tensors } from "./tensor-batch.js";

const GOOD = {
  ...{ age: 30, balance: 1_000_000_001, member: "yes", city: "北京" },
  ...{ since: "2020-01-02", label: "good", place: [1, 2] },
};

const servable = async (task: SmallTask): Promise<ServableBundle> => {
  const { manifest, files } = await bundleFiles(smallModel(task));
  return { id: "test", manifest, files };
};

describe("a pool of models", () => {
  let pool: ModelPool;
  const workers: Worker[] = [];
  const batches: number[] = [];
  beforeAll(async () => {
    pool = createModelPool({
      clock: systemClock,
      observer: { batch: (_, rows) => batches.push(rows) },
      startWorker: (data) => {
        const worker = new Worker(builtFile("capabilities/serving/inference-worker.js"), {
          workerData: data,
        });
        workers.push(worker);
        return worker;
      },
    });
    await pool.add(await servable("multiclass"));
  });
  afterAll(() => pool.drain(1000));

  it("answers batched exactly as alone, whatever comes together", async () => {
    const model = pool.get("small-multiclass");
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 90 }), { minLength: 1, maxLength: 150 }),
        async (ages) => {
          const together = await Promise.all(ages.map((age) => model.predict([{ ...GOOD, age }])));
          const atOnce = await model.predict(ages.map((age) => ({ ...GOOD, age })));
          expect(together.flat()).toEqual(atOnce);
        },
      ),
      { numRuns: 15 },
    );
    expect(Math.max(...batches)).toBeGreaterThan(10);
    expect(model.busyRows).toBe(0);
  });
  it("fails a bad row alone and names it", async () => {
    const model = pool.get("small-multiclass");
    const callers = [GOOD, { ...GOOD, age: "old" }, GOOD].map((row) => model.predict([row]));
    const [first, bad, last] = await Promise.allSettled(callers);
    expect(first!.status).toBe("fulfilled");
    expect(last!.status).toBe("fulfilled");
    expect(bad).toMatchObject({ reason: { code: "PREDICTION_INPUT", details: { row: 0, column: "age" } } });
  });
  it("checks the shape and type of tensors before they join a batch", async () => {
    const model = pool.get("small-multiclass");
    const names = model.outputs.map(({ name }) => name);
    await expect(model.infer({}, names)).rejects.toThrow(/is missing/);
    const flat: Tensor = { type: "float32", shape: [2], data: new Float32Array(2) };
    await expect(model.infer({ age: flat }, names)).rejects.toMatchObject({ code: "PREDICTION_INPUT" });
  });
  it("goes on after its thread died", async () => {
    const model = pool.get("small-multiclass");
    const [before] = await model.predict([GOOD]);
    const worker = workers.at(-1)!;
    void worker.terminate();
    await once(worker, "exit");
    expect(await model.predict([GOOD])).toEqual([before]);
    expect(model.state).toBe("ready");
  });
  it("keeps the old version when a new one is bad, and finishes what a removed one accepted", async () => {
    const broken = await servable("multiclass");
    const files = new Map(broken.files).set("model.onnx", new Uint8Array(85));
    await expect(pool.add({ ...broken, files })).rejects.toMatchObject({ code: "MODEL_REFUSED" });
    const wrong = new Map(broken.files);
    const sample = JSON.parse(new TextDecoder().decode(wrong.get("sample.json")!));
    sample.responses.reverse();
    wrong.set("sample.json", Buffer.from(JSON.stringify(sample)));
    await expect(pool.add({ ...broken, files: wrong })).rejects.toMatchObject({ code: "BUNDLE_INVALID" });
    expect(pool.list().map(({ manifest }) => manifest.version)).toEqual([broken.manifest.version]);

    const newer = { ...broken, manifest: { ...broken.manifest, version: 9 } };
    await pool.add(newer);
    expect(pool.get("small-multiclass").manifest.version).toBe(9);
    const accepted = Array.from({ length: 200 }, () => pool.get("small-multiclass", 9).predict([GOOD]));
    await pool.remove("small-multiclass", 9);
    expect(await Promise.all(accepted)).toHaveLength(200);
    expect(() => pool.get("small-multiclass", 9)).toThrow(/No model "small-multiclass", version 9/);
    expect(pool.get("small-multiclass").manifest.version).toBe(broken.manifest.version);
  });
});

describe("batching", () => {
  const row = (value: number): Tensors => ({
    x: { type: "float32", shape: [1, 1], data: Float32Array.of(value) },
  });
  interface Held {
    readonly rows: number;
    finish(): void;
  }
  const setUp = (change: Partial<BatcherOptions> = {}) => {
    const held: Held[] = [];
    const refused: string[] = [];
    let now = 0;
    const batcher = new Batcher({
      clock: { now: () => now, elapsed: () => now },
      maximumBatchRows: 4,
      queueLimitRows: 6,
      run: ({ x }) =>
        new Promise((resolve) => held.push({ rows: x!.shape[0]!, finish: () => resolve({ y: x! }) })),
      onBatch: () => undefined,
      onRefused: (reason) => refused.push(reason),
      ...change,
    });
    const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
    const advance = (ms: number): void => {
      now += ms;
    };
    return { batcher, held, refused, turn, advance };
  };
  const answer = (promise: Promise<Tensors>) => promise.then(({ y }) => y!.data[0]);

  it("joins what arrives in one turn, up to the limit, and gives each caller its rows", async () => {
    const { batcher, held, turn } = setUp();
    const answers = [1, 2, 3, 4, 5, 6].map((value) => answer(batcher.submit(row(value), ["y"], 1)));
    await turn();
    expect(held.map(({ rows }) => rows)).toEqual([4, 2]);
    for (const batch of held) batch.finish();
    expect(await Promise.all(answers)).toEqual([1, 2, 3, 4, 5, 6]);
  });
  it("refuses what does not fit the queue at once, with the time to come back", async () => {
    const { batcher, held, refused, turn } = setUp();
    const accepted = Array.from({ length: 6 }, (_, value) => answer(batcher.submit(row(value), ["y"], 1)));
    await expect(batcher.submit(row(7), ["y"], 1)).rejects.toMatchObject({
      code: "OVERLOADED",
      details: { retryAfterSeconds: 1 },
    });
    expect(batcher.overloaded).toBe(true);
    expect(refused).toEqual(["overloaded"]);
    await turn();
    for (const batch of held) batch.finish();
    expect(await Promise.all(accepted)).toHaveLength(6);
    expect(batcher.overloaded).toBe(false);
  });
  it("computes nothing for callers that left or whose time ran out", async () => {
    const { batcher, held, refused, turn, advance } = setUp({ queueLimitRows: 100 });
    const first = Array.from({ length: 8 }, (_, value) => answer(batcher.submit(row(value), ["y"], 1)));
    await turn();
    const caller = new AbortController();
    const left = batcher.submit(row(1), ["y"], 1, { signal: caller.signal });
    const late = batcher.submit(row(2), ["y"], 1, { deadlineMs: 10 });
    const patient = answer(batcher.submit(row(3), ["y"], 1));
    caller.abort();
    advance(20);
    await expect(left).rejects.toMatchObject({ code: "INTERRUPTED" });
    await expect(late).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    expect(refused.toSorted()).toEqual(["cancelled", "deadline"]);
    for (const batch of held.slice(0, 2)) batch.finish();
    await Promise.all(first);
    await turn();
    expect(held.slice(2).map(({ rows }) => rows)).toEqual([1]);
    held[2]!.finish();
    expect(await patient).toBe(3);
    expect(batcher.busyRows).toBe(0);
  });
  it("drains: finishes what it has, takes nothing new, gives up after the time allowed", async () => {
    const { batcher, held, turn } = setUp();
    const answers = [1, 2, 3, 4, 5].map((value) => batcher.submit(row(value), ["y"], 1));
    await turn();
    const drained = batcher.drain(10_000);
    await expect(batcher.submit(row(1), ["y"], 1)).rejects.toMatchObject({ code: "OVERLOADED" });
    for (const batch of held) batch.finish();
    await drained;
    expect(await Promise.all(answers)).toHaveLength(5);
    await batcher.drain(10_000);
  });
  it("fails the callers of a failed batch and no others", async () => {
    let calls = 0;
    const { batcher } = setUp({
      run: async ({ x }) => {
        if (calls++ === 0) throw new Error("thread died");
        return { y: x! };
      },
    });
    await expect(batcher.submit(row(1), ["y"], 1)).rejects.toThrow("thread died");
    expect(await answer(batcher.submit(row(2), ["y"], 1))).toBe(2);
  });
});
