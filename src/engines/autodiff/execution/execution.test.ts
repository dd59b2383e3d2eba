import { describe, expect, it } from "vitest";
import { createRandom } from "../../../foundation/base/random.js";
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import { createTraining } from "../create-training.js";
import { squaredError, weightedMean } from "../losses/index.js";
import { adamW, type Optimizer, sgd } from "../optimizers/index.js";
import type { ParameterSpecification } from "../parameters.js";
import type { LossPart, StepGraph, TrainingDefinition } from "../training.js";

const [ROWS, WIDTH, HIDDEN, BATCH, STEPS] = [64, 6, 520, 16, 6];
const random = createRandom("execution");
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

const dense = ({ x, parameter: of }: StepGraph, value: GraphValue, k: number) =>
  x.add(x.matmul(value, of(`w${k}`)), of(`b${k}`));
const parts: LossPart[] = [
  (step) => step.x.apply("Relu", dense(step, step.x.gather(step.input("x"), step.input("rows")), 1)),
  (step, value) => step.x.apply("Tanh", dense(step, value!, 2)),
  (step, value) => {
    const { x, input } = step;
    return weightedMean(x, squaredError(x, dense(step, value!, 3), x.gather(input("y"), input("rows"))));
  },
];
const whole = (step: StepGraph): GraphValue =>
  parts.reduce<GraphValue | undefined>((value, part) => part(step, value), undefined)!;

/** The second weight is larger than one piece of the update. */
const definition: TrainingDefinition = {
  parameters: [
    parameter("w1", [WIDTH, HIDDEN]),
    parameter("b1", [HIDDEN], { decayFactor: 0, rateFactor: 0.1 }),
    parameter("w2", [HIDDEN, HIDDEN], { rateFactor: 0.5 }),
    parameter("b2", [HIDDEN], { decayFactor: 0 }),
    parameter("w3", [HIDDEN, 1]),
    parameter("b3", [1]),
    parameter("unused", [3]),
  ],
  shared: {
    x: { type: "float32", shape: [ROWS, WIDTH], data: normals(ROWS * WIDTH) },
    y: { type: "float32", shape: [ROWS, 1], data: normals(ROWS) },
  },
  perStep: { rows: { type: "int64", shape: [BATCH] } },
  loss: whole,
  optimizer: adamW({ weightDecay: 0.1 }),
  clipNorm: 0.5,
};
const rows = BigInt64Array.from({ length: STEPS * BATCH }, () => BigInt(random.integer(ROWS)));

async function train(changes: Partial<TrainingDefinition>, given = rows, steps = STEPS) {
  const training = await createTraining({ ...definition, ...changes });
  const losses = await training.run(new Float64Array(steps).fill(0.003), { rows: given });
  const parameters = training.parameters();
  const { execution, memory } = training;
  await training.close();
  return { losses, parameters, execution, memory };
}

function gap(a: ReadonlyMap<string, Float32Array>, b: ReadonlyMap<string, Float32Array>): number {
  let greatest = 0;
  for (const [name, values] of a) {
    for (const [k, value] of values.entries())
      greatest = Math.max(greatest, Math.abs(value - b.get(name)![k]!));
  }
  return greatest;
}

/** Reads its slot after the new one is known, so the slot's memory must not be taken early. */
const lateReader: Optimizer<"sum", "rate"> = {
  slots: ["sum"],
  scalars: (_, learningRate) => ({ rate: learningRate }),
  update(x, { parameter: value, gradient, slots, scalars }) {
    const sum = x.add(slots.sum, gradient);
    const direction = x.add(x.mul(sum, 0.3), x.mul(slots.sum, 0.7));
    return { parameter: x.sub(value, x.mul(direction, scalars.rate)), slots: { sum } };
  },
};

