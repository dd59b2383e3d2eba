import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import type { Tensor } from "../../../foundation/contracts/tensor.js";
import { createGraph, Expressions, type OnnxGraph, openBuiltModel } from "../../onnx/index.js";
import { gradients } from "../gradients.js";
import {
  absoluteError,
  binaryCrossEntropy,
  type ChainScores,
  chainLoss,
  connectionistTemporal,
  contrastivePairs,
  crossEntropy,
  decodeChain,
  focal,
  huber,
  infoNce,
  meanCrossEntropy,
  mixed,
  multiclassFocal,
  orderedPairs,
  quantile,
  rankedPositives,
  squaredError,
  triplet,
} from "./index.js";

interface RecordedTensor {
  readonly shape: number[];
  readonly type: "int64" | "float32";
  readonly data: number[];
}
interface Case {
  readonly inputs: Record<string, RecordedTensor>;
  readonly truths: Record<string, RecordedTensor>;
  readonly seed: RecordedTensor;
  readonly values: RecordedTensor;
  readonly gradients: Record<string, RecordedTensor>;
  readonly decoded?: number[][];
}
const file = new URL("../../../../test/oracles/autodiff/losses.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Record<string, Case> };

type Values = Record<string, GraphValue>;
const CLASS_WEIGHTS = [0.5, 2, 1, 0.25];
const LOSSES: Record<string, (x: Expressions, values: Values) => GraphValue> = {
  crossEntropy: (x, v) => crossEntropy(x, v.logits!, v.classes!),
  crossEntropyIgnoring: (x, v) =>
    crossEntropy(x, v.logits!, v.classes!, {
      labelSmoothing: 0.1,
      classWeights: CLASS_WEIGHTS,
      ignored: -100,
    }),
  meanCrossEntropy: (x, v) =>
    meanCrossEntropy(x, v.logits!, v.classes!, {
      labelSmoothing: 0.2,
      classWeights: CLASS_WEIGHTS,
      ignored: -100,
    }),
  meanCrossEntropyIgnoring: (x, v) => meanCrossEntropy(x, v.logits!, v.classes!, { ignored: -100 }),
  multiclassFocal: (x, v) => multiclassFocal(x, v.logits!, v.classes!),
  binary: (x, v) => binaryCrossEntropy(x, v.scores!, v.truth!),
  binaryWeighted: (x, v) => binaryCrossEntropy(x, v.scores!, v.truth!, { positiveWeight: 3 }),
  focal: (x, v) => focal(x, v.scores!, v.truth!),
  squaredError: (x, v) => squaredError(x, v.values!, v.truth!),
  absoluteError: (x, v) => absoluteError(x, v.values!, v.truth!),
  huber: (x, v) => huber(x, v.values!, v.truth!, 0.7),
  quantile: (x, v) => quantile(x, v.values!, v.truth!, [0.1, 0.5, 0.9]),
  rankedPositives: (x, v) => rankedPositives(x, v.anchors!, v.positives!),
  infoNce: (x, v) => infoNce(x, v.left!, v.right!),
  triplet: (x, v) => triplet(x, v.anchors!, v.positives!, v.negatives!, 1.5),
  contrastivePairs: (x, v) => contrastivePairs(x, v.left!, v.right!, v.together!, 2.5),
  connectionistTemporal: (x, v) =>
    connectionistTemporal(x, v.logits!, {
      labels: v.labels!,
      labelLengths: v.labelLengths!,
      inputLengths: v.inputLengths!,
    }),
  chainLoss: (x, v) => chainLoss(x, v as unknown as ChainScores, v.labels!),
  orderedPairs: (x, v) => orderedPairs(x, v.left!, v.right!, v.scores!),
  rankedWithout: (x, v) => rankedPositives(x, v.anchors!, v.positives!, 20, v.excluded!),
};

const tensorOf = ({ shape, type, data }: RecordedTensor): Tensor =>
  type === "int64"
    ? { type, shape, data: BigInt64Array.from(data, BigInt) }
    : { type, shape, data: Float32Array.from(data) };

function declare(graph: OnnxGraph, { inputs, truths }: Case) {
  const all = Object.entries({ ...inputs, ...truths });
  const values = Object.fromEntries(
    all.map(([name, { type, shape }]) => [name, graph.input(name, type, shape)]),
  );
  const feeds = Object.fromEntries(all.map(([name, tensor]) => [name, tensorOf(tensor)]));
  return { values, feeds };
}

async function run(graph: OnnxGraph, feeds: Record<string, Tensor>) {
  const session = await openBuiltModel(graph.toModel(), { threads: 1 });
  const results = await session.run(feeds);
  await session.close();
  return results;
}

/** Greatest difference, relative above 1. */
function gap(actual: Tensor, expected: RecordedTensor): number {
  expect(actual.shape).toEqual(expected.shape);
  const data = actual.data as Float32Array;
  return Math.max(
    ...expected.data.map((value, k) => Math.abs(data[k]! - value) / Math.max(1, Math.abs(value))),
  );
}

describe("losses recorded from PyTorch", () => {
  it("are all compared", () => expect(Object.keys(LOSSES)).toEqual(Object.keys(cases)));

  it.each(Object.keys(LOSSES))("agree in values and gradients: %s", async (name) => {
    const recorded = cases[name]!;
    const graph = createGraph({ name });
    const { values, feeds } = declare(graph, recorded);
    const losses = LOSSES[name]!(new Expressions(graph), values);
    const seed = graph.input("seed", "float32", recorded.seed.shape);
    const free = Object.keys(recorded.inputs);
    const back = gradients(
      graph,
      losses,
      free.map((input) => values[input]!),
      seed,
    );
    graph.output("losses", losses);
    for (const [k, gradient] of back.entries()) graph.output(`d:${free[k]}`, gradient);
    const results = await run(graph, { ...feeds, seed: tensorOf(recorded.seed) });
    expect(gap(results.losses!, recorded.values)).toBeLessThan(1e-5);
    for (const input of free) {
      expect(gap(results[`d:${input}`]!, recorded.gradients[input]!), input).toBeLessThan(1e-5);
    }
  });
});

describe("chains", () => {
  it("are decoded to the likeliest of all paths", async () => {
    const recorded = cases.chainLoss!;
    const graph = createGraph({ name: "decode" });
    const { values, feeds } = declare(graph, recorded);
    graph.output("decoded", decodeChain(new Expressions(graph), values as unknown as ChainScores));
    const { decoded } = await run(graph, feeds);
    const [, length] = decoded!.shape as [number, number];
    for (const [row, path] of recorded.decoded!.entries()) {
      const found = Array.from(
        (decoded!.data as BigInt64Array).slice(row * length, (row + 1) * length),
        Number,
      );
      const padded = Array.from({ length }, (_, step) => path[Math.min(step, path.length - 1)]);
      expect(found).toEqual(padded);
    }
  });
});

describe("mixed losses", () => {
  it("are weighted sums", async () => {
    const graph = createGraph({ name: "mixed" });
    const [a, b] = [graph.input("a", "float32", []), graph.input("b", "float32", [])];
    const parts = [
      { loss: a, weight: 1 },
      { loss: b, weight: 0.5 },
    ];
    graph.output("sum", mixed(new Expressions(graph), parts));
    const scalar = (value: number): Tensor => ({ type: "float32", shape: [], data: Float32Array.of(value) });
    const { sum } = await run(graph, { a: scalar(3), b: scalar(-4) });
    expect(sum!.data[0]).toBe(1);
  });
});
