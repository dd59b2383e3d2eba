import { describe, expect, it } from "vitest";
import { pack } from "../../foundation/base/packing.js";
import { createRandom } from "../../foundation/base/random.js";
import type { GraphValue } from "../../foundation/contracts/graph.js";
import { createGraph, Expressions, openBuiltModel } from "../onnx/index.js";
import { createTraining } from "./create-training.js";
import { createDropoutPool, dropout } from "./dropout.js";
import { squaredError, weightedMean } from "./losses/index.js";
import { adamW } from "./optimizers/index.js";
import { ParameterLayout, type ParameterSpecification } from "./parameters.js";
import { coslog4, oneCycle, warmUp } from "./schedules.js";
import type { StepGraph, TrainingDefinition, TrainingState } from "./training.js";

const [ROWS, WIDTH, HIDDEN, BATCH, STEPS] = [64, 6, 512, 16, 8];
const random = createRandom("training");
const normals = (count: number, scale = 1) =>
  Float32Array.from({ length: count }, () => scale * random.normal());
const parameter = (name: string, shape: number[], more: Partial<ParameterSpecification> = {}) => ({
  name,
  shape,
  values: normals(
    shape.reduce((count, size) => count * size, 1),
    0.05,
  ),
  ...more,
});
const pool = createDropoutPool(0.2, BATCH * HIDDEN, random);

function loss({ x, parameter: of, input }: StepGraph): GraphValue {
  const rows = input("rows");
  const dense = (value: GraphValue, k: number) => x.add(x.matmul(value, of(`w${k}`)), of(`b${k}`));
  const hidden = dropout(
    x,
    x.apply("Relu", dense(x.gather(input("x"), rows), 1)),
    input("pool"),
    input("start"),
  );
  const scores = dense(x.apply("Relu", dense(hidden, 2)), 3);
  return weightedMean(x, squaredError(x, scores, x.gather(input("y"), rows)));
}

/** The second weight is large enough for a storage of its own. */
const definition: TrainingDefinition = {
  parameters: [
    parameter("w1", [WIDTH, HIDDEN]),
    parameter("b1", [HIDDEN], { decayFactor: 0, rateFactor: 0.1 }),
    parameter("w2", [HIDDEN, HIDDEN]),
    parameter("b2", [HIDDEN], { decayFactor: 0 }),
    parameter("w3", [HIDDEN, 1]),
    parameter("b3", [1]),
  ],
  shared: {
    x: { type: "float32", shape: [ROWS, WIDTH], data: normals(ROWS * WIDTH) },
    y: { type: "float32", shape: [ROWS, 1], data: normals(ROWS) },
    pool: { type: "float32", shape: [pool.values.length], data: pool.values },
  },
  perStep: { rows: { type: "int64", shape: [BATCH] }, start: { type: "int64", shape: [1] } },
  loss,
  optimizer: adamW({ weightDecay: 0.1 }),
  clipNorm: 1,
};
const rows = BigInt64Array.from({ length: STEPS * BATCH }, () => BigInt(random.integer(ROWS)));
const starts = pool.starts(STEPS, random);

async function train(parts: readonly number[]): Promise<{ losses: number[]; state: TrainingState }> {
  let state: TrainingState | undefined;
  const losses: number[] = [];
  let done = 0;
  for (const steps of parts) {
    const training = await createTraining(definition, state);
    const rates = Float64Array.from({ length: steps }, (_, k) => 0.001 / (1 + done + k));
    const slices = {
      rows: rows.slice(done * BATCH, (done + steps) * BATCH),
      start: starts.slice(done, done + steps),
    };
    losses.push(...(await training.run(rates, slices)));
    done += steps;
    state = training.state;
    await training.close();
  }
  return { losses, state: state! };
}