describe("execution", () => {
  it.each(["adamW", "late reader"])("is the same in a Loop and stepwise: %s", async (name) => {
    const optimizer = name === "adamW" ? definition.optimizer : lateReader;
    const loop = await train({ optimizer, execution: "loop" });
    const stepwise = await train({ optimizer, execution: "stepwise" });
    expect([loop.execution, stepwise.execution]).toEqual(["loop", "stepwise"]);
    expect(gap(loop.parameters, stepwise.parameters)).toBeLessThan(1e-6);
    expect(stepwise.losses.at(-1)).toBeCloseTo(loop.losses.at(-1)!, 5);
  });

  it("accumulates the gradients of small batches to that of a large one", async () => {
    const large = await train({ execution: "stepwise" });
    const small = await train({ perStep: { rows: { type: "int64", shape: [BATCH / 4] } }, accumulate: 4 });
    expect(small.execution).toBe("stepwise");
    expect(gap(large.parameters, small.parameters)).toBeLessThan(2e-5);
    expect(small.losses[0]).toBeCloseTo(large.losses[0]!, 5);
  });

  it("computes parts again with the same gradients and less memory", async () => {
    const plain = await train({ execution: "stepwise" });
    const again = await train({ loss: parts });
    expect(gap(plain.parameters, again.parameters)).toBeLessThan(1e-6);
    const chain = (count: number): LossPart[] => [
      parts[0]!,
      ...Array.from(
        { length: count },
        (): LossPart => (step, value) => {
          const { x } = step;
          return x.apply("Tanh", x.apply("Tanh", x.apply("Tanh", dense(step, value!, 2))));
        },
      ),
      parts[2]!,
    ];
    const deep = chain(8);
    // One step without momentum, so that the change is the gradient itself.
    const once = { optimizer: sgd(), perStep: { rows: { type: "int64", shape: [BATCH * STEPS] } } } as const;
    const joined = (step: StepGraph) =>
      deep.reduce<GraphValue | undefined>((value, part) => part(step, value), undefined)!;
    const kept = await train({ ...once, loss: joined, execution: "stepwise" }, rows, 1);
    const computed = await train({ ...once, loss: deep }, rows, 1);
    expect(gap(kept.parameters, computed.parameters)).toBeLessThan(1e-6);
    expect(computed.memory.activationBytes).toBeLessThan(0.9 * kept.memory.activationBytes);
  });

  it("keeps statistics and frozen parameters stepwise too", async () => {
    const { parameters } = await train({
      execution: "stepwise",
      parameters: [
        ...definition.parameters.map((one) =>
          one.name === "w2" ? { ...one, role: "frozen" as const } : one,
        ),
        { name: "steps", shape: [1], values: Float32Array.of(5), role: "statistic" },
      ],
      loss(step) {
        step.update("steps", step.x.add(step.parameter("steps"), 1));
        return whole(step);
      },
    });
    expect(parameters.get("steps")).toEqual(Float32Array.of(5 + STEPS));
    expect(parameters.get("w2")).toEqual(definition.parameters[2]!.values);
    expect(parameters.get("w1")).not.toEqual(definition.parameters[0]!.values);
  });

  it("is the same with frozen weights as constants, as inputs and in a Loop", async () => {
    const parameters = definition.parameters.map((one) =>
      one.name === "w2" ? { ...one, role: "frozen" as const } : one,
    );
    const constants = await train({ parameters, execution: "stepwise" });
    const inputs = await train({ parameters, execution: "stepwise", forms: 2 });
    const loop = await train({ parameters, execution: "loop" });
    expect(gap(constants.parameters, inputs.parameters)).toBeLessThan(1e-6);
    expect(gap(constants.parameters, loop.parameters)).toBeLessThan(1e-6);
    expect(constants.parameters.get("w2")).toEqual(definition.parameters[2]!.values);
    expect(constants.memory.peakBytes - inputs.memory.peakBytes).toBe(8 * HIDDEN * HIDDEN);
  });

  it("refuses a step that would not fit, with the numbers and what else could be done", async () => {
    const { memory } = await train({ execution: "stepwise" });
    const limited = { ...definition, execution: "stepwise" as const, memoryLimitBytes: memory.peakBytes - 1 };
    await expect(createTraining(limited)).rejects.toMatchObject({
      code: "OUT_OF_MEMORY",
      message: expect.stringMatching(/needs about \d+ MB and may use \d+ MB/),
      hint: expect.stringMatching(/accumulate their gradients.*recomputed/),
    });
    await expect(
      createTraining({ ...limited, memoryLimitBytes: memory.peakBytes }).then((one) => one.close()),
    ).resolves.toBeUndefined();
  });

  it("chooses steps for many parameters", async () => {
    expect((await train({})).execution).toBe("loop");
    const wide = { name: "wide", shape: [2 ** 20], values: () => new Float32Array(2 ** 20) };
    const large = await train({ parameters: [...definition.parameters, wide] });
    expect(large.execution).toBe("stepwise");
    expect(large.parameters.get("wide")!.every((value) => value === 0)).toBe(true);
  });

  it("gives the same bytes with two threads", async () => {
    for (const execution of ["loop", "stepwise"] as const) {
      const one = await train({ execution });
      const two = await train({ execution, threads: 2 });
      expect(two.losses).toEqual(one.losses);
      expect(two.parameters).toEqual(one.parameters);
    }
  });
});
