import { describe, expect, it } from "vitest";
import { trainingContext } from "../../../../conformance/trainer.js";
import { sampleRows } from "../../../../conformance/trainer-samples.js";
import { frameOf, parityGap, regressionTargetOf } from "../../../../conformance/trainer-testing.js";
import { createRandom } from "../../../foundation/base/random.js";
import { takeRows } from "../../../foundation/contracts/frame.js";
import { NEURAL_PRESETS, trainingLength } from "./config.js";
import { neuralNetwork } from "./neural-network.js";
import { createRowStream } from "./row-stream.js";

const quick = { steps: 40, hiddenWidth: 16, batchSize: 32, learningRate: 0.01 };
const trained = (data: Parameters<typeof neuralNetwork.fit>[0], config: Record<string, unknown>) =>
  neuralNetwork.fit(data, neuralNetwork.config.parse(config), trainingContext());

describe("neural-network", () => {
  const variants: [string, Record<string, unknown>][] = [
    ...Object.entries(NEURAL_PRESETS).map(([name, preset]): [string, Record<string, unknown>] => [
      name,
      { ...preset },
    ]),
    ["silu", { activation: "silu", embedding: "none", dropout: 0 }],
    ["gelu", { activation: "gelu", smoothClip: true }],
    ["members with shared weights", { members: 3, hiddenLayers: 1 }],
    ["members of their own", { members: 3, memberWeights: "own", embedding: "pbld" }],
    ["plain members", { members: 2, memberWeights: "own", embedding: "none", schedule: "one-cycle" }],
  ];
  it.each(variants)("exports what it predicts: %s", async (_, variant) => {
    for (const task of ["multiclass", "regression"] as const) {
      const train = sampleRows("neural", task, 90, task);
      const weights = Float64Array.from({ length: 90 }, (_, row) => 0.5 + (row % 3));
      const fitted = await trained({ train: { ...train, weights } }, { ...quick, ...variant });
      expect(await parityGap(fitted, sampleRows("neural", task, 300, "fresh").features)).toBeLessThan(1e-5);
    }
  });

  it("answers for a row as the graph does, whatever rows lie beside it", async () => {
    const train = sampleRows("neural", "multiclass", 90, "split");
    const fitted = await trained({ train }, { ...quick, members: 2, hiddenWidth: 100 });
    const { features } = sampleRows("neural", "multiclass", 700, "fresh");
    const { values } = fitted.predict(features);
    expect(await parityGap(fitted, features)).toBeLessThan(1e-6);
    for (const [start, count] of [
      [0, 1],
      [255, 3],
      [300, 257],
      [699, 1],
    ] as const) {
      const rows = Array.from({ length: count }, (_, k) => start + k);
      const classes = values.length / 700;
      expect(fitted.predict(takeRows(features, rows)).values).toEqual(
        values.slice(start * classes, (start + count) * classes),
      );
    }
    expect(fitted.predict(takeRows(features, [])).values).toHaveLength(0);
  });

  const random = createRandom("wave");
  const rows = Array.from({ length: 600 }, () => [random.normal(), random.normal()]);
  const wave = (row: readonly number[]) => 50 + 20 * Math.sin(2 * row[0]!) * row[1]!;
  const features = frameOf(rows);
  const target = regressionTargetOf(rows.map(wave));

  it.each(["own", "shared"])(
    "learns a smooth surface, also by members with %s weights",
    async (memberWeights) => {
      const config = { steps: 400, hiddenWidth: 32, batchSize: 64, dropout: 0, members: 2, memberWeights };
      const fitted = await trained({ train: { features, target } }, config);
      const fresh = Array.from({ length: 200 }, () => [random.normal(), random.normal()]);
      const { values } = fitted.predict(frameOf(fresh));
      const error = fresh.reduce((sum, row, k) => sum + (values[k]! - wave(row)) ** 2, 0) / fresh.length;
      expect(Math.sqrt(error)).toBeLessThan(5);
    },
  );

  it("reaches the weights that were best on the validation rows again, without looking at them", async () => {
    const train = sampleRows("neural", "binary", 120, "noisy");
    const validation = sampleRows("neural", "binary", 60, "held out");
    const config = neuralNetwork.config.parse({ ...quick, learningRate: 0.05 });
    const best = await trained({ train, validation }, config);
    const { bestIteration, curves } = best.diagnostics;
    expect(bestIteration).toBeLessThan(quick.steps);
    const look = 1 + curves!.validationLoss!.indexOf(Math.min(...curves!.validationLoss!));
    const again = await trained({ train, validation }, neuralNetwork.settle!(config, look)!);
    expect(again.diagnostics.iterations).toBe(bestIteration);
    expect(again.predict(validation.features)).toEqual(best.predict(validation.features));
    expect(neuralNetwork.settle!(config, 99)).toMatchObject({ checkpoint: "last", stopShare: 1 });
    expect(neuralNetwork.settle!({ ...config, checkpoint: "last" }, 3)).toBeUndefined();
  });

  it("keeps the weights that were best on the validation rows", async () => {
    const noise = { features, target: regressionTargetOf(rows.map(() => random.normal())) };
    const config = { ...quick, steps: 200, hiddenWidth: 64, dropout: 0, schedule: "constant" };
    const other = Array.from({ length: 300 }, () => [random.normal(), random.normal()]);
    const validation = {
      features: frameOf(other),
      target: regressionTargetOf(other.map(() => random.normal())),
    };
    const best = await trained({ train: noise, validation }, config);
    const { bestIteration, iterations, curves } = best.diagnostics;
    expect(bestIteration!).toBeLessThan(iterations!);
    const losses = curves!.validationLoss!;
    expect(losses).toHaveLength(20);
    expect(losses.indexOf(Math.min(...losses))).toBe(bestIteration! / 10 - 1);
    const last = await trained({ train: noise, validation }, { ...config, checkpoint: "last" });
    expect(last.diagnostics.bestIteration).toBe(iterations);
    expect(last.predict(features).values).not.toEqual(best.predict(features).values);
  });

  it("takes more steps and rows a step for more rows", () => {
    const config = neuralNetwork.config.parse({});
    expect(trainingLength(config, 1)).toEqual({ batch: 1, steps: 300 });
    expect(trainingLength(config, 200)).toEqual({ batch: 128, steps: 469 });
    expect(trainingLength({ ...config, mostPasses: 600 }, 200)).toEqual({ batch: 128, steps: 938 });
    expect(trainingLength(config, 512)).toEqual({ batch: 128, steps: 1200 });
    expect(trainingLength(config, 8000)).toEqual({ batch: 128, steps: 2400 });
    expect(trainingLength(config, 40_000).batch).toBe(256);
  });
});

describe("row stream", () => {
  it("shows every row equally often in an order of its own for each stream", () => {
    const stream = createRowStream(10, 4, 2, createRandom("rows"));
    const drawn = [stream.next(3), stream.next(7)].flatMap((part) => Array.from(part, Number));
    const ofStream = (k: number) => drawn.filter((_, at) => Math.floor(at / 4) % 2 === k);
    for (const k of [0, 1]) {
      const counts = new Array<number>(10).fill(0);
      for (const row of ofStream(k)) counts[row]!++;
      expect(counts).toEqual(new Array(10).fill(4));
    }
    expect(ofStream(0)).not.toEqual(ofStream(1));
  });
});
