import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRandom } from "../../../foundation/base/random.js";
import { createTraining } from "../create-training.js";
import { squaredError } from "../losses/index.js";
import { adamW } from "../optimizers/index.js";
import type { Execution, TrainingDefinition } from "../training.js";
import { type BatchSource, createBatchOrder } from "./batch-source.js";
import { createBatchWorkers } from "./batch-workers.js";
import { openCheckpoints } from "./checkpoints.js";
import { type FitDefinition, fitTraining } from "./fit.js";
import { findLearningRate } from "./learning-rate-finder.js";

const [ROWS, WIDTH, BATCH, STEPS] = [40, 5, 8, 24];
const random = createRandom("loop");
const normals = (count: number, scale = 1) =>
  Float32Array.from({ length: count }, () => scale * random.normal());
const features = normals(ROWS * WIDTH);
const truth = Float32Array.from({ length: ROWS }, (_, row) => Math.sin(3 * features[row * WIDTH]!));

const definition = (execution: Execution): TrainingDefinition => ({
  parameters: [
    { name: "w1", shape: [WIDTH, 16], values: normals(WIDTH * 16, 0.3).fill(0.1, 3, 9) },
    { name: "b1", shape: [16], values: new Float32Array(16) },
    { name: "w2", shape: [16, 1], values: Float32Array.from({ length: 16 }, (_, k) => 0.3 - k / 20) },
  ],
  shared: {
    features: { type: "float32", shape: [ROWS, WIDTH], data: features },
    truth: { type: "float32", shape: [ROWS, 1], data: truth },
  },
  perStep: { rows: { type: "int64", shape: [BATCH] } },
  loss({ x, parameter, input }) {
    const rows = input("rows");
    const hidden = x.add(x.matmul(x.gather(input("features"), rows), parameter("w1")), parameter("b1"));
    const value = x.matmul(x.apply("Tanh", hidden), parameter("w2"));
    return x.mean(squaredError(x, value, x.gather(input("truth"), rows)));
  },
  optimizer: adamW({ weightDecay: 0.1 }),
  execution,
});
const fixed = { loop: definition("loop"), stepwise: definition("stepwise") };
const order = createBatchOrder({ rows: ROWS, size: BATCH, random: createRandom("order") });
const batches: BatchSource = {
  batch: (step) => ({ rows: BigInt64Array.from(order.rows(step), BigInt) }),
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loop-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (parameters: ReadonlyMap<string, Float32Array>) =>
  Buffer.concat([...parameters.values()].map((values) => Buffer.from(values.slice().buffer))).toString("hex");

interface Run {
  readonly execution: Execution;
  readonly into?: string;
  /** Steps after which the signal says stop. */
  readonly stopAfter?: number;
  readonly more?: Partial<FitDefinition>;
}

async function run({ execution, into, stopAfter, more }: Run) {
  const training = await createTraining(fixed[execution]);
  const controller = new AbortController();
  try {
    return await fitTraining({
      training,
      steps: STEPS,
      batches,
      learningRate: (step) => 0.05 / (1 + step / 10),
      stepsAtOnce: 3,
      evaluation: {
        everySteps: 5,
        evaluate: async () => ({ norm: Math.hypot(...training.parameters().get("w2")!) }),
        watch: "norm",
        better: "smaller",
        plateau: { patience: 0, factor: 0.5 },
      },
      ...(into
        ? {
            checkpoints: {
              store: openCheckpoints({ folder: join(folder, into), identity: "a" }),
              everySteps: 4,
            },
          }
        : {}),
      callbacks: [{ onSteps: ({ step }) => step >= (stopAfter ?? Infinity) && controller.abort() }],
      signal: controller.signal,
      ...more,
    });
  } finally {
    await training.close();
  }
}

describe("fitTraining", () => {
  it.each(["loop", "stepwise"] as const)(
    "goes on from any interruption to the same bytes: %s",
    async (execution) => {
      const whole = await run({ execution });
      let number = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(fc.integer({ min: 1, max: STEPS - 1 }), { maxLength: 3 }),
          async (stops) => {
            const into = `${execution}-${number++}`;
            for (const stopAfter of stops.sort((a, b) => a - b)) {
              await run({ execution, into, stopAfter }).catch(() => undefined);
            }
            const resumed = await run({ execution, into });
            expect(bytes(resumed.parameters)).toBe(bytes(whole.parameters));
            expect(resumed).toEqual(whole);
          },
        ),
        { numRuns: 8 },
      );
    },
  );

  it("stops early and gives the best parameters", async () => {
    const values = [3, 2, 1, 2, 2, 2];
    const training = await createTraining(fixed.loop);
    let kept: ReadonlyMap<string, Float32Array> | undefined;
    const result = await fitTraining({
      training,
      steps: 100,
      batches,
      learningRate: () => 0.01,
      evaluation: {
        everySteps: 2,
        async evaluate() {
          if (values.length === 4) kept = training.parameters();
          return { loss: values.shift()! };
        },
        watch: "loss",
        better: "smaller",
        patience: 2,
      },
    });
    await training.close();
    expect(result).toMatchObject({ stoppedEarly: true, steps: 10, bestStep: 6 });
    expect(result.parameters).toEqual(kept);
    expect(result.trainLoss).toHaveLength(5);
  });

  it("says so when the loss diverges", async () => {
    await expect(run({ execution: "loop", more: { learningRate: () => 1e30 } })).rejects.toMatchObject({
      code: "TRAINING_FAILED",
      message: expect.stringMatching(/step \d+/),
    });
  });
});

