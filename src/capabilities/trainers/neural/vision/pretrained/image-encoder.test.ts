import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { trainerSuite, trainingContext } from "../../../../../../conformance/trainer.js";
import { predictInGraph } from "../../../../../../conformance/trainer-graph.js";
import { parityGap } from "../../../../../../conformance/trainer-testing.js";
import { pack } from "../../../../../foundation/base/packing.js";
import { createRandom } from "../../../../../foundation/base/random.js";
import { createFrame } from "../../../../../foundation/contracts/frame.js";
import type { LabelledFrame, Trainer } from "../../../../../foundation/contracts/trainer.js";
import { imageEncoder } from "./image-encoder.js";
import { readBackbone } from "./read-backbone.js";

const model = "test/oracles/backbones/resnet.safetensors";
const SIDE = 24;

trainerSuite(imageEncoder as unknown as Trainer, {
  predictInGraph,
  rows: 60,
  config: { model, learningRate: 0.02, minimumSteps: 60, epochs: 1 },
});

/** Noise with a bright half: left or right. */
function halves(rows: number, seed: string): LabelledFrame {
  const random = createRandom(seed);
  const codes = Int32Array.from({ length: rows }, () => random.integer(2));
  const values = Uint8Array.from({ length: rows * SIDE * SIDE * 3 }, (_, k) => {
    const [row, column] = [Math.floor(k / (SIDE * SIDE * 3)), Math.floor(k / 3) % SIDE];
    return random.integer(100) + (column < SIDE / 2 === (codes[row] === 0) ? 120 : 0);
  });
  const image = { kind: "image", values, height: SIDE, width: SIDE, channels: 3 } as const;
  const target = { task: "binary", codes, classes: ["left", "right"] } as const;
  return { features: createFrame([["photo", image]]), target };
}

describe("image-encoder", () => {
  const train = halves(60, "train");
  const fresh = halves(30, "fresh");
  const pretrained = readBackbone(model, { height: SIDE, width: SIDE });
  const { parameters, layers } = pretrained.architecture.network;
  const trained = (config: Record<string, unknown>, cacheFolder?: string) =>
    imageEncoder.fit(
      { train, validation: fresh },
      imageEncoder.config.parse({ model, content: "small", flip: "none", ...config }),
      { ...trainingContext(), ...(cacheFolder ? { cacheFolder } : {}) },
    );
  const moved = (tensors: Readonly<Record<string, { values: Float32Array }>>) =>
    parameters.filter(({ name }) => {
      const before = pretrained.tensors[name]!.values;
      return tensors[`backbone.${name}`]!.values.some((value, k) => value !== before[k]);
    });

  it("leaves a frozen network as it is, and computes features once", async () => {
    const folder = mkdtempSync(join(tmpdir(), "features-"));
    const first = await trained({ minimumSteps: 20, epochs: 1 }, folder);
    expect(moved(first.state.tensors)).toEqual([]);
    const [network] = readdirSync(join(folder, "features"));
    const files = readdirSync(join(folder, "features", network!));
    expect(files.length).toBeGreaterThan(0);
    const again = await trained({ minimumSteps: 20, epochs: 1 }, folder);
    expect(readdirSync(join(folder, "features", network!))).toEqual(files);
    expect(Buffer.compare(pack(first.state), pack(again.state))).toBe(0);
  });

  it("trains the last layers alone, and keeps the statistics of norms", async () => {
    const fitted = await trained({ tuning: "last-layers", lastLayers: 3, minimumSteps: 4, epochs: 1 });
    const changed = moved(fitted.state.tensors);
    expect(changed.length).toBeGreaterThan(3);
    expect(changed.every(({ layer, learns }) => layer >= layers - 3 && learns)).toBe(true);
    expect(await parityGap(fitted, fresh.features)).toBeLessThan(1e-5);
  });

  it("trains all layers, the lower ones more slowly", async () => {
    const fitted = await trained({ tuning: "full", minimumSteps: 4, epochs: 1, mixup: 0.2 });
    expect(moved(fitted.state.tensors).length).toBe(parameters.filter(({ learns }) => learns).length);
    const distance = (name: string) => {
      const before = pretrained.tensors[name]!.values;
      const after = fitted.state.tensors[`backbone.${name}`]!.values;
      return Math.max(...after.map((value, k) => Math.abs(value - before[k]!)));
    };
    expect(distance("conv1.weight")).toBeLessThan(0.3 * distance("layer4.0.conv2.weight"));
    expect(await parityGap(fitted, fresh.features)).toBeLessThan(1e-5);
  });

  it("asks for a model", async () => {
    await expect(trained({ model: "" })).rejects.toMatchObject({ code: "TRAINING_FAILED" });
  });
});
