import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { GraphValue } from "../../foundation/contracts/graph.js";
import type { Tensor } from "../../foundation/contracts/tensor.js";
import { createGraph, Expressions, openBuiltModel } from "../onnx/index.js";
import { createTraining } from "./create-training.js";
import { gradients } from "./gradients.js";
import { binaryCrossEntropy, crossEntropy, huber, squaredError, weightedMean } from "./losses/index.js";
import { AVERAGE } from "./optimizers/averaging.js";
import {
  adafactor,
  adagrad,
  adam,
  adamW,
  averaged,
  boundedGradients,
  debiased,
  lion,
  type Optimizer,
  rmsProp,
  sgd,
} from "./optimizers/index.js";
import {
  cosine,
  exponential,
  linear,
  oneCycle,
  PLATEAU_START,
  plateau,
  stepDecay,
  warmUp,
} from "./schedules.js";
import type { StepGraph, TrainingDefinition } from "./training.js";

interface Recorded {
  readonly x: number[];
  readonly classes: number[];
  readonly values: number[];
  readonly weights: number[];
  readonly shapes: Record<string, number[]>;
  readonly start: Record<string, number[]>;
  readonly gradients: Record<string, { loss: number; gradients: Record<string, number[]> }>;
  readonly metrics: number[];
  readonly trainings: Record<
    string,
    { losses: number[]; parameters: Record<string, number[]>; average?: Record<string, number[]> }
  >;
  readonly schedules: Record<string, number[]>;
}
const file = new URL("../../../test/oracles/autodiff/pytorch.json", import.meta.url);
const recorded = JSON.parse(readFileSync(file, "utf8")) as Recorded;

const [ROWS, WIDTH] = [24, 5];
const floats = (shape: number[], values: number[]): Tensor => ({
  type: "float32",
  shape,
  data: Float32Array.from(values),
});
const DATA: Record<string, Tensor> = {
  x: floats([ROWS, WIDTH], recorded.x),
  classes: { type: "int64", shape: [ROWS], data: BigInt64Array.from(recorded.classes, BigInt) },
  positive: floats(
    [ROWS],
    recorded.classes.map((code) => (code > 0 ? 1 : 0)),
  ),
  values: floats([ROWS, 1], recorded.values),
  weights: floats([ROWS], recorded.weights),
};

type Parts = Pick<StepGraph, "x" | "parameter" | "input">;

function network({ x, parameter, input }: Parts): GraphValue {
  const dense = (value: GraphValue, layer: number) =>
    x.add(x.matmul(value, parameter(`w${layer}`)), parameter(`b${layer}`));
  const hidden = x.apply("Gelu", dense(input("x"), 1));
  return dense(x.graph.op("LayerNormalization", [hidden, parameter("scale"), parameter("bias")]), 2);
}

const first = ({ x }: Parts, scores: GraphValue) => x.split(scores, [1, 2], 1)[0]!;
const LOSSES: Record<string, (parts: Parts, scores: GraphValue) => GraphValue> = {
  crossEntropy: ({ x, input }, z) => weightedMean(x, crossEntropy(x, z, input("classes")), input("weights")),
  smoothedCrossEntropy: ({ x, input }, z) =>
    weightedMean(x, crossEntropy(x, z, input("classes"), { labelSmoothing: 0.1 })),
  binary: (parts, z) => {
    const { x, input } = parts;
    return weightedMean(x, binaryCrossEntropy(x, x.reshape(first(parts, z), [ROWS]), input("positive")));
  },
  squaredError: (parts, z) =>
    weightedMean(parts.x, squaredError(parts.x, first(parts, z), parts.input("values"))),
  huber: (parts, z) => weightedMean(parts.x, huber(parts.x, first(parts, z), parts.input("values"), 0.7)),
};

const OPTIMIZERS: Record<string, { optimizer: Optimizer; rate: number; clipNorm?: number }> = {
  adam: { optimizer: adam({ weightDecay: 0.1 }), rate: 0.02 },
  rmsProp: { optimizer: rmsProp({ weightDecay: 0.05 }), rate: 0.01 },
  "centred rmsProp": { optimizer: rmsProp({ decay: 0.9, momentum: 0.9, centred: true }), rate: 0.002 },
  adagrad: { optimizer: adagrad({ rateDecay: 0.02, weightDecay: 0.05 }), rate: 0.02 },
  adafactor: { optimizer: adafactor({ weightDecay: 0.1 }), rate: 0.01 },
  lion: { optimizer: lion({ weightDecay: 0.1 }), rate: 0.005 },
  "layerwise adamw": { optimizer: adamW({ weightDecay: 0.1 }), rate: 0.02 },
  adamw: { optimizer: adamW({ weightDecay: 0.1 }), rate: 0.02 },
  "clipped adamw": { optimizer: adamW({ weightDecay: 0.1 }), rate: 0.02, clipNorm: 0.5 },
  "bounded adamw": { optimizer: boundedGradients(adamW({ weightDecay: 0.1 }), 0.01), rate: 0.02 },
  sgd: { optimizer: sgd(), rate: 0.1 },
  momentum: { optimizer: sgd({ momentum: 0.9, weightDecay: 0.01 }), rate: 0.05 },
  nesterov: { optimizer: sgd({ momentum: 0.9, weightDecay: 0.01, nesterov: true }), rate: 0.05 },
};

