/** Pictures with boxes and with masks, from a folder to answers of a served graph. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { madeScenes } from "../../conformance/scene-samples.js";
import { encodePng } from "../../src/foundation/base/pictures/png.js";
import type { ImageColumn } from "../../src/foundation/contracts/frame.js";
import { loadModel } from "../../src/workflows/use/load-model.js";
import { quern, workFolder } from "./quern.js";

const { folder, remove } = workFolder();
afterAll(remove);

const SIZE = { height: 40, width: 56 };
const ROWS = 40;
const made = madeScenes({ rows: ROWS, ...SIZE, objects: 3, sides: [12, 24], seed: "scenes" });
const { values } = made.features.columns.get("picture") as ImageColumn;
const pixels = (row: number): Uint8Array => {
  const length = SIZE.height * SIZE.width * 3;
  return values.subarray(row * length, (row + 1) * length);
};
const small = "width: 6, minimumSteps: 12, epochs: 1, batchSize: 8";

function write(path: string, content: string | Uint8Array): void {
  const full = join(folder, path);
  mkdirSync(join(full, ".."), { recursive: true });
  writeFileSync(full, content);
}

beforeAll(() => {
  write("boxes/data.yaml", "train: images\nnames: [disc, square, triangle]\n");
  write("scans/classes.txt", "ground\ndisc\nsquare\ntriangle\n");
  for (let row = 0; row < ROWS; row++) {
    const picture = encodePng({ ...SIZE, channels: 3, data: pixels(row) });
    const lines = made.boxes.rows[row]!.map(({ label, x, y, width, height }) =>
      [label, x + width / 2, y + height / 2, width, height].join(" "),
    );
    write(`boxes/images/${row}.png`, picture);
    write(`boxes/labels/${row}.txt`, lines.join("\n"));
    write(`scans/images/${row}.png`, picture);
    write(`scans/masks/${row}.png`, encodePng({ ...SIZE, channels: 1, data: made.masks.rows[row]! }));
  }
});

const sent = { picture: { ...SIZE, channels: 3, data: Buffer.from(pixels(0)).toString("base64") } };

describe("a folder of YOLO", () => {
  test("is profiled, and what people drew is no column to find fault with", async () => {
    const profiled = await quern(["profile", "boxes", "--json"], { cwd: folder });
    expect(profiled.code, profiled.stderr).toBe(0);
    expect(profiled.json().findings).toEqual([]);
  });

  test("is trained, reported with boxes drawn, evaluated, predicted and loaded", async () => {
    write("resnet.onnx", readFileSync("test/oracles/backbones/resnet.onnx"));
    const pretrained = `{ trainer: detector, model: resnet.onnx, boxes: 10, ${small} }`;
    write("quern.yaml", `models: [{ trainer: detector, boxes: 10, ${small} }, ${pretrained}]\n`);
    const trained = await quern(["train", "--data", "boxes", "--json"], { cwd: folder });
    expect(trained.code, trained.stderr).toBe(0);
    const result = trained.json();
    expect(result).toMatchObject({ model: "objects", task: "detection", parity: { maxAbsDiff: 0 } });
    expect(result.leaderboard).toHaveLength(2);
    expect(result.leaderboard.every(({ value }: { value: unknown }) => typeof value === "number")).toBe(true);
    expect(Object.keys(result.metrics)).toEqual(["map", "map-50", "map-75", "mar-100"]);
    expect(readFileSync(result.report, "utf8")).toContain('class="object missed"');
    const evaluated = await quern(["evaluate", "objects", "boxes", "--json"], { cwd: folder });
    expect(evaluated.json().metric).toMatchObject({ name: "map", rows: ROWS });
    const model = await loadModel("objects", { folder });
    try {
      const file = { image: readFileSync(join(folder, "boxes/images/0.png")).toString("base64") };
      const [one, two] = (await model.predict([{ image: sent.picture }, file])) as unknown as {
        boxes: unknown[];
      }[];
      expect(one!.boxes.length).toBeGreaterThan(0);
      expect(two).toEqual(one);
    } finally {
      await model.close();
    }
  });

  test("with something wrong is one error that names file and line", async () => {
    write("wrong/data.yaml", "train: images\nnames: [disc]\n");
    write("wrong/images/0.png", encodePng({ ...SIZE, channels: 3, data: pixels(0) }));
    write("wrong/labels/0.txt", "0 0.5 0.5 0.1 0.1\n3 0.5 0.5 0.1 0.1\n");
    const trained = await quern(["train", "--data", "wrong", "--json"], { cwd: folder });
    expect(trained.code).toBe(2);
    expect(trained.json().error.message).toBe(
      "labels/0.txt, line 2: there is no class 3; the 1 classes count from 0.",
    );
  });
});

test("pictures beside masks are trained, reported, evaluated and predicted", async () => {
  write("quern.yaml", `name: scans\nmodels: [{ trainer: segmenter, ${small} }]\n`);
  const trained = await quern(["train", "--data", "scans", "--json"], { cwd: folder });
  expect(trained.code, trained.stderr).toBe(0);
  const result = trained.json();
  expect(result).toMatchObject({ model: "scans", task: "segmentation", parity: { maxAbsDiff: 0 } });
  expect(result.baseline["pixel-accuracy"]).toBeGreaterThan(0.5);
  expect(readFileSync(result.report, "utf8")).toContain('svg class="scene"');
  const answered = await quern(["predict", "scans", "scans", "--out", "answers.jsonl"], { cwd: folder });
  expect(answered.code, answered.stderr).toBe(0);
  const lines = readFileSync(join(folder, "answers.jsonl"), "utf8").trim().split("\n");
  expect(lines).toHaveLength(ROWS);
  const { width, height, runs } = JSON.parse(lines[0]!).prediction;
  expect({ width, height }).toEqual(SIZE);
  const lengths = (runs as number[]).filter((_, k) => k % 2 === 1);
  expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(SIZE.width * SIZE.height);
});
