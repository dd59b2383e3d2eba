/** How much a few hundred pictures teach: figures of `docs/guide/scenes.md`, some minutes of a processor. */
import { describe, expect, it } from "vitest";
import { madeScenes } from "../../conformance/scene-samples.js";
import { trainingContext } from "../../conformance/trainer.js";
import { detection } from "../../src/capabilities/structured/detection/detection.js";
import { segmentation } from "../../src/capabilities/structured/segmentation/segmentation.js";
import { detector } from "../../src/capabilities/trainers/neural/detection/detector.js";
import { segmenter } from "../../src/capabilities/trainers/neural/segmentation/segmenter.js";
import { createRandom } from "../../src/foundation/base/random.js";
import type { StructuredTarget } from "../../src/foundation/contracts/structured.js";
import { readAnswers, type StructuredOutputs } from "../../src/foundation/contracts/structured-answers.js";
import type { StructureTensors } from "../../src/foundation/contracts/structured-trainer.js";

const scene = { height: 96, width: 96, objects: 5, sides: [14, 44] as const };
const train = madeScenes({ rows: 300, ...scene, seed: "train" });
const test = madeScenes({ rows: 100, ...scene, seed: "test" });
const MINUTES = 20 * 60_000;

const judged = <Target extends StructuredTarget>(
  target: Target,
  outputs: StructuredOutputs,
  tensors: StructureTensors,
) => ({
  target,
  inputs: test.features,
  answers: readAnswers(outputs, { rows: 100, tensors, columns: new Map() }),
  rowNumbers: Int32Array.from({ length: 100 }, (_, row) => row),
  split: "test",
  random: createRandom("judge"),
  resamples: 0,
  signal: new AbortController().signal,
});

describe("300 made pictures", () => {
  it("teach a detector an mAP@.5 above .8", { timeout: MINUTES }, async () => {
    const config = detector.config.parse({ epochs: 1 });
    const part = { features: train.features, target: train.boxes };
    const fitted = await detector.fit({ train: part }, config, trainingContext());
    const outputs: StructuredOutputs = { kind: "boxes", labels: [...train.boxes.labels] };
    const { metrics } = detection.judge(judged(test.boxes, outputs, fitted.predict(test.features)));
    expect(metrics["map-50"]!.value).toBeGreaterThan(0.8);
  });

  it("teach a segmenter a mean IoU above .8", { timeout: MINUTES }, async () => {
    const config = segmenter.config.parse({ epochs: 1 });
    const part = { features: train.features, target: train.masks };
    const fitted = await segmenter.fit({ train: part }, config, trainingContext());
    const outputs: StructuredOutputs = {
      ...{ kind: "mask", labels: [...train.masks.labels] },
      ...{ height: 96, width: 96 },
    };
    const { metrics } = segmentation.judge(judged(test.masks, outputs, fitted.predict(test.features)));
    expect(metrics["mean-iou"]!.value).toBeGreaterThan(0.8);
  });
});
