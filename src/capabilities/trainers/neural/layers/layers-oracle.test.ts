import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { gradients } from "../../../../engines/autodiff/gradients.js";
import { createGraph, Expressions, openBuiltModel } from "../../../../engines/onnx/index.js";
import { cast, type GraphValue } from "../../../../foundation/contracts/graph.js";
import type { Tensor } from "../../../../foundation/contracts/tensor.js";
import { createScope, type NetworkFunction, type NetworkMode, type Scope } from "../scope.js";
import { type Activation, activate } from "./activations.js";
import { attention } from "./attention.js";
import { convolution, separableConvolution } from "./convolution.js";
import { batchEnsembleDense, dense, memberDense } from "./dense.js";
import { embedding, learnedPositions, rotatePositions, sinusoidalPositions } from "./embedding.js";
import { loraDense } from "./lora.js";
import { batchNorm, groupNorm, layerNorm, rmsNorm } from "./normalization.js";
import {
  attentionOverTime,
  firstPlace,
  maximumOverTime,
  meanOfChannels,
  meanOverTime,
  poolWindows,
} from "./pooling.js";
import { bidirectional, recurrent } from "./recurrent.js";
import { bottleneckBlock, invertedResidual, residualBlock } from "./residual.js";
import { decoderBlock, encoderBlock, type TransformerBlockOptions } from "./transformer.js";

