/** A folder of pictures and a table that names pictures, from file to served answers. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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
  } finally {
    await model.close();
  }
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
