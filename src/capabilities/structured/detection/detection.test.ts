import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Box, overlap } from "./boxes.js";
import { type CocoMetrics, cocoScores } from "./coco-metrics.js";

interface Recorded {
  readonly cases: readonly {
    readonly truth: readonly { image: string; cls: string; box: Box; crowd: boolean }[];
    readonly found: readonly { image: string; cls: string; box: Box; score: number }[];
    readonly expected: Readonly<Record<string, number | null>>;
  }[];
}
const recorded = JSON.parse(
  readFileSync(new URL("../../../../test/oracles/detection/expected.json", import.meta.url), "utf8"),
) as Recorded;

describe("cocoScores", () => {
  it.each(recorded.cases.map((one, k) => [k, one] as const))(
    "equals pycocotools: scene %i",
    (_, { truth, found, expected }) => {
      const metrics = cocoScores(
        truth.map(({ image, cls, box, crowd }) => ({ image, class: cls, box, isCrowd: crowd })),
        found.map(({ image, cls, box, score }) => ({ image, class: cls, box, score })),
      ).all();
      for (const [name, value] of Object.entries(expected)) {
        const own = metrics[name as keyof CocoMetrics] as number;
        if (value === null) expect(own, name).toBeNaN();
        else expect(own, name).toBeCloseTo(value, 9);
      }
    },
  );

  it("is 1 for what is found exactly, and undefined without objects", () => {
    const object = { image: "a", class: "cat", box: [1, 2, 40, 50] as Box };
    expect(cocoScores([object], [{ ...object, score: 0.9 }]).all()).toMatchObject({
      map: 1,
      mar1: 1,
      byClass: { cat: 1 },
    });
    expect(cocoScores([], [{ ...object, score: 0.9 }]).overall().map).toBeNaN();
  });
});

describe("weights of images", () => {
  it("are images that are there so often", () => {
    const { truth, found } = recorded.cases[0]!;
    const images = [...new Set([...truth, ...found].map(({ image }) => image))];
    const weights = new Map(images.map((image, k) => [image, k % 3]));
    const objects = truth.map(({ image, cls, box, crowd }) => ({ image, class: cls, box, isCrowd: crowd }));
    // Without equal scores, whose order repeated images would change.
    const detections = found.map(({ image, cls, box, score }, k) => ({
      ...{ image, class: cls, box },
      score: score + k * 1e-9,
    }));
    const repeated = <One extends { image: string }>(list: readonly One[]): One[] =>
      list.flatMap((one) =>
        Array.from({ length: weights.get(one.image)! }, (_, copy) => ({
          ...one,
          image: `${one.image}/${copy}`,
        })),
      );
    const weighted = cocoScores(objects, detections).overall((image) => weights.get(image)!);
    const copied = cocoScores(repeated(objects), repeated(detections)).overall();
    for (const name of ["map", "map50", "map75", "mar100"] as const) {
      expect(weighted[name], name).toBeCloseTo(copied[name], 2);
    }
  });
});

describe("overlap", () => {
  it("is the shared part of two boxes", () => {
    expect(overlap([0, 0, 2, 2], [1, 1, 2, 2])).toBeCloseTo(1 / 7, 12);
    expect(overlap([0, 0, 1, 1], [1, 0, 1, 1])).toBe(0);
  });
});
