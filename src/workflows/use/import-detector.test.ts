import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  writeYoloModel,
  YOLO_LABELS,
  YOLO_SIDE,
  type YoloFile,
  yoloProposals,
} from "../../../test/fixtures/yolo-model.js";
import { createGraph } from "../../engines/onnx/index.js";
import type { BoxesAnswer } from "../../foundation/contracts/structured-answers.js";
import { type DetectorImport, importDetectorModel } from "./import-detector.js";
import { loadModel } from "./load-model.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "quern-yolo-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ORACLE = "test/oracles/yolo";

function written(file: YoloFile, name = "model"): string {
  const path = join(folder, `${name}.onnx`);
  writeYoloModel(path, file);
  return path;
}

async function answersOf(request: Omit<DetectorImport, "name" | "out">, pictures: readonly Uint8Array[]) {
  const out = join(folder, "bundle");
  const manifest = await importDetectorModel({ ...request, name: "signs", out });
  const model = await loadModel(out, { folder });
  try {
    const rows = pictures.map((data) => {
      const pixels = Buffer.from(data).toString("base64");
      return { image: { height: YOLO_SIDE, width: YOLO_SIDE, channels: 3, data: pixels } };
    });
    return { manifest, answers: (await model.predict(rows)) as unknown as BoxesAnswer[] };
  } finally {
    await model.close();
  }
}

interface Expected {
  readonly label: string;
  readonly score: number;
  /** In pixels. */
  readonly corners: readonly number[];
}

function expectBoxes({ boxes }: BoxesAnswer, wanted: readonly Expected[], digits: number): void {
  expect(boxes.map(({ label }) => label)).toEqual(wanted.map(({ label }) => label));
  for (const [k, { score, corners }] of wanted.entries()) {
    expect(boxes[k]!.score).toBeCloseTo(score, digits);
    const [x, y, width, height] = boxes[k]!.box;
    const inside = corners.map((corner) => Math.min(1, Math.max(0, corner / YOLO_SIDE)));
    for (const [side, value] of [x, y, x + width, y + height].entries()) {
      expect(value).toBeCloseTo(inside[side]!, digits);
    }
  }
}

const OVERLAP = 0.45;

/** torchvision's `batched_nms`, as it is defined. */
function expected(objectness: number, overlap: number): Expected[] {
  const found = yoloProposals
    .map(({ box: [x, y, width, height], scores }) => {
      const best = Math.max(...scores);
      const corners = [x! - width! / 2, y! - height! / 2, x! + width! / 2, y! + height! / 2];
      return { label: YOLO_LABELS[scores.indexOf(best)]!, score: best * objectness, corners };
    })
    .filter(({ score }) => score > 0.2)
    .sort((a, b) => b.score - a.score);
  const kept: Expected[] = [];
  for (const one of found) {
    if (
      kept.every((other) => other.label !== one.label || overlapOf(other.corners, one.corners) <= overlap)
    ) {
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

const white = new Uint8Array(YOLO_SIDE * YOLO_SIDE * 3).fill(255);
const black = new Uint8Array(YOLO_SIDE * YOLO_SIDE * 3);

describe("importDetectorModel", () => {
  it.each([
    ["v8", 1, { overlap: OVERLAP }, OVERLAP],
    ["v5", 0.5, { overlap: OVERLAP }, OVERLAP],
    // Boxes that the model has chosen are not chosen again.
    ["v10", 1, {}, 1],
  ] as const)("answers the boxes of a YOLO%s export", async (layout, objectness, settings, overlap) => {
    const file = written({ layout });
    const { manifest, answers } = await answersOf({ file, leastScore: 0.2, ...settings }, [white, black]);
    expect(manifest.outputs).toEqual({ kind: "boxes", labels: YOLO_LABELS });
    const wanted = expected(objectness, overlap);
    expect(wanted.length < yoloProposals.length / 2).toBe(overlap < 1);
    expectBoxes(answers[0]!, wanted, 5);
    expect(answers[1]!.boxes).toEqual([]);
  });

  it("answers as PyTorch and torchvision do, of an export by PyTorch", async () => {
    const recorded = JSON.parse(readFileSync(join(ORACLE, "expected.json"), "utf8"));
    const { leastScore, overlap, limit } = recorded;
    const labels = ["a", "b", "c"];
    const pictures = [0, 1].map((k) => {
      const at = (index: number) => {
        const [c, x, y] = [index % 3, Math.floor(index / 3) % YOLO_SIDE, Math.floor(index / 3 / YOLO_SIDE)];
        return (13 * (x >> 3) + 29 * (y >> 3) + 71 * c + 97 * k) ** 2 % 251;
      };
      return Uint8Array.from(white, (_, index) => at(index));
    });
    const file = join(ORACLE, "head.onnx");
    const { answers } = await answersOf({ file, labels, leastScore, overlap, limit }, pictures);
    for (const [k, boxes] of recorded.pictures.entries()) {
      expect(boxes).toHaveLength(limit);
      const wanted = boxes.map((box: { label: number }) => ({ ...box, label: labels[box.label] }));
      expectBoxes(answers[k]!, wanted, 5);
    }
  });

  it("says what it found, what it reads, and how to export it", async () => {
    const made = (request: Partial<DetectorImport> & { file: string }) =>
      importDetectorModel({ name: "a", out: join(folder, "refused"), ...request });
    await expect(made({ file: written({ batch: 1 }) })).rejects.toMatchObject({
      code: "UNSUPPORTED",
      hint: expect.stringContaining("dynamic=True"),
    });
    await expect(made({ file: written({}), labels: ["one"] })).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringMatching(
        /output0 float32\[N, 7, 40\] and its 1 classes\. What is read: \[N, 4 \+ C, A\]/,
      ),
    });
    await expect(made({ file: written({ layout: "v10", isNamed: false }) })).rejects.toThrow(
      "nothing says how many there are",
    );
    const graph = createGraph({ name: "other" });
    const images = graph.input("pixels", "float32", ["N", 3, 8, 8]);
    graph.output("logits", graph.op("GlobalAveragePool", [images]));
    const path = join(folder, "classifier.onnx");
    writeFileSync(path, graph.toBytes());
    await expect(made({ file: path })).rejects.toThrow(
      "its outputs are logits float32[N, 3, 1, 1]. What is read: [N, 4 + C, A]",
    );
  });
});
