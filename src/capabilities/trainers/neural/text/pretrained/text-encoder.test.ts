import { describe, expect, it } from "vitest";
import { trainerSuite, trainingContext } from "../../../../../../conformance/trainer.js";
import { predictInGraph } from "../../../../../../conformance/trainer-graph.js";
import { sampleRows } from "../../../../../../conformance/trainer-samples.js";
import { parityGap } from "../../../../../../conformance/trainer-testing.js";
import { pack, unpack } from "../../../../../foundation/base/packing.js";
import { type Column, createFrame } from "../../../../../foundation/contracts/frame.js";
import type { Trainer, TrainingData } from "../../../../../foundation/contracts/trainer.js";
import { phasesOf } from "./fine-tuning.js";
import { readEncoder } from "./read-encoder.js";
import { textEncoder } from "./text-encoder.js";

const model = "test/oracles/encoders/bert";

trainerSuite(textEncoder as unknown as Trainer, {
  predictInGraph,
  rows: 120,
  config: { model, epochs: 8, minimumSteps: 1, widePairBuckets: 64, learningRate: 0.02 },
});

describe("text-encoder", () => {
  const trained = (data: TrainingData, config: Record<string, unknown>) =>
    textEncoder.fit(
      data,
      textEncoder.config.parse({ model, minimumSteps: 1, widePairBuckets: 64, ...config }),
      trainingContext(),
    );
  const train = sampleRows("encoders", "binary", 60, "train");
  const fresh = sampleRows("encoders", "binary", 40, "fresh").features;
  const pretrained = readEncoder(model).tensors;
  const moved = (tensors: Readonly<Record<string, { values: Float32Array }>>) =>
    Object.keys(pretrained).filter((name) => {
      const before = pretrained[name]!.values;
      return tensors[`encoder.${name}`]?.values.some((value, k) => value !== before[k]) ?? false;
    });

  it("leaves a frozen encoder as it is", async () => {
    const { state } = await trained({ train }, { epochs: 2 });
    expect(moved(state.tensors)).toEqual([]);
  });

  it("adds corrections of low rank to the layers that learn, and exports them merged", async () => {
    const fitted = await trained({ train }, { tuning: "lora", epochs: 3, frozenLayers: 1, rank: 2 });
    expect(moved(fitted.state.tensors).sort()).toEqual(
      ["attention.query", "attention.key", "attention.value", "attention.output", "feed-forward.hidden"]
        .concat("feed-forward.output")
        .map((layer) => `block-1.${layer}.weight`)
        .sort(),
    );
    expect(Object.keys(fitted.state.tensors).some((name) => name.includes("lora"))).toBe(false);
    expect(await parityGap(fitted, fresh)).toBeLessThan(1e-5);
  });

  it("tunes all weights, or those above the frozen blocks", async () => {
    const whole = await trained({ train, validation: train }, { tuning: "full", epochs: 2 });
    expect(moved(whole.state.tensors).length).toBeGreaterThan(30);
    expect(await parityGap(whole, fresh)).toBeLessThan(1e-5);
    const upper = await trained({ train }, { tuning: "full", epochs: 2, frozenLayers: 1 });
    expect(moved(upper.state.tensors).every((name) => name.startsWith("block-1."))).toBe(true);
  });

  it("gives each block a rate of its own, and the head one that can be set", () => {
    const { architecture } = readEncoder(model);
    const factors = (config: Record<string, unknown>) => {
      const parsed = textEncoder.config.parse({ model, tuning: "full", layerDecay: 0.5, ...config });
      const [phase] = phasesOf(parsed, architecture, 1e-4);
      const names = ["head.weight", "encoder.block-1.x", "encoder.block-0.x", "encoder.embeddings.x"];
      return names.map((name) => phase!.treatment!(name)?.rateFactor);
    };
    expect(factors({})).toEqual([10, 1, 0.5, 0.25]);
    expect(factors({ headRate: 5e-5 })).toEqual([0.5, 1, 0.5, 0.25]);
    expect(factors({ headRate: 4e-4, tuning: "lora" })[0]).toBe(4);
  });

  it("lets block after block join", async () => {
    const fitted = await trained({ train }, { tuning: "full", epochs: 3, gradual: true, frozenLayers: 1 });
    expect(moved(fitted.state.tensors).every((name) => name.startsWith("block-1."))).toBe(true);
    expect(moved(fitted.state.tensors).length).toBeGreaterThan(10);
  });

  it("tunes an ONNX export as the same weights in safetensors", async () => {
    const exported = `${model}/model.onnx`;
    const config = { tuning: "full", epochs: 2, dropout: 0, layerDecay: 0.8, labelSmoothing: 0.1 };
    const [own, imported] = [
      await trained({ train, validation: train }, config),
      await trained({ train, validation: train }, { ...config, model: exported }),
    ];
    const losses = ({ diagnostics: { curves } }: typeof own) => [
      ...curves!.trainLoss!,
      ...curves!.validationLoss!,
    ];
    const expected = losses(own);
    for (const [k, loss] of losses(imported).entries()) {
      expect(Math.abs(loss - expected[k]!)).toBeLessThan(1e-4);
    }
    expect(await parityGap(imported, train.features)).toBeLessThan(1e-5);
    const { state } = await trained({ train }, { model: exported, tuning: "lora", epochs: 2, rank: 2 });
    expect(Object.keys(state.tensors).some((name) => name.includes("lora"))).toBe(false);
    const frozen = await trained({ train }, { model: exported, epochs: 2 });
    expect(await parityGap(frozen, train.features)).toBeLessThan(1e-5);
  });

  describe("of texts that are read as one", () => {
    const separator = 3;
    const joined = (name: "train" | "fresh"): TrainingData["train"] => {
      const rows = sampleRows("encoders", "binary", 60, name);
      const columns = [...rows.features.columns].map(([column, content]): [string, Column] => [
        column,
        content.kind === "tokens" ? { ...content, separator } : content,
      ]);
      return { ...rows, features: createFrame(columns, rows.features.rows) };
    };

    it.each([
      { tuning: "frozen" },
      { tuning: "lora", rank: 2 },
      { tuning: "full" },
      { tuning: "full", model: `${model}/model.onnx` },
    ])("knows the second by itself: %o", async (config) => {
      const apart = await trained({ train }, { epochs: 2, ...config });
      const fitted = await trained({ train: joined("train") }, { epochs: 2, ...config });
      const { features } = joined("fresh");
      expect(fitted.state.shape.inputs.texts).toMatchObject([{ separator }]);
      expect(fitted.predict(features)).not.toEqual(apart.predict(features));
      expect(await parityGap(fitted, features)).toBeLessThan(1e-5);
      const restored = textEncoder.restore(unpack(pack(fitted.state)) as typeof fitted.state);
      expect(restored.predict(features)).toEqual(fitted.predict(features));
    });
  });

  describe("beside a linear model of terms", () => {
    /** A piece tells the class of most rows, or of none. */
    const told = (name: "train" | "fresh", isTold: boolean): TrainingData["train"] => {
      const rows = sampleRows("encoders", "binary", 80, name);
      const { codes } = rows.target as { codes: Int32Array };
      const columns = [...rows.features.columns].flatMap(([column, content]): [string, Column][] => {
        if (content.kind !== "tokens") return [];
        const values = content.values.slice();
        for (const [row, code] of codes.entries()) values[row * content.length] = isTold ? 20 + code : 20;
        return [[column, { ...content, values }]];
      });
      return { ...rows, features: createFrame(columns, rows.features.rows) };
    };

    it.each([
      { tuning: "frozen", judged: true },
      { tuning: "full", judged: true },
      { tuning: "frozen", judged: false },
    ])("believes it where it says something: %o", async ({ tuning, judged }) => {
      const data = { train: told("train", true), ...(judged ? { validation: told("fresh", true) } : {}) };
      const fitted = await trained(data, { tuning, epochs: 2 });
      expect(fitted.state.shape.wideShare).toBeGreaterThan(0.2);
      const { features } = told("fresh", true);
      expect(await parityGap(fitted, features)).toBeLessThan(1e-5);
      const restored = textEncoder.restore(unpack(pack(fitted.state)) as typeof fitted.state);
      expect(restored.predict(features)).toEqual(fitted.predict(features));
    });

    it("leaves it out where it says nothing, or is not wanted", async () => {
      const nothing = await trained({ train: told("train", false) }, { epochs: 2 });
      expect(nothing.state.shape.wideShare ?? 0).toBeLessThan(0.2);
      const alone = await trained({ train: told("train", true) }, { epochs: 2, wide: false });
      expect(Object.keys(alone.state.tensors).some((name) => name.startsWith("wide"))).toBe(false);
    });
  });

  it("learns few rows for some steps at least", async () => {
    const { diagnostics } = await trained({ train }, { epochs: 1, minimumSteps: 30 });
    expect(diagnostics.iterations).toBe(30);
  });

  it("asks for a model", async () => {
    await expect(trained({ train }, { model: "" })).rejects.toMatchObject({ code: "TRAINING_FAILED" });
  });
});
