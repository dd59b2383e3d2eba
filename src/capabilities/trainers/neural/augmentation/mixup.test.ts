import { describe, expect, it } from "vitest";
import { trainingContext } from "../../../../../conformance/trainer.js";
import { sampleRows } from "../../../../../conformance/trainer-samples.js";
import { parityGap } from "../../../../../conformance/trainer-testing.js";
import { createGraph, openImmediately } from "../../../../engines/onnx/index.js";
import { pack } from "../../../../foundation/base/packing.js";
import { createRandom } from "../../../../foundation/base/random.js";
import type { Trainer } from "../../../../foundation/contracts/trainer.js";
import { exportScope } from "../inference.js";
import { scoreLoss } from "../network-loss.js";
import { neuralNetwork } from "../neural-network.js";
import { textEncoder } from "../text/pretrained/text-encoder.js";
import { textNetwork } from "../text/text-trainer.js";
import { ftTransformer } from "../tokens/ft-transformer.js";
import { mixedRows, SHARE, symmetricBeta } from "./mixup.js";

/** Loss of a network that answers with its mixed input, written out for one batch. */
function lossOf(scores: number[][], truth: number[], share: number): number {
  const graph = createGraph({ name: "loss" });
  const shape = [scores.length, scores[0]!.length];
  const inputs = {
    scores: graph.input("scores", "float32", shape),
    truth: graph.input("truth", "int64", [truth.length]),
    [SHARE]: graph.input(SHARE, "float32", []),
  };
  const loss = scoreLoss((scope, values) => mixedRows(scope, values.scores!, values), 0);
  graph.output("loss", loss(exportScope(graph, {}), inputs));
  const made = openImmediately(graph.toModel()).run({
    scores: { type: "float32", shape, data: Float32Array.from(scores.flat()) },
    truth: { type: "int64", shape: [truth.length], data: BigInt64Array.from(truth, BigInt) },
    [SHARE]: { type: "float32", shape: [], data: Float32Array.of(share) },
  });
  return Number(made.loss!.data[0]);
}

describe("mixup", () => {
  it("mixes each row and its truth with the next one of the batch", () => {
    const [scores, truth] = [
      [
        [1, 0],
        [-1, 2],
        [0, 3],
      ],
      [0, 1, 1],
    ];
    const surprise = (row: number[], code: number) =>
      Math.log(row.reduce((sum, score) => sum + Math.exp(score), 0)) - row[code]!;
    for (const share of [1, 0.7, 0]) {
      const expected = scores.map((row, k) => {
        const next = (k + 1) % 3;
        const mixed = row.map((score, j) => share * score + (1 - share) * scores[next]![j]!);
        return share * surprise(mixed, truth[k]!) + (1 - share) * surprise(mixed, truth[next]!);
      });
      expect(lossOf(scores, truth, share)).toBeCloseTo(expected.reduce((a, b) => a + b, 0) / 3, 5);
    }
    expect(lossOf([[1, 0]], [1], 0.4)).toBeCloseTo(surprise([1, 0], 1), 5);
  });

  it("draws shares of the Beta distribution: mean 1/2, variance 1 / (4 (2 alpha + 1))", () => {
    const random = createRandom("beta");
    const shares = Array.from({ length: 20_000 }, () => symmetricBeta(0.4, random));
    const mean = shares.reduce((a, b) => a + b, 0) / shares.length;
    const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length;
    expect(mean).toBeCloseTo(0.5, 1);
    expect(variance).toBeCloseTo(1 / (4 * 1.8), 2);
  });

  const small = { minimumSteps: 1, epochs: 2, width: 8, mixup: 0.5 };
  it.each([
    ["neural-network", neuralNetwork, "neural", "multiclass", { steps: 30, mixup: 0.5, hiddenWidth: 8 }],
    [
      "shared members",
      neuralNetwork,
      "neural",
      "regression",
      { steps: 20, mixup: 0.5, hiddenWidth: 8, members: 3 },
    ],
    [
      "separate members",
      neuralNetwork,
      "neural",
      "multiclass",
      { steps: 20, mixup: 0.5, hiddenWidth: 8, members: 3, memberWeights: "own" },
    ],
    ["ft-transformer", ftTransformer, "embedded", "binary", { steps: 20, mixup: 0.5, heads: 2, width: 4 }],
    ["bag", textNetwork, "encoders", "multiclass", small],
    ["transformer", textNetwork, "encoders", "regression", { ...small, architecture: "transformer" }],
    [
      "text-encoder",
      textEncoder,
      "encoders",
      "binary",
      { model: "test/oracles/encoders/bert", epochs: 2, minimumSteps: 1, widePairBuckets: 64, mixup: 0.5 },
    ],
  ] as const)(
    "trains %s the same way each time, and is no part of the model",
    async (_, given, style, task, config) => {
      const trainer = given as unknown as Trainer;
      const train = sampleRows(style, task, 50, "train");
      const trained = (settings: object) =>
        trainer.fit({ train }, trainer.config.parse(settings), trainingContext());
      const [one, two] = [await trained(config), await trained(config)];
      const without = await trained({ ...config, mixup: 0 });
      expect(Buffer.compare(pack(one.state), pack(two.state))).toBe(0);
      expect(Buffer.compare(pack(one.state), pack(without.state))).not.toBe(0);
      expect(await parityGap(one, sampleRows(style, task, 20, "fresh").features)).toBeLessThan(1e-5);
    },
  );
});
