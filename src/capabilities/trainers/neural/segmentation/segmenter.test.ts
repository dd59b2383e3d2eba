import { describe, expect, it } from "vitest";
import { madeScenes } from "../../../../../conformance/scene-samples.js";
import { structuresInGraph } from "../../../../../conformance/structure-graph.js";
import { trainingContext } from "../../../../../conformance/trainer.js";
import { pack, unpack } from "../../../../foundation/base/packing.js";
import { takeRows } from "../../../../foundation/contracts/frame.js";
import { segmenter } from "./segmenter.js";

const small = { width: 4, batchSize: 6, minimumSteps: 6, epochs: 1 };
const scenesOf = (height: number, width: number) =>
  madeScenes({ rows: 12, height, width, objects: 3, sides: [10, 20], seed: "segmenter" });

const trained = (scenes: ReturnType<typeof scenesOf>, config: Record<string, unknown> = {}) => {
  const part = { features: scenes.features, target: scenes.masks };
  return segmenter.fit(
    { train: part, validation: part },
    segmenter.config.parse({ ...small, ...config }),
    trainingContext(),
  );
};

describe("segmenter", () => {
  it.each([
    [24, 40],
    [37, 71],
  ])(
    "names in the exported graph the classes that it names itself: %i x %i pixels",
    async (height, width) => {
      const scenes = scenesOf(height, width);
      const found = await trained(scenes, { dice: 0.5 });
      const { mask } = found.predict(scenes.features);
      expect(mask!.type).toBe("uint8");
      expect(mask!.shape).toEqual([12, height, width]);
      expect((await structuresInGraph(found, scenes.features)).mask!.data).toEqual(mask!.data);
      const pixels = height * width;
      const alone = found.predict(takeRows(scenes.features, [7])).mask!.data as Uint8Array;
      expect(alone).toEqual((mask!.data as Uint8Array).slice(7 * pixels, 8 * pixels));
    },
  );

  it("has the same bytes for a seed, is restored from them, and learns", async () => {
    const scenes = scenesOf(24, 40);
    const [one, two] = [
      await trained(scenes, { minimumSteps: 30 }),
      await trained(scenes, { minimumSteps: 30 }),
    ];
    expect(Buffer.compare(pack(one.state), pack(two.state))).toBe(0);
    const restored = segmenter.restore(unpack(pack(one.state)) as typeof one.state);
    expect(restored.predict(scenes.features)).toEqual(one.predict(scenes.features));
    const { trainLoss } = one.diagnostics.curves!;
    expect(trainLoss!.at(-1)!).toBeLessThan(trainLoss![0]!);
  });

  it("learns nothing from pixels that are not counted", async () => {
    const scenes = scenesOf(24, 40);
    const rows = scenes.masks.rows.map((mask, row) => (row % 2 === 0 ? mask.slice().fill(255) : mask));
    const found = await trained({ ...scenes, masks: { ...scenes.masks, rows } });
    expect(found.diagnostics.curves!.trainLoss!.every(Number.isFinite)).toBe(true);
  });
});