/** Greatest difference, relative above 1. */
function gap(actual: ArrayLike<number>, expected: readonly number[]): number {
  expect(actual.length).toBe(expected.length);
  return Math.max(...expected.map((value, k) => Math.abs(actual[k]! - value) / Math.max(1, Math.abs(value))));
}

describe("gradients recorded from PyTorch", () => {
  it.each(Object.keys(LOSSES))("agree for %s", async (name) => {
    const graph = createGraph({ name });
    const x = new Expressions(graph);
    const inputs = new Map<string, GraphValue>();
    const feeds: Record<string, Tensor> = { ...DATA };
    for (const [input, { type, shape }] of Object.entries(DATA))
      inputs.set(input, graph.input(input, type, shape));
    for (const [parameter, shape] of Object.entries(recorded.shapes)) {
      inputs.set(parameter, graph.input(parameter, "float32", shape));
      feeds[parameter] = floats(shape, recorded.start[parameter]!);
    }
    const of = (input: string) => inputs.get(input)!;
    const parts: Parts = { x, parameter: of, input: of };
    const loss = LOSSES[name]!(parts, network(parts));
    const names = Object.keys(recorded.shapes);
    graph.output("loss", loss);
    for (const [k, gradient] of gradients(graph, loss, names.map(of)).entries())
      graph.output(`d:${names[k]}`, gradient);
    const session = await openBuiltModel(graph.toModel(), { threads: 1 });
    const result = await session.run(feeds);
    await session.close();
    const expected = recorded.gradients[name]!;
    expect(result.loss!.data[0]).toBeCloseTo(expected.loss, 6);
    for (const parameter of names) {
      const values = result[`d:${parameter}`]!.data as Float32Array;
      expect(gap(values, expected.gradients[parameter]!), parameter).toBeLessThan(1e-6);
    }
  });
});

function definitionOf(name: string, optimizer: Optimizer): TrainingDefinition {
  return {
    parameters: Object.entries(recorded.shapes).map(([parameter, shape]) => ({
      name: parameter,
      shape,
      values: Float32Array.from(recorded.start[parameter]!),
      decayFactor: parameter.startsWith("w") ? 1 : 0,
      rateFactor: name.startsWith("layerwise") && parameter.endsWith("1") ? 0.25 : 1,
    })),
    shared: { x: DATA.x!, classes: DATA.classes!, weights: DATA.weights! },
    perStep: {},
    loss: (parts) => LOSSES.crossEntropy!(parts, network(parts)),
    optimizer,
  };
}

describe("trainings recorded from PyTorch", () => {
  it.each(Object.keys(OPTIMIZERS))("agree for 50 steps of %s", async (name) => {
    const { rate, optimizer, ...settings } = OPTIMIZERS[name]!;
    const training = await createTraining({ ...definitionOf(name, optimizer), ...settings });
    const losses: number[] = [];
    for (const steps of [20, 1, 29])
      losses.push(...(await training.run(new Float32Array(steps).fill(rate), {})));
    const expected = recorded.trainings[name]!;
    expect(gap(losses, expected.losses)).toBeLessThan(2e-5);
    for (const [parameter, values] of training.parameters()) {
      expect(gap(values, expected.parameters[parameter]!), parameter).toBeLessThan(2e-4);
    }
    await training.close();
  });
});

describe("schedules recorded from PyTorch", () => {
  it.each([
    ["cosine", cosine],
    ["oneCycle", oneCycle()],
    ["step", stepDecay(6, 0.5)],
    ["linear", linear(0.1)],
    ["exponential", exponential(0.9)],
    ["warmUp", warmUp(5, cosine)],
  ] as const)("agree for %s", (name, schedule) => {
    const expected = recorded.schedules[name]!;
    const rates = expected.map((_, step) => schedule(step, expected.length));
    expect(gap(rates, expected)).toBeLessThan(1e-9);
  });

  it("agree for a plateau", () => {
    const options = { factor: 0.5, patience: 2, cooldown: 1, threshold: 1e-3, floor: 0.2 };
    let state = PLATEAU_START;
    const factors = recorded.metrics.map((value) => {
      state = plateau(state, value, options);
      return state.factor;
    });
    expect(factors).toEqual(recorded.schedules.plateau);
  });
});

describe("Adafactor executed stepwise", () => {
  it("steps as in a Loop", async () => {
    const { rate, optimizer } = OPTIMIZERS.adafactor!;
    const training = await createTraining({ ...definitionOf("", optimizer), execution: "stepwise" });
    const losses = await training.run(new Float32Array(50).fill(rate), {});
    expect(gap(losses, recorded.trainings.adafactor!.losses)).toBeLessThan(2e-5);
    await training.close();
  });
});

describe("moving averages of weights recorded from PyTorch", () => {
  it("agree, and leave the training alone", async () => {
    const [decay, steps] = [0.9, 50];
    const { optimizer, rate } = OPTIMIZERS.momentum!;
    const training = await createTraining(definitionOf("momentum", averaged(optimizer, decay)));
    await training.run(new Float32Array(steps).fill(rate), {});
    const expected = recorded.trainings.momentum!;
    const contents = training.layout.storages.map(({ name }) =>
      debiased(training.state.contents[`${name}/${AVERAGE}`]!, decay, steps),
    );
    for (const [parameter, values] of training.layout.read(contents)) {
      expect(gap(values, expected.average![parameter]!), parameter).toBeLessThan(1e-5);
    }
    for (const [parameter, values] of training.parameters()) {
      expect(gap(values, expected.parameters[parameter]!), parameter).toBeLessThan(1e-5);
    }
    await training.close();
  });
});
