import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { meanOverlap } from "../segmentation/mean-overlap.js";
import { type Box, letterbox, outOfLetterbox, overlap, suppressOverlaps } from "./boxes.js";
import { type CocoMetrics, cocoMetrics } from "./coco-metrics.js";
import { readYoloOutput, YOLO_DEFAULTS } from "./yolo-output.js";

interface Recorded {
  readonly cases: readonly {
    readonly truth: readonly { image: string; cls: string; box: Box; crowd: boolean }[];
    readonly found: readonly { image: string; cls: string; box: Box; score: number }[];
    readonly expected: Readonly<Record<string, number | null>>;
  }[];
  readonly masks: { truth: number[]; predicted: number[]; classes: number; mean: number; accuracy: number };
}
const recorded = JSON.parse(
  readFileSync(new URL("../../../../test/oracles/detection/expected.json", import.meta.url), "utf8"),
) as Recorded;

describe("cocoMetrics", () => {
  it.each(recorded.cases.map((one, k) => [k, one] as const))(
    "equals pycocotools: scene %i",
    (_, { truth, found, expected }) => {
      const metrics = cocoMetrics(
        truth.map(({ image, cls, box, crowd }) => ({ image, class: cls, box, isCrowd: crowd })),
        found.map(({ image, cls, box, score }) => ({ image, class: cls, box, score })),
      );
      for (const [name, value] of Object.entries(expected)) {
        const own = metrics[name as keyof CocoMetrics] as number;
        if (value === null) expect(own, name).toBeNaN();
        else expect(own, name).toBeCloseTo(value, 9);
      }
    },
  );

  it("is 1 for what is found exactly, and undefined without objects", () => {
    const object = { image: "a", class: "cat", box: [1, 2, 40, 50] as Box };
    expect(cocoMetrics([object], [{ ...object, score: 0.9 }])).toMatchObject({
      map: 1,
      mar1: 1,
      byClass: { cat: 1 },
    });
    expect(cocoMetrics([], [{ ...object, score: 0.9 }]).map).toBeNaN();
  });
});

describe("meanOverlap", () => {
  it("equals scikit-learn", () => {
    const { truth, predicted, classes, mean, accuracy } = recorded.masks;
    const found = meanOverlap(truth, predicted, classes);
    expect(found.mean).toBeCloseTo(mean, 12);
    expect(found.accuracy).toBeCloseTo(accuracy, 12);
    expect(found.byClass[5]).toBeNaN();
  });
});

describe("boxes", () => {
  it("overlap by their shared area", () => {
    expect(overlap([0, 0, 2, 2], [1, 1, 2, 2])).toBeCloseTo(1 / 7, 12);
    expect(overlap([0, 0, 1, 1], [1, 0, 1, 1])).toBe(0);
  });

  it("are suppressed within their class only, surest first", () => {
    const at = (x: number, score: number, name = "a") => ({ class: name, box: [x, 0, 10, 10] as Box, score });
    const kept = suppressOverlaps([at(1, 0.5), at(0, 0.9), at(1, 0.4, "b"), at(30, 0.1)], {
      overlap: 0.5,
      limit: 9,
    });
    expect(kept).toEqual([at(0, 0.9), at(1, 0.4, "b"), at(30, 0.1)]);
    expect(suppressOverlaps(kept, { overlap: 0.5, limit: 1 })).toEqual([at(0, 0.9)]);
  });

  it("come back out of a letterbox, whatever the image's sides", () => {
    for (const image of [
      { width: 1280, height: 720 },
      { width: 333, height: 500 },
      { width: 64, height: 64 },
    ]) {
      const place = letterbox(image, { width: 640, height: 640 });
      const box: Box = [10, 20, 30, 40];
      const inside: Box = [
        box[0] * place.gain + place.left,
        box[1] * place.gain + place.top,
        box[2] * place.gain,
        box[3] * place.gain,
      ];
      for (const [k, value] of outOfLetterbox(inside, place, image).entries())
        expect(value).toBeCloseTo(box[k]!, 9);
    }
    expect(letterbox({ width: 1280, height: 720 }, { width: 640, height: 640 })).toEqual({
      gain: 0.5,
      left: 0,
      top: 140,
    });
  });

  it("are read from the output of YOLO networks", () => {
    // Two classes, three places: [cx, cy, w, h, first, second] by rows.
    const output = Float32Array.of(
      50,
      51,
      200,
      50,
      50,
      200,
      20,
      20,
      40,
      10,
      10,
      40,
      0.9,
      0.8,
      0.1,
      0.2,
      0.1,
      0.6,
    );
    const found = readYoloOutput(output, { ...YOLO_DEFAULTS, classes: ["cat", "dog"] });
    expect(found.map((one) => one.class)).toEqual(["cat", "dog"]);
    expect(found[0]!.box).toEqual([40, 45, 20, 10]);
    expect(() => readYoloOutput(new Float32Array(7), { ...YOLO_DEFAULTS, classes: ["cat"] })).toThrow(
      "7 values",
    );
  });
});
