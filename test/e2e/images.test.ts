/** A folder of pictures and a table that names pictures, from file to served answers. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { encodeNetpbm } from "../../src/foundation/base/pictures/netpbm.js";
import { createRandom } from "../../src/foundation/base/random.js";
import { loadModel } from "../../src/workflows/use/load-model.js";
import { quern, workFolder } from "./quern.js";

const { folder, remove } = workFolder();
afterAll(remove);

const MODELS = "models: [{ trainer: image-network, width: 8, minimumSteps: 60, batchSize: 16, shift: 0 }]\n";
const random = createRandom("pictures");

/** Bright above, or bright below; how bright is the second answer. */
function picture(isAbove: boolean, level: number): Uint8Array {
  const [width, height] = [16 + random.integer(8), 16];
  const data = Uint8Array.from({ length: width * height }, (_, k) => {
    const y = Math.floor(k / width);
    return y < 8 === isAbove ? 100 + level : random.integer(60);
  });
  return encodeNetpbm({ width, height, channels: 1, data });
}

beforeAll(() => {
  const lines = ["photo,area,price"];
  for (let k = 0; k < 120; k++) {
    const label = k % 2 === 0 ? "above" : "below";
    const level = random.integer(150);
    mkdirSync(join(folder, "photos", label), { recursive: true });
    const name = `photos/${label}/${k}.pgm`;
    writeFileSync(join(folder, name), picture(label === "above", level));
    lines.push(`${name},${random.integer(100)},${level + random.uniform()}`);
  }
  mkdirSync(join(folder, "project"));
  writeFileSync(join(folder, "items.csv"), `${lines.join("\n")}\n`);
});

test("a folder for each class: trained, reported with pictures, predicted from base64", async () => {
  writeFileSync(join(folder, "quern.yaml"), `data: { imageSize: 16 }\n${MODELS}`);
  const trained = await quern(["train", "--data", "photos", "--json"], { cwd: folder });
  expect(trained.code, trained.stderr).toBe(0);
  const result = trained.json();
  expect(result).toMatchObject({ model: "label", task: "binary" });
  expect(result.metrics.accuracy).toBeGreaterThan(0.8);
  expect(result.parity.maxAbsDiff).toBeLessThan(1e-5);
  const model = await loadModel("label", { folder });
  try {
    const image = Buffer.from(picture(true, 90)).toString("base64");
    expect(
      await model.predict([{ image }, { image: `data:image/x-portable-graymap;base64,${image}` }]),
    ).toMatchObject([{ label: "above" }, { label: "above" }]);
    await expect(model.predict([{ image: "../photos/above/0.pgm" }])).rejects.toMatchObject({
      code: "PREDICTION_INPUT",
    });
    await expect(model.predict([{ image }, { image: null }])).rejects.toMatchObject({
      code: "PREDICTION_INPUT",
      message: 'Row 2, column "image": there is no picture, and the model needs one.',
    });
  } finally {
    await model.close();
  }
});