describe("checkpoints", () => {
  const snapshot = (step: number) => ({
    step,
    parameters: new Map([["w", Float32Array.of(step, 2)]]),
    slots: { mean: new Map([["w", Float32Array.of(0, step)]]) },
    progress: { step },
  });

  it("requirement 9: fall back to the one before when the newest is cut or altered, and keep two", () => {
    const own = join(folder, "torn");
    const store = openCheckpoints({ folder: own, identity: "a" });
    for (const step of [5, 10, 15]) store.save(snapshot(step));
    expect(readdirSync(own).sort()).toEqual([
      "checkpoint-0000000010.safetensors",
      "checkpoint-0000000015.safetensors",
    ]);
    expect(store.latest()).toEqual(snapshot(15));
    const newest = join(own, "checkpoint-0000000015.safetensors");
    const content = readFileSync(newest);
    for (const at of [content.length - 1, content.length - 9]) {
      const altered = Buffer.from(content);
      altered[at]! ^= 1;
      writeFileSync(newest, altered);
      expect(store.latest()!.step).toBe(10);
    }
    truncateSync(newest, content.length - 3);
    expect(store.latest()).toEqual(snapshot(10));
    expect(openCheckpoints({ folder: own, identity: "b" }).latest()).toBeUndefined();
    expect(openCheckpoints({ folder: join(folder, "none"), identity: "a" }).latest()).toBeUndefined();
  });
});

describe("batch order", () => {
  it("gives every row once an epoch, differently in each, from the step's number alone", () => {
    const epoch = (first: number) => Array.from({ length: 5 }, (_, k) => [...order.rows(first + k)]).flat();
    const sorted = (rows: number[]) => [...rows].sort((a, b) => a - b);
    expect(sorted(epoch(0))).toEqual(Array.from({ length: ROWS }, (_, row) => row));
    expect(sorted(epoch(5))).toEqual(sorted(epoch(0)));
    expect(epoch(5)).not.toEqual(epoch(0));
    const again = createBatchOrder({ rows: ROWS, size: BATCH, random: createRandom("order") });
    expect([...again.rows(7)]).toEqual([...order.rows(7)]);
  });

  it("puts rows of similar length together", () => {
    const lengths = Int32Array.from({ length: 1000 }, () => 1 + random.integer(100));
    const spread = (sorts: boolean) => {
      const own = createBatchOrder({
        rows: 1000,
        size: 16,
        random: createRandom(1),
        ...(sorts ? { lengths } : {}),
      });
      const longest = Array.from({ length: own.batchesPerEpoch }, (_, step) =>
        Math.max(...Array.from(own.rows(step), (row) => lengths[row]!)),
      );
      return longest.reduce((sum, value) => sum + value, 0) / longest.length;
    };
    expect(spread(true)).toBeLessThan(0.65 * spread(false));
  });
});

