import { describe, expect, it } from "vitest";
import { madeScenes } from "../../../../../../conformance/scene-samples.js";
import { structuresInGraph } from "../../../../../../conformance/structure-graph.js";
import { trainingContext } from "../../../../../../conformance/trainer.js";
import { pack, unpack } from "../../../../../foundation/base/packing.js";
import { compareTensors } from "../../../../../foundation/contracts/prediction.js";
import { detector } from "../../detection/detector.js";
import type { NetworkTensors } from "../../inference.js";
import { segmenter } from "../../segmentation/segmenter.js";
import { readStages } from "./read-backbone.js";

const ORACLE = "test/oracles/backbones";
const size = { height: 96, width: 64 };
const scenes = madeScenes({ rows: 12, ...size, objects: 3, sides: [20, 40], seed: "pretrained" });
const small = { width: 4, batchSize: 4, minimumSteps: 4, epochs: 1 };

describe("readStages", () => {
  it.each(["resnet.safetensors", "resnet.onnx", "bottleneck.safetensors"])(
    "finds the views of each resolution (%s)",
    (file) => {
      const { stages } = readStages(`${ORACLE}/${file}`, { height: 96, width: 64 }).architecture;
      const exported = file.endsWith("onnx");
      // An export for one size sees pictures in that size.
      const [height, width] = exported ? [32, 32] : [96, 64];
      expect(stages.map((stage) => [stage.height, stage.width])).toEqual(
        [4, 8, 16, 32].slice(0, exported ? 3 : 4).map((stride) => [height / stride, width / stride]),
      );
    },
  );

  it("refuses a network that keeps one resolution, by its name and with what it has", () => {
    const read = () => readStages(`${ORACLE}/transformer.safetensors`, { height: 32, width: 32 });
    expect(read).toThrowError(expect.objectContaining({ code: "UNSUPPORTED" }));
    expect(read).toThrowError(
      /transformer\.safetensors has no views of a picture from fine to coarse; it has \d+ x \d+\./,
    );
  });
});

describe.each(["resnet.safetensors", "resnet.onnx"])("on %s", (file) => {
  const model = `${ORACLE}/${file}`;
  const learnt = (tensors: NetworkTensors) =>
    Object.entries(tensors).filter(([name]) => name.startsWith("pretrained."));

  it.each(["frozen", "full"] as const)(
    "a detector answers in the graph as it does itself (%s)",
    async (tuning) => {
      const config = detector.config.parse({ ...small, boxes: 10, model, tuning });
      const data = { train: { features: scenes.features, target: scenes.boxes } };
      const made = await detector.fit(data, config, trainingContext());
      const restored = detector.restore(unpack(pack(made.state)) as typeof made.state);
      const expected = restored.predict(scenes.features);
      expect(expected).toEqual(made.predict(scenes.features));
      const emitted = await structuresInGraph(made, scenes.features);
      expect(compareTensors(emitted, expected).maxAbsDiff).toBeLessThan(1e-5);
      const own = learnt(made.state.tensors);
      const given = readStages(model, size).tensors;
      expect(own.length).toBe(Object.keys(given).length);
      const isMoved = own.some(([name, { values }]) => {
        const before = given[name.slice("pretrained.".length)]!.values;
        return values.some((value, k) => value !== before[k]);
      });
      expect(isMoved).toBe(tuning === "full");
    },
  );

  it("a segmenter answers in the graph as it does itself", async () => {
    const config = segmenter.config.parse({ ...small, model });
    const data = { train: { features: scenes.features, target: scenes.masks } };
    const made = await segmenter.fit(data, config, trainingContext());
    const expected = made.predict(scenes.features);
    expect(expected.mask!.shape).toEqual([12, 96, 64]);
    const emitted = await structuresInGraph(made, scenes.features);
    const differing = (expected.mask!.data as Uint8Array).filter(
      (code, k) => code !== (emitted.mask!.data as Uint8Array)[k],
    );
    expect(differing.length).toBeLessThan(5);
  });
});