interface Recorded {
  readonly shape: number[];
  readonly values: number[];
}
type Named = Record<string, Recorded>;
interface Case {
  readonly inputs: Named;
  readonly constants: Named;
  readonly parameters: Named;
  readonly statistics: Named;
  readonly output: Recorded;
  readonly gradients: Named;
  /** Statistics behind the step. */
  readonly after: Named;
}
const file = new URL("../../../../../test/oracles/layers/layers.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Record<string, Case> };

const block = (norm: "pre" | "post"): TransformerBlockOptions => ({
  heads: 2,
  hiddenWidth: 12,
  norm,
  activation: "gelu",
});
const both = (scope: Scope, value: GraphValue, cell: "lstm" | "gru", mask?: GraphValue): GraphValue => {
  const { x } = scope;
  const lengths = mask && cast(x.graph, x.sum(mask, [1]), "int32");
  const { states, last } = bidirectional(scope, value, { width: 4, cell, ...(lengths ? { lengths } : {}) });
  return x.concat([x.reshape(states, [0, 32]), last], 1);
};

const LAYERS: Record<string, NetworkFunction<GraphValue>> = {
  dense: (scope, { value }) => dense(scope, value!, 5),
  "member dense": (scope, { value }) => memberDense(scope, value!, 5, 2),
  "batch ensemble dense": (scope, { value }) =>
    batchEnsembleDense(scope, value!, 5, { members: 2, isFirst: true }),
  "lora dense": (scope, { value }) => loraDense({ rank: 2, alpha: 3, adapts: () => true })(scope, value!, 5),
  "layer norm": (scope, { value }) => layerNorm(scope, value!),
  "rms norm": (scope, { value }) => rmsNorm(scope, value!),
  "group norm": (scope, { value }) => groupNorm(scope, value!, 3),
  "batch norm": (scope, { value }) => batchNorm(scope, value!),
  "batch norm of rows": (scope, { value }) => batchNorm(scope, value!),
  "batch norm at inference": (scope, { value }) => batchNorm(scope, value!),
  convolution: (scope, { value }) =>
    convolution(scope, value!, 6, { kernel: [3, 3], stride: 2, padding: 1, groups: 2 }),
  "dilated convolution over time": (scope, { value }) =>
    convolution(scope, value!, 4, { kernel: [3], dilation: 2 }),
  "separable convolution": (scope, { value }) =>
    separableConvolution(scope, value!, 4, { kernel: [3, 3], stride: 2 }),
  embedding: (scope, { ids }) => embedding(scope, ids!, { vocabulary: 6, width: 4 }),
  "learned positions": (scope, { value }) => learnedPositions(scope, value!, 5),
  "sinusoidal positions": (scope, { value }) => sinusoidalPositions(scope, value!),
  "rotary positions": (scope, { value }) => rotatePositions(scope, value!, 100),
  "mean over time": (scope, { value, mask }) => meanOverTime(scope, value!, mask),
  "maximum over time": (scope, { value, mask }) => maximumOverTime(scope, value!, mask),
  "first place": (scope, { value }) => firstPlace(scope, value!),
  "attention over time": (scope, { value, mask }) => attentionOverTime(scope, value!, mask),
  "mean of channels": (scope, { value }) => meanOfChannels(scope, value!),
  "maximum of windows": (scope, { value }) =>
    poolWindows(scope, value!, "maximum", { size: 3, stride: 2, padding: 1 }),
  "bidirectional lstm": (scope, { value }) => both(scope, value!, "lstm"),
  "bidirectional lstm with lengths": (scope, { value, mask }) => both(scope, value!, "lstm", mask),
  "bidirectional gru": (scope, { value }) => both(scope, value!, "gru"),
  "bidirectional gru with lengths": (scope, { value, mask }) => both(scope, value!, "gru", mask),
  "gru, reset before": (scope, { value }) => {
    const { states, last } = recurrent(scope, value!, { width: 4, cell: "gru", reset: "before" });
    return scope.x.concat([scope.x.reshape(states, [0, 16]), last], 1);
  },
  attention: (scope, { value }) => attention(scope, value!, { heads: 2 }),
  "masked attention": (scope, { value, mask }) => attention(scope, value!, { heads: 2, mask: mask! }),
  "causal attention": (scope, { value }) => attention(scope, value!, { heads: 2, isCausal: true }),
  "attention to a memory": (scope, { value, memory, mask }) =>
    attention(scope, value!, { heads: 2, memory: memory!, mask: mask! }),
  "grouped query attention": (scope, { value }) =>
    attention(scope, value!, {
      heads: 4,
      keyValueHeads: 2,
      headWidth: 4,
      isCausal: true,
      hasBias: false,
      rotaryBase: 10_000,
    }),
  "encoder block, pre": (scope, { value, mask }) =>
    encoderBlock(scope, value!, { ...block("pre"), mask: mask! }),
  "encoder block, post": (scope, { value, mask }) =>
    encoderBlock(scope, value!, { ...block("post"), mask: mask! }),
  "decoder block, pre": (scope, { value, memory, mask }) =>
    decoderBlock(scope, value!, memory!, { ...block("pre"), memoryMask: mask! }),
  "decoder block, post": (scope, { value, memory, mask }) =>
    decoderBlock(scope, value!, memory!, { ...block("post"), memoryMask: mask! }),
  "llama block": (scope, { value }) =>
    encoderBlock(scope, value!, {
      ...block("pre"),
      normKind: "rms",
      normEpsilon: 1e-6,
      activation: "swiglu",
      isCausal: true,
      hasBias: false,
      rotaryBase: 10_000,
    }),
  "residual block": (scope, { value }) => residualBlock(scope, value!, { outputs: 4, stride: 2 }),
  "bottleneck block": (scope, { value }) => bottleneckBlock(scope, value!, { outputs: 8 }),
  "inverted residual": (scope, { value }) => invertedResidual(scope, value!, { outputs: 3, expansion: 2 }),
};

function layerOf(name: string): NetworkFunction<GraphValue> {
  const activation = /^activation (.*)$/.exec(name)?.[1];
  if (activation) return ({ x }, { value }) => activate(x, value!, activation as Activation);
  return LAYERS[name]!;
}

const tensorOf = (key: string, { shape, values }: Recorded): Tensor =>
  key === "ids"
    ? { type: "int64", shape, data: BigInt64Array.from(values, BigInt) }
    : { type: "float32", shape, data: Float32Array.from(values) };

/** Output, gradients of sum(output * cosine) and new statistics of one step. */
async function run(name: string, recorded: Case): Promise<Record<string, Float32Array>> {
  const mode: NetworkMode = name.endsWith("at inference") ? "inference" : "training";
  const graph = createGraph({ name: "layer" });
  const x = new Expressions(graph);
  const feeds: Record<string, Tensor> = {};
  const declare = (prefix: string, named: Named) =>
    Object.fromEntries(
      Object.entries(named).map(([key, tensor]) => {
        const fed = tensorOf(key, tensor);
        feeds[`${prefix}:${key}`] = fed;
        return [key, graph.input(`${prefix}:${key}`, fed.type, tensor.shape)] as const;
      }),
    );
  const inputs = declare("input", recorded.inputs);
  const parameters = declare("parameter", recorded.parameters);
  const statistics = declare("statistic", recorded.statistics);
  const scope = createScope({
    x,
    mode,
    tensor({ name: wanted, shape, isTrained }) {
      // Blocks whose running statistics are not recorded start from any.
      const spare = () => graph.constant("float32", shape, new Float32Array(shape[0]!).fill(1));
      const value = isTrained ? parameters[wanted]! : (statistics[wanted] ?? spare());
      expect({ wanted, shape }).toEqual({ wanted, shape: value.shape });
      return value;
    },
    update(key, next) {
      if (recorded.after[key]) graph.output(`after:${key}`, next);
    },
    dropout: (value) => value,
  });
  const output = layerOf(name)(scope, { ...inputs, ...declare("constant", recorded.constants) });
  expect(output.shape).toEqual(recorded.output.shape);
  graph.output("output", output);
  const weights = recorded.output.values.map((_, k) => Math.cos(k));
  const loss = x.sum(x.mul(output, graph.constant("float32", recorded.output.shape, weights)));
  const variables = { ...inputs, ...parameters };
  for (const [k, gradient] of gradients(graph, loss, Object.values(variables)).entries()) {
    graph.output(`gradient:${Object.keys(variables)[k]}`, gradient);
  }
  const session = await openBuiltModel(graph.toModel(), { threads: 1 });
  const made = await session.run(feeds);
  await session.close();
  return Object.fromEntries(Object.entries(made).map(([key, { data }]) => [key, data as Float32Array]));
}

/** Greatest difference, relative to the greatest magnitude. */
function gap(actual: ArrayLike<number>, expected: Recorded): number {
  const scale = expected.values.reduce((most, value) => Math.max(most, Math.abs(value)), 0.1);
  const gaps = expected.values.map((value, k) => Math.abs(value - actual[k]!) / scale);
  return Math.max(...gaps);
}

describe("layers against PyTorch", () => {
  it("are all recorded", () => {
    const named = Object.keys(cases).filter((name) => !name.startsWith("activation "));
    expect(named.sort()).toEqual(Object.keys(LAYERS).sort());
  });

  it.each(Object.entries(cases))("%s", async (name, recorded) => {
    const made = await run(name, recorded);
    expect(gap(made.output!, recorded.output)).toBeLessThan(1e-5);
    for (const [key, expected] of Object.entries(recorded.gradients)) {
      expect({ key, isClose: gap(made[`gradient:${key}`]!, expected) < 1e-5 }).toEqual({
        key,
        isClose: true,
      });
    }
    for (const [key, expected] of Object.entries(recorded.after)) {
      expect(gap(made[`after:${key}`]!, expected)).toBeLessThan(1e-6);
    }
  });
});
