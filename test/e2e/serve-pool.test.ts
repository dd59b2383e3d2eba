import { once } from "node:events";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleFiles } from "../../src/capabilities/bundles/index.js";
import { createModelPool } from "../../src/capabilities/serving/index.js";
import { systemClock } from "../../src/foundation/base/clock.js";
import { builtFile } from "../../src/foundation/base/module-file.js";
import type { ModelPool, ServableBundle } from "../../src/foundation/contracts/serving.js";
import type { Tensor } from "../../src/foundation/contracts/tensor.js";
import { type SmallTask, smallModel } from "../golden/small-model.js";

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

  it("requirement 17: answers batched exactly as alone, whatever comes together", async () => {
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
  it("requirement 18: loses no accepted row when its thread is killed in the middle", async () => {
    const model = pool.get("small-multiclass");
    const [expected] = await model.predict([GOOD]);
    for (let round = 0; round < 2; round++) {
      const accepted = Array.from({ length: 300 }, () => model.predict([GOOD]));
      setImmediate(() => workers.at(-1)!.postMessage({ end: true }));
      const answers = (await Promise.all(accepted)).flat();
      expect(answers).toEqual(accepted.map(() => expected));
    }
    expect(model.state).toBe("ready");
  });
  it("requirement 19: keeps the old version when a new one is bad, and finishes what a removed one accepted", async () => {
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