test("odd files are read or told, and what the network sees is in the report", {
  timeout: 180_000,
}, async () => {
  const grey = { create: { width: 20, height: 12, channels: 3 as const, background: "#808080" } };
  const jpeg = await sharp(grey).jpeg().toBuffer();
  const odd = join(folder, "odd");
  for (let k = 0; k < 160; k++) {
    const label = k % 2 === 0 ? "上" : "below";
    mkdirSync(join(odd, label), { recursive: true });
    // Every eleventh lies in the wrong folder, so that there are errors to explain.
    const isAbove = (k % 2 === 0) !== (k % 11 === 0);
    writeFileSync(join(odd, label, `图 ${k}.pgm`), picture(isAbove, random.integer(150)));
  }
  const files: Record<string, Uint8Array | string> = {
    "empty.png": "",
    "cut off.jpg": jpeg.subarray(0, jpeg.length >> 1),
    "text.jpg": "hello",
    "scan.tiff": await sharp(grey).tiff().toBuffer(),
    "notes.txt": "no picture",
    "cmyk.jpg": await sharp(grey).toColourspace("cmyk").jpeg().toBuffer(),
    "deep.png": await sharp(grey).toColourspace("rgb16").png().toBuffer(),
    "turned.jpg": await sharp(grey).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    "one.png": await sharp({ create: { ...grey.create, width: 1, height: 1 } })
      .png()
      .toBuffer(),
    "wide.png": await sharp({ create: { ...grey.create, width: 20_000 } })
      .png()
      .toBuffer(),
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(odd, "below", name), content);
  copyFileSync(join(odd, "below", "图 1.pgm"), join(odd, "上", "copy of 1.pgm"));
  const split = "split: { kind: stratified, train: 0.6, validation: 0.2, test: 0.2 }\n";
  writeFileSync(join(folder, "quern.yaml"), `data: { imageSize: 16 }\n${split}${MODELS}`);
  const trained = await quern(["train", "--data", "odd", "--name", "odd", "--json"], { cwd: folder });
  expect(trained.code, trained.stderr).toBe(0);
  const { findings, report } = trained.json();
  const [unreadable] = findings.filter(({ id }: { id: string }) => id === "unreadable-pictures");
  const said = Object.fromEntries(
    unreadable.evidence.examples.map(({ value }: { value: string }) => value.split(/: (.*)/)),
  );
  expect(said).toEqual({
    "below/cut off.jpg": "it cannot be decoded: it is damaged or cut off",
    "below/empty.png": "the file is empty",
    "below/scan.tiff": "TIFF is not read; save it as JPEG or PNG",
    "below/text.jpg": "it is no JPEG, PNG, WebP, GIF, PGM or PPM file",
  });
  expect(unreadable.evidence.rows).toBe(4);
  const profiled = await quern(["profile", "--data", "odd", "--json"], { cwd: folder });
  const told = profiled.json().findings.find(({ id }: { id: string }) => id === "unreadable-pictures");
  expect(told.evidence).toEqual(unreadable.evidence);
  for (const found of [findings, profiled.json().findings]) {
    const disputed = found.find(({ id }: { id: string }) => id === "disputed-pictures");
    expect(disputed).toMatchObject({ column: "image", severity: "warning", evidence: { rows: 2 } });
    expect(disputed.message).toContain("below/图 1.pgm (below) = 上/copy of 1.pgm (上)");
  }
  expect(unreadable.severity).toBe("warning");
  // What cannot be read is no row of any part.
  const { metric, model, version } = trained.json();
  expect(metric.rows).toBeLessThanOrEqual(Math.ceil(0.2 * 166));
  const predicted = await quern(["predict", `${model}@${version}`, "odd", "--out", "odd.csv", "--json"], {
    cwd: folder,
  });
  expect(predicted.json()).toMatchObject({ rows: 170, failed: 4 });
  const lines = readFileSync(join(folder, "odd.csv"), "utf8").trim().split("\n");
  expect(lines[0]!.endsWith(",error")).toBe(true);
  expect(lines.filter((line) => line.includes("no image: below/empty.png: the file is empty"))).toHaveLength(
    1,
  );
  expect(lines.filter((line) => line.endsWith(","))).toHaveLength(166);
  expect(readFileSync(report, "utf8")).toContain("Grad-CAM");
});

test("a table that names images: one network for pictures and numbers, predicted from a table", async () => {
  writeFileSync(join(folder, "quern.yaml"), `data: { imageSize: 16 }\n${MODELS}`);
  const trained = await quern(["train", "--data", "items.csv", "--target", "price", "--json"], {
    cwd: folder,
  });
  expect(trained.code, trained.stderr).toBe(0);
  const result = trained.json();
  expect(result.task).toBe("regression");
  expect(result.metrics.rmse).toBeLessThan(result.baseline.rmse);
  expect(readFileSync(result.report, "utf8")).toContain('<img src="data:image/png;base64,');
  const predicted = await quern(["predict", "price", "items.csv", "--out", "out.csv"], { cwd: folder });
  expect(predicted.code, predicted.stderr).toBe(0);
  expect(readFileSync(join(folder, "out.csv"), "utf8").trim().split("\n")).toHaveLength(121);
  writeFileSync(join(folder, "bad.csv"), "photo,area\n../secret.pgm,3\n");
  const refused = await quern(["predict", "price", "bad.csv", "--out", "bad-out.csv"], { cwd: folder });
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain("not a plain relative path");
});