describe("forms", () => {
  /** Form 1 looks at the first half of a batch. */
  const twoForms = (execution: Execution): TrainingDefinition => ({
    ...fixed.loop,
    execution,
    forms: 2,
    loss: ({ x, parameter, input, form }) => {
      const rows = form === 0 ? input("rows") : x.split(input("rows"), [BATCH / 2, BATCH / 2], 0)[0]!;
      const hidden = x.add(x.matmul(x.gather(input("features"), rows), parameter("w1")), parameter("b1"));
      const value = x.matmul(x.apply("Tanh", hidden), parameter("w2"));
      return x.mean(squaredError(x, value, x.gather(input("truth"), rows)));
    },
  });
  const fitted = async (execution: Execution, stepsAtOnce: number) => {
    const training = await createTraining(twoForms(execution));
    try {
      const mixed: BatchSource = { ...batches, form: (step) => (step % 5 < 3 ? 1 : 0) };
      const result = await fitTraining({
        ...{ training, steps: STEPS, batches: mixed, stepsAtOnce },
        learningRate: () => 0.01,
      });
      return { result, form0: Number((await training.run([0], await batches.batch(3)))[0]) };
    } finally {
      await training.close();
    }
  };

  it("move the same parameters, whichever is executed how and however many steps at once", async () => {
    const once = await fitted("loop", 1);
    expect((await fitted("loop", 7)).result).toEqual(once.result);
    const steps = await fitted("stepwise", 1);
    expect(steps.result.trainLoss[0]).toBeCloseTo(once.result.trainLoss[0]!, 6);
    expect(steps.form0).toBeCloseTo(once.form0, 5);
    const whole = await createTraining(fixed.loop);
    await whole.run([0.01], await batches.batch(0));
    expect(once.result.parameters).not.toEqual(whole.parameters());
    await whole.close();
  });
});

describe("batch workers", () => {
  const source = `export default ({ base }) => ({ batch: (step) => {
    if (step === 9) throw new Error("no batch " + step);
    return { rows: BigInt64Array.of(BigInt(base + step)), text: ["t" + step] };
  } })`;
  const module = new URL(`data:text/javascript,${encodeURIComponent(source)}`);

  it.each([1, 3])("prepare the same batches in order, with %i threads", async (threads) => {
    const workers = createBatchWorkers({ module, data: { base: 100 }, threads, steps: 8 });
    const seen = [];
    for (let step = 2; step < 8; step++) seen.push(await workers.batch(step));
    await workers.close();
    expect(seen).toEqual(
      [2, 3, 4, 5, 6, 7].map((step) => ({ rows: BigInt64Array.of(BigInt(100 + step)), text: [`t${step}`] })),
    );
  });

  it("pass on what went wrong", async () => {
    const workers = createBatchWorkers({ module, data: { base: 0 }, threads: 2, steps: 20 });
    await expect(workers.batch(9)).rejects.toThrow(/no batch 9/);
    await workers.close();
  });
});

describe("learning rate finder", () => {
  it("suggests a rate below divergence and leaves the training where it was", async () => {
    for (const execution of ["loop", "stepwise"] as const) {
      const training = await createTraining(fixed[execution]);
      await training.run([0.01], await batches.batch(0));
      const before = training.parameters();
      const { rates, losses, suggestion } = await findLearningRate({ training, batches, steps: 60, to: 100 });
      expect(training.parameters()).toEqual(before);
      expect(training.state.step).toBe(1);
      await training.close();
      expect(losses).toHaveLength(rates.length);
      expect(suggestion).toBeGreaterThan(1e-3);
      expect(suggestion).toBeLessThan(2);
    }
  });
});