describe("training", () => {
  it("goes on from a state as if it had not been interrupted", async () => {
    const whole = await train([STEPS]);
    expect(whole.state.step).toBe(STEPS);
    for (const parts of [[5, 1, STEPS - 6], [STEPS]]) {
      const other = await train(parts);
      expect(other.losses).toEqual(whole.losses);
      expect(Buffer.compare(pack(other.state), pack(whole.state))).toBe(0);
    }
  });

  it("reads parameters back from their storages", async () => {
    const layout = new ParameterLayout(definition.parameters);
    expect(layout.storages.map(({ members }) => members.length)).toEqual([5, 1]);
    const read = layout.read(layout.initial(definition.parameters));
    for (const { name, values } of definition.parameters) expect(read.get(name)).toEqual(values);
  });

  it("carries statistics from step to step, and keeps frozen parameters out of gradient and optimizer", async () => {
    const counted: TrainingDefinition = {
      ...definition,
      parameters: [
        ...definition.parameters.map((one) =>
          one.name === "w2" ? { ...one, role: "frozen" as const } : one,
        ),
        { name: "steps", shape: [1], values: Float32Array.of(5), role: "statistic" },
        { name: "kept", shape: [2, 1], values: Float32Array.of(1, 2), role: "statistic" },
      ],
      loss(step) {
        step.update("steps", step.x.add(step.parameter("steps"), 1));
        return loss(step);
      },
    };
    const training = await createTraining(counted);
    const rates = new Float64Array(2).fill(0.01);
    for (const part of [0, 1]) {
      const slices = {
        rows: rows.slice(part * 2 * BATCH, (part + 1) * 2 * BATCH),
        start: starts.slice(2 * part, 2 * part + 2),
      };
      await training.run(rates, slices);
    }
    const after = training.parameters();
    await training.close();
    expect(Array.from(after.get("steps")!)).toEqual([9]);
    expect(Array.from(after.get("kept")!)).toEqual([1, 2]);
    expect(after.get("w2")).toEqual(definition.parameters[2]!.values);
    expect(after.get("w1")).not.toEqual(definition.parameters[0]!.values);
    expect(Object.keys(training.state.contents).filter((name) => name.startsWith("parameter:w2"))).toEqual([
      "parameter:w2",
    ]);
  });

  it("names a tensor that is not there", async () => {
    const broken = { ...definition, loss: ({ input }: StepGraph) => input("nothing") };
    await expect(createTraining(broken)).rejects.toThrow(/no tensor "nothing"/);
  });
});

describe("dropout", () => {
  it("multiplies by the window of the pool that begins where the step says", async () => {
    const graph = createGraph({ name: "dropout" });
    const x = new Expressions(graph);
    const value = graph.input("value", "float32", [2, 3]);
    const masks = graph.input("pool", "float32", [pool.values.length]);
    graph.output("y", dropout(x, value, masks, graph.input("start", "int64", [1])));
    const session = await openBuiltModel(graph.toModel(), { threads: 1 });
    const { y } = await session.run({
      value: { type: "float32", shape: [2, 3], data: new Float32Array(6).fill(1) },
      pool: definition.shared.pool!,
      start: { type: "int64", shape: [1], data: BigInt64Array.of(7n) },
    });
    await session.close();
    expect(y!.data).toEqual(pool.values.slice(7, 13));
  });

  it("drops the given share and keeps the mean", () => {
    const dropped = pool.values.filter((value) => value === 0).length / pool.values.length;
    expect(dropped).toBeCloseTo(0.2, 2);
    expect(new Set(pool.values)).toEqual(new Set([0, 1.25]));
  });
});

describe("schedules", () => {
  it("go through four waves and end near 0", () => {
    const rates = Array.from({ length: 400 }, (_, step) => coslog4(step, 400));
    const peaks = rates.filter(
      (rate, k) => k > 0 && k < 399 && rate > rates[k - 1]! && rate >= rates[k + 1]!,
    );
    expect(peaks).toHaveLength(4);
    for (const peak of peaks) expect(peak).toBeGreaterThan(0.95);
    expect(rates.at(-1)!).toBeLessThan(0.01);
  });

  it("warm up over the first steps", () => {
    const schedule = warmUp(3, oneCycle());
    expect([0, 1, 2].map((step) => schedule(step, 13))).toEqual([0.25, 0.5, 0.75]);
    expect(schedule(3, 13)).toBe(oneCycle()(0, 10));
  });
});
