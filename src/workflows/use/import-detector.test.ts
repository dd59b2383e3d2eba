import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createGraph, Expressions, writeModel } from "../../engines/onnx/index.js";
import { createRandom } from "../../foundation/base/random.js";
import { importDetectorModel } from "./import-detector.js";
import { loadModel } from "./load-model.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "quern-yolo-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SIDE = 64;
const CLASSES = 3;
const ANCHORS = 40;
const random = createRandom("yolo");

/** Boxes in clusters: centre x, centre y, width, height in pixels; then a probability for each class. */
const proposals = Array.from({ length: ANCHORS }, () => {
  const at = 12 + 20 * random.integer(3);
  const box = [at, at, 16, 20].map((side) => Math.fround(side + 2 * random.normal()));
  return { box, scores: Array.from({ length: CLASSES }, () => Math.fround(random.uniform())) };
});

/** A model with the outputs of an export: what it says is scaled by the brightness of the picture. */
function exported(layout: "v8" | "v5", batch: string | number = "batch"): string {
  const graph = createGraph({ name: "yolo" });
  const x = new Expressions(graph);
  const images = graph.input("images", "float32", [batch, 3, SIDE, SIDE]);
  const brightness = x.mean(images, [1, 2, 3], true);
  const rows = proposals.map(({ box, scores }) => [...box, ...(layout === "v5" ? [0.5] : []), ...scores]);
  const width = rows[0]!.length;
  const table = graph.constant("float32", [1, ANCHORS, width], rows.flat());
  const made = x.mul(table, x.reshape(brightness, [-1, 1, 1]));
  graph.output("output0", layout === "v8" ? x.transpose(made, [0, 2, 1]) : made);
  const model = graph.toModel();
  const names = { key: "names", value: "{0: 'person', 1: \"traffic light\", 2: 'dog'}" };
  const path = join(folder, `${layout}-${batch}.onnx`);
  writeFileSync(path, writeModel({ ...model, metadataProps: [names] }));
  return path;
}

const LABELS = ["person", "traffic light", "dog"];
const OVERLAP = 0.45;

/** torchvision's `batched_nms`, as it is defined. */
function expected(objectness: number) {
  const found = proposals
    .map(({ box: [x, y, width, height], scores }) => {
      const best = Math.max(...scores);
      const sides = [x! - width! / 2, y! - height! / 2, x! + width! / 2, y! + height! / 2];
      return { label: LABELS[scores.indexOf(best)]!, score: best * objectness, sides };
    })
    .filter(({ score }) => score > 0.2)
    .sort((a, b) => b.score - a.score);
  const kept: typeof found = [];
  for (const one of found) {
    if (kept.every((other) => other.label !== one.label || overlapOf(other.sides, one.sides) <= OVERLAP)) {
      kept.push(one);
    }
  }
  return kept;
}

function overlapOf(a: readonly number[], b: readonly number[]): number {
  const width = Math.min(a[2]!, b[2]!) - Math.max(a[0]!, b[0]!);
  const height = Math.min(a[3]!, b[3]!) - Math.max(a[1]!, b[1]!);
  const both = width > 0 && height > 0 ? width * height : 0;
  const area = (c: readonly number[]) => (c[2]! - c[0]!) * (c[3]! - c[1]!);
  return both / (area(a) + area(b) - both);
}

describe("importDetectorModel", () => {
  it.each([
    ["v8", 1],
    ["v5", 0.5],
  ] as const)("answers the boxes of a YOLO%s export after suppression", async (layout, objectness) => {
    const out = join(folder, layout);
    const options = { leastScore: 0.2, overlap: OVERLAP };
    const manifest = await importDetectorModel({ file: exported(layout), name: "signs", out, ...options });
    expect(manifest.outputs).toEqual({ kind: "boxes", labels: LABELS });
    const model = await loadModel(out, { folder });
    try {
      const white = new Uint8Array(SIDE * SIDE * 3).fill(255);
      const picture = { height: SIDE, width: SIDE, channels: 3, data: Buffer.from(white).toString("base64") };
      const black = { ...picture, data: Buffer.from(new Uint8Array(SIDE * SIDE * 3)).toString("base64") };
      const [{ boxes }, nothing] = (await model.predict([
        { image: picture },
        { image: black },
      ])) as unknown as [{ boxes: { label: string; score: number; box: number[] }[] }, { boxes: unknown[] }];
      expect(nothing.boxes).toEqual([]);
      const wanted = expected(objectness);
      expect(wanted.length).toBeLessThan(ANCHORS / 2);
      expect(boxes.map(({ label }) => label)).toEqual(wanted.map(({ label }) => label));
      for (const [k, { score, sides }] of wanted.entries()) {
        expect(boxes[k]!.score).toBeCloseTo(score, 5);
        const [x, y, width, height] = boxes[k]!.box as [number, number, number, number];
        const inside = sides.map((side) => Math.min(1, Math.max(0, side / SIDE)));
        for (const [side, value] of [x, y, x + width, y + height].entries()) {
          expect(value).toBeCloseTo(inside[side]!, 5);
        }
      }
    } finally {
      await model.close();
    }
  });

  it("says what it cannot read, and how to export it", async () => {
    const fixed = importDetectorModel({ file: exported("v8", 1), name: "a", out: join(folder, "a") });
    await expect(fixed).rejects.toMatchObject({
      code: "UNSUPPORTED",
      hint: expect.stringContaining("dynamic=True"),
    });
    const other = importDetectorModel({
      file: exported("v8"),
      name: "a",
      out: join(folder, "a"),
      labels: ["one"],
    });
    await expect(other).rejects.toThrow("does not fit 1 classes");
  });
});