test("two models are compared on the rows that both can answer", async () => {
  writeFileSync(join(folder, "quern.yaml"), "data: { ignore: [photo] }\nmodels: [ridge]\n");
  const trained = await quern(
    ["train", "--data", "items.csv", "--target", "price", "--name", "blind", "--json"],
    { cwd: folder },
  );
  expect(trained.code, trained.stderr).toBe(0);
  const items = readFileSync(join(folder, "items.csv"), "utf8").replace(
    "photos/above/0.pgm",
    "photos/gone.pgm",
  );
  writeFileSync(join(folder, "lost-items.csv"), items);
  const evaluated = async (...more: string[]) => {
    const outcome = await quern(["evaluate", "blind", "lost-items.csv", ...more, "--json"], { cwd: folder });
    expect(outcome.code, outcome.stderr).toBe(0);
    return outcome.json();
  };
  expect((await evaluated()).rows).toBe(120);
  const { rows, evaluation } = await evaluated("--against", "price");
  expect(rows).toBe(119);
  expect(evaluation.comparisons).toMatchObject([{ with: "price", rows: 119, verdict: "worse" }]);
});

test("a table in which some rows have no picture learns what that means; lost pictures are left out and told", async () => {
  const lines = ["photo,area,price"];
  for (let k = 0; k < 100; k++) {
    const [label, price] = k % 2 === 0 ? ["above", 100] : ["below", 200];
    const name = k % 4 === 3 ? "" : k % 20 === 0 ? `photos/gone-${k}.pgm` : `photos\\${label}\\${k}.pgm`;
    // A row without a picture is dearer than all others.
    lines.push(`${name},${random.integer(100)},${(name === "" ? 900 : price) + random.uniform()}`);
  }
  writeFileSync(join(folder, "some.csv"), `${lines.join("\n")}\n`);
  writeFileSync(join(folder, "quern.yaml"), `data: { imageSize: 16 }\n${MODELS.replace("60", "200")}`);
  const trained = await quern(
    ["train", "--data", "some.csv", "--target", "price", "--name", "some", "--json"],
    {
      cwd: folder,
    },
  );
  expect(trained.code, trained.stderr).toBe(0);
  const result = trained.json();
  expect(result.parity.maxAbsDiff).toBeLessThan(1e-5);
  expect(result.metrics.rmse).toBeLessThan(0.8 * result.baseline.rmse);
  const [told] = result.findings.filter(({ id }: { id: string }) => id === "unreadable-pictures");
  expect(told.evidence.rows).toBe(5);
  expect(told.message).toContain("photos/gone-0.pgm: there is no such file");
  const model = await loadModel("some", { folder });
  try {
    const [without] = await model.predict([{ photo: null, area: 5 }]);
    const photo = Buffer.from(picture(true, 90)).toString("base64");
    const [usual] = await model.predict([{ photo, area: 5 }]);
    const priceOf = (answer: unknown) => (answer as { prediction: number }).prediction;
    expect(priceOf(without)).toBeGreaterThan(priceOf(usual) + 100);
    const black = { height: 16, width: 16, channels: 1, data: new Uint8Array(256) };
    const [dark] = await model.predict([{ photo: black, area: 5 }]);
    expect(dark).not.toEqual(without);
  } finally {
    await model.close();
  }
});

test("where most pictures cannot be read, nothing is trained", async () => {
  for (let k = 0; k < 20; k++) {
    mkdirSync(join(folder, "bad", k % 2 === 0 ? "a" : "b"), { recursive: true });
    const content = k < 11 ? "" : picture(k % 2 === 0, 50);
    writeFileSync(join(folder, "bad", k % 2 === 0 ? "a" : "b", `${k}.pgm`), content);
  }
  const trained = await quern(["train", "--data", "bad", "--json"], { cwd: folder });
  expect(trained.code).toBe(2);
  const { code, message } = trained.json().error;
  expect(code).toBe("DATA_MALFORMED");
  expect(message).toContain("11 of 20 rows have no picture");
  writeFileSync(join(folder, "lost.csv"), "file,label\na/1.jpg,x\na/2.jpg,y\na/3.jpg,x\na/4.jpg,y\n");
  const lost = await quern(["train", "--data", "lost.csv", "--target", "label", "--json"], { cwd: folder });
  expect(lost.json().error.message).toContain('names pictures, such as "a/1.jpg", and fewer than half');
});
