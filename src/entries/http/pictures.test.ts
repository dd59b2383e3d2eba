/** Boxes and masks as they are asked for over HTTP: by rows with image files, by tensors, and as the documents say. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LooseJson } from "../../../test/fixtures/loose-json.js";
import { maskModel } from "../../../test/fixtures/mask-model.js";
import { writeYoloModel, YOLO_LABELS, YOLO_SIDE } from "../../../test/fixtures/yolo-model.js";
import { bundleFiles, verifyBundle } from "../../capabilities/bundles/index.js";
import { createModelPool } from "../../capabilities/serving/index.js";
import { createImageDecoder } from "../../capabilities/vision/index.js";
import { systemClock } from "../../foundation/base/clock.js";
import { silentLogger } from "../../foundation/base/logger.js";
import { boxesAnswerSchema, maskAnswerSchema } from "../../foundation/contracts/structured-answers.js";
import { importDetectorModel } from "../../workflows/use/import-detector.js";
import { createServer, type QuernServer } from "./index.js";

const SIZE = { height: 6, width: 8 };
const folder = mkdtempSync(join(tmpdir(), "quern-pictures-"));
let server: QuernServer;
let base: string;

beforeAll(async () => {
  const models = createModelPool({ clock: systemClock, decodeImage: createImageDecoder() });
  const [file, out] = [join(folder, "yolo.onnx"), join(folder, "street")];
  writeYoloModel(file);
  await importDetectorModel({ file, name: "street", out, leastScore: 0.2 });
  await models.add(verifyBundle(out));
  await models.add({ id: "red", ...(await bundleFiles(maskModel(SIZE))) });
  server = createServer({ port: 0 }, { models, clock: systemClock, logger: silentLogger });
  base = await server.listen();
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The left half red, the right half white. */
function halves(width: number, height: number): Sharp {
  const red = { width: width >> 1, height, channels: 3 as const, background: "#e00000" };
  const ground = { width, height, channels: 3 as const, background: "#ffffff" };
  return sharp({ create: ground }).composite([{ input: { create: red }, left: 0, top: 0 }]);
}

async function post(path: string, body: unknown): Promise<{ status: number; body: LooseJson }> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(base + path, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as LooseJson };
}

describe("a served detector", () => {
  it("answers boxes of files in base64 and as data URIs, whatever their size", async () => {
    const png = (await halves(100, 50).png().toBuffer()).toString("base64");
    const black = { width: 30, height: 20, channels: 3 as const, background: "#000000" };
    const dark = (await sharp({ create: black }).png().toBuffer()).toString("base64");
    const rows = [{ image: png }, { image: `data:image/png;base64,${dark}` }];
    const { status, body } = await post("/predict/street", { rows, id: "shot" });
    expect(status).toBe(200);
    const [found, nothing] = body.predictions;
    expect(found).toMatchObject({ id: "shot/0" });
    const { boxes } = boxesAnswerSchema.parse({ boxes: found.boxes });
    expect(boxes.length).toBeGreaterThan(3);
    expect(boxes.every(({ label }) => (YOLO_LABELS as readonly string[]).includes(label))).toBe(true);
    expect(boxes.map(({ score }) => score)).toEqual(boxes.map(({ score }) => score).sort((a, b) => b - a));
    expect(nothing).toEqual({ id: "shot/1", boxes: [] });
  });

  it("answers the same boxes to tensors", async () => {
    const { data } = await halves(YOLO_SIDE, YOLO_SIDE)
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const described = (await (await fetch(`${base}/v2/models/street`)).json()) as LooseJson;
    expect(described.inputs).toEqual([
      { name: "image", datatype: "UINT8", shape: [-1, YOLO_SIDE, YOLO_SIDE, 3] },
    ]);
    const inputs = [
      { name: "image", datatype: "UINT8", shape: [1, YOLO_SIDE, YOLO_SIDE, 3], data: [...data] },
    ];
    const { status, body } = await post("/v2/models/street/infer", { inputs });
    expect(status).toBe(200);
    const tensors = Object.fromEntries(body.outputs.map((output: LooseJson) => [output.name, output]));
    expect(Object.keys(tensors).sort()).toEqual(["boxes", "classes", "scores"]);
    const pixels = { height: YOLO_SIDE, width: YOLO_SIDE, channels: 3, data: data.toString("base64") };
    const { boxes } = (await post("/predict/street", { image: pixels })).body.predictions[0];
    expect(boxes.length).toBeGreaterThan(3);
    for (const [k, { label, score, box }] of boxes.entries()) {
      expect(YOLO_LABELS[tensors.classes.data[k]]).toBe(label);
      expect(tensors.scores.data[k]).toBeCloseTo(score, 6);
      const [left, top, right, bottom] = tensors.boxes.data.slice(4 * k, 4 * k + 4);
      const wanted = [left, top, right - left, bottom - top];
      for (const [side, share] of wanted.entries()) expect(box[side]).toBeCloseTo(share, 5);
    }
    expect(tensors.scores.data.slice(boxes.length).every((score: number) => score === 0)).toBe(true);
  });

  it("names the row and the column of what is no picture", async () => {
    const { status, body } = await post("/predict/street", [{ image: "aGVsbG8=" }]);
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: "PREDICTION_INPUT" });
    expect(body.error.message).toMatch(/^Row 1, column "image":.*it is no JPEG, PNG/);
  });
});

describe("a served segmenter", () => {
  it("answers runs of classes and their shares, to files and to tensors", async () => {
    const jpeg = await halves(80, 60).jpeg({ quality: 95, chromaSubsampling: "4:4:4" }).toBuffer();
    const { body } = await post("/predict/red", { image: jpeg.toString("base64") });
    const { id: _, ...answer } = body.predictions[0];
    const { mask, shares } = maskAnswerSchema.parse(answer);
    const row = [1, SIZE.width / 2, 0, SIZE.width / 2];
    expect(mask).toEqual({ ...SIZE, runs: Array.from({ length: SIZE.height }, () => row).flat() });
    expect(shares).toEqual({ ground: 0.5, red: 0.5 });
    const data = await halves(SIZE.width, SIZE.height).removeAlpha().raw().toBuffer();
    const inputs = [{ name: "image", datatype: "UINT8", shape: [1, 6, 8, 3], data: [...data] }];
    const inferred = await post("/v2/models/red/infer", { inputs });
    expect(inferred.body.outputs).toMatchObject([{ name: "mask", datatype: "UINT8", shape: [1, 6, 8] }]);
    expect(inferred.body.outputs[0].data.slice(0, 8)).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
  });
});

it("the OpenAPI document has the form of boxes and masks, and how a picture is sent", async () => {
  const document = (await (await fetch(`${base}/openapi.json`)).json()) as LooseJson;
  const operation = document.paths["/predict/{model}"].post;
  const answer = operation.responses["200"].content["application/json"].schema;
  const forms = answer.properties.predictions.items.anyOf as LooseJson[];
  const form = (name: string) => forms.find(({ properties }) => name in properties)!.properties;
  expect(form("boxes").boxes.items.properties.box).toMatchObject({ minItems: 4, maxItems: 4 });
  expect(Object.keys(form("mask").mask.properties)).toEqual(["width", "height", "runs"]);
  expect(JSON.stringify(operation.requestBody)).toContain("base64");
  const { examples } = operation.requestBody.content["application/json"];
  expect(examples.street.value).toEqual({ image: expect.stringMatching(/^data:image\/png;base64,/) });
  const { status } = await post("/predict/street", examples.street.value);
  expect(status).toBe(200);
});
