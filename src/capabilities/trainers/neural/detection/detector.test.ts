import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { madeScenes } from "../../../../../conformance/scene-samples.js";
import { structuresInGraph } from "../../../../../conformance/structure-graph.js";
import { trainingContext } from "../../../../../conformance/trainer.js";
import { pack, unpack } from "../../../../foundation/base/packing.js";
import { takeRows } from "../../../../foundation/contracts/frame.js";
import { compareTensors } from "../../../../foundation/contracts/prediction.js";
import type { StructuredTrainingData } from "../../../../foundation/contracts/structured-trainer.js";
import { detector } from "./detector.js";
import { writeTruthMaps } from "./truth-maps.js";

const scenes = madeScenes({ rows: 24, height: 40, width: 56, objects: 3, sides: [10, 24], seed: "detector" });
const data: StructuredTrainingData<"detection"> = {
  train: { features: scenes.features, target: scenes.boxes },
};
const small = { width: 4, batchSize: 8, minimumSteps: 6, epochs: 1, boxes: 20 };
const fitted = (config: Record<string, unknown> = {}, context = trainingContext()) =>
  detector.fit(data, detector.config.parse({ ...small, ...config }), context);

describe("detector", () => {
  it.each(["resnet", "mobilenet"])(
    "finds in the exported graph what it finds itself: %s",
    async (backbone) => {
      const found = await fitted({ backbone });
      const expected = found.predict(scenes.features);
      expect(expected.boxes!.shape).toEqual([24, 20, 4]);
      const emitted = await structuresInGraph(found, scenes.features);
      expect(compareTensors(emitted, expected).maxAbsDiff).toBeLessThan(1e-5);
      const alone = takeRows(scenes.features, [5]);
      const [scores] = [found.predict(alone).scores!.data as Float32Array];
      expect([...scores]).toEqual([...(expected.scores!.data as Float32Array)].slice(100, 120));
    },
  );

  it("answers the surest first, inside the picture, and nothing behind the last", async () => {
    const { boxes, scores, classes } = (await fitted()).predict(scenes.features);
    const [corners, sure] = [boxes!.data as Float32Array, scores!.data as Float32Array];
    expect(corners.every((side) => side >= 0 && side <= 1)).toBe(true);
    expect((classes!.data as BigInt64Array).every((code) => code >= 0n && code < 3n)).toBe(true);
    for (let k = 0; k < sure.length; k++) {
      if (k % 20 > 0) expect(sure[k]!).toBeLessThanOrEqual(sure[k - 1]!);
      if (sure[k] === 0) expect([...corners.subarray(4 * k, 4 * k + 4)]).toEqual([0, 0, 0, 0]);
    }
  });

  it("has the same bytes for a seed, is restored from them, and learns", async () => {
    const validation = data.train;
    const config = detector.config.parse({ ...small, minimumSteps: 30, width: 8 });
    const [one, two] = [
      await detector.fit({ ...data, validation }, config, trainingContext()),
      await detector.fit({ ...data, validation }, config, trainingContext()),
    ];
    expect(Buffer.compare(pack(one.state), pack(two.state))).toBe(0);
    const restored = detector.restore(unpack(pack(one.state)) as typeof one.state);
    expect(restored.predict(scenes.features)).toEqual(one.predict(scenes.features));
    const { trainLoss, validationLoss } = one.diagnostics.curves!;
    expect(trainLoss!.at(-1)!).toBeLessThan(trainLoss![0]!);
    expect(validationLoss!.every(Number.isFinite)).toBe(true);
  });

  it("goes on from a checkpoint as if it had not stopped", async () => {
    const folder = mkdtempSync(join(tmpdir(), "detector-"));
    try {
      const whole = await fitted({ minimumSteps: 12 });
      const checkpoints = { folder, identity: "scenes", leastMs: 0 };
      const controller = new AbortController();
      const report = ({ done }: { done: number }) => {
        if (done >= 7) controller.abort(new Error("stop"));
      };
      const stopped = fitted(
        { minimumSteps: 12 },
        trainingContext({ checkpoints, signal: controller.signal, report }),
      );
      await expect(stopped).rejects.toThrow();
      const resumed = await fitted({ minimumSteps: 12 }, trainingContext({ checkpoints }));
      expect(Buffer.compare(pack(resumed.state), pack(whole.state))).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("learns from pictures without objects, crowds and boxes smaller than a place", async () => {
    const rows = scenes.boxes.rows.map((boxes, row) =>
      row % 2 === 0
        ? []
        : boxes.map((box, k) =>
            k === 0 ? { ...box, isCrowd: true } : { ...box, width: 0.001, height: 0.001 },
          ),
    );
    const train = { features: scenes.features, target: { ...scenes.boxes, rows } };
    const found = await detector.fit({ train }, detector.config.parse(small), trainingContext());
    expect(found.diagnostics.curves!.trainLoss!.every(Number.isFinite)).toBe(true);
  });
});

describe("writeTruthMaps", () => {
  const grid = { rows: 8, columns: 8 };
  const maps = () => ({
    heat: new Float32Array(2 * 64),
    reaches: new Float32Array(4 * 64),
    weights: new Float32Array(64),
  });

  it("has 1 at the middle of an object, the distances of its sides around it, and weights that sum to 1", () => {
    const made = maps();
    writeTruthMaps([{ label: 1, corners: [0.25, 0, 0.75, 1], isUndecided: false }], grid, made);
    expect(made.heat.filter((value) => value === 1)).toHaveLength(1);
    expect(made.heat[64 + 4 * 8 + 4]).toBe(1);
    expect(made.heat.subarray(0, 64).every((value) => value === 0)).toBe(true);
    const at = 4 * 8 + 4;
    expect([0, 1, 2, 3].map((side) => made.reaches[side * 64 + at])).toEqual([2.5, 4.5, 1.5, 3.5]);
    expect(made.weights.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 6);
  });

  it("gives a place to the smaller object, and leaves crowds undecided", () => {
    const made = maps();
    const large = { label: 0, corners: [0, 0, 1, 1] as const, isUndecided: false };
    const inner = { label: 0, corners: [0.5, 0.5, 0.625, 0.625] as const, isUndecided: false };
    writeTruthMaps([inner, large], grid, made);
    expect(made.reaches[4 * 8 + 4]).toBeCloseTo(0.5, 6);
    const crowd = maps();
    writeTruthMaps([{ ...large, isUndecided: true }], grid, crowd);
    expect(crowd.heat.subarray(0, 64).every((value) => value > 0.999 && value < 1)).toBe(true);
    expect(crowd.weights.every((value) => value === 0)).toBe(true);
  });
});
