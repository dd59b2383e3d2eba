/** Rows as vectors: from a pretrained encoder, from a pretrained image network, from a trained one; and the nearest rows. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { verifyBundle } from "../../src/capabilities/bundles/index.js";
import { trainTokenizer } from "../../src/capabilities/features/host/subwords/train-tokenizer.js";
import { createTransforms } from "../../src/capabilities/features/index.js";
import { createModelPool } from "../../src/capabilities/serving/index.js";
import { createServer } from "../../src/entries/http/index.js";
import { systemClock } from "../../src/foundation/base/clock.js";
import { silentLogger } from "../../src/foundation/base/logger.js";
import { encodeNetpbm } from "../../src/foundation/base/pictures/netpbm.js";
import { createRandom } from "../../src/foundation/base/random.js";
import { loadModel } from "../../src/workflows/use/load-model.js";
import { quern, workFolder } from "./quern.js";

const { folder, remove } = workFolder();
afterAll(remove);
const random = createRandom("embeddings");

const WORDS = "a tea tin is in a nest at the sea, an ant eats these tins in the east".split(" ");
const sentence = () => Array.from({ length: 6 }, () => WORDS[random.integer(WORDS.length)]).join(" ");
const texts = Array.from({ length: 30 }, sentence);

function picture(isAbove: boolean): Uint8Array {
  const data = Uint8Array.from({ length: 24 * 24 }, (_, k) =>
    k < 288 === isAbove ? 200 : random.integer(60),
  );
  return encodeNetpbm({ width: 24, height: 24, channels: 1, data });
}

beforeAll(() => {
  mkdirSync(join(folder, "encoder"));
  for (const name of ["config.json", "model.safetensors"]) {
    copyFileSync(join("test/oracles/encoders/bert", name), join(folder, "encoder", name));
  }
  const options = { model: "wordpiece", vocabulary: 40, minimumCount: 1, lowerCase: true } as const;
  writeFileSync(join(folder, "encoder", "tokenizer.json"), trainTokenizer(texts, options));
  writeFileSync(join(folder, "texts.csv"), `text\n${texts.map((text) => JSON.stringify(text)).join("\n")}\n`);
  writeFileSync(join(folder, "asked.csv"), `text\n${JSON.stringify(texts[7])}\n`);
  copyFileSync("test/oracles/backbones/resnet.onnx", join(folder, "resnet.onnx"));
  for (let k = 0; k < 80; k++) {
    const label = k % 2 === 0 ? "above" : "below";
    mkdirSync(join(folder, "photos", label), { recursive: true });
    writeFileSync(join(folder, "photos", label, `${k}.pgm`), picture(label === "above"));
  }
});

const ran = async (args: readonly string[]) => {
  const made = await quern([...args, "--json"], { cwd: folder });
  expect(made.code, made.stderr).toBe(0);
  return made.json();
};
const norm = (vector: readonly number[]) => Math.hypot(...vector);

test("texts: a model of vectors, its answers, and the nearest rows", async () => {
  const built = await ran(["embed", "encoder", "--name", "sentences", "--length", "14"]);
  expect(built).toMatchObject({ model: "sentences", version: 1, width: 8, inputs: ["text"] });
  await ran(["predict", "sentences", "texts.csv", "--out", "vectors.jsonl"]);
  const lines = readFileSync(join(folder, "vectors.jsonl"), "utf8").trim().split("\n");
  expect(lines).toHaveLength(30);
  for (const line of lines) expect(norm(JSON.parse(line).prediction)).toBeCloseTo(1, 5);
  const { similar } = await ran(["similar", "sentences", "asked.csv", "--to", "texts.csv", "-k", "3"]);
  expect(similar[0]).toMatchObject({ row: 1, rank: 1, match: 8 });
  expect(similar[0].similarity).toBeCloseTo(1, 5);
  const written = await ran([
    "similar",
    "sentences",
    "asked.csv",
    "--to",
    "texts.csv",
    "-k",
    "3",
    "--out",
    "near.csv",
  ]);
  expect(readFileSync(written.output, "utf8").split("\n")[0]).toBe("row,rank,match,similarity");
});

test("texts: tuned on pairs first, then as any model of vectors", async () => {
  const topics = ["tea tin", "nest east", "sea ant", "eats these"];
  const about = (topic: number, word: number) => {
    return Array.from({ length: 2 + random.integer(4) }, () => topics[topic]!.split(" ")[word]).join(" ");
  };
  const rows = Array.from({ length: 120 }, (_, row) => [
    `${about(row % 4, 0)} ${row % 7 ? "in" : "is"} ${"a ".repeat(row % 5)}`,
    about(row % 4, 1),
  ]);
  writeFileSync(join(folder, "pairs.csv"), `asked,answer\n${rows.map((row) => row.join(",")).join("\n")}\n`);
  const settings = ["--epochs", "4", "--batch-size", "8", "--learning-rate", "0.01", "--length", "14"];
  const args = ["embed", "encoder", "--name", "tuned", "--pairs", "pairs.csv", ...settings];
  const built = await ran(args);
  expect(built.tuning).toMatchObject({
    columns: { first: "asked", second: "answer", score: null },
    loss: "ranked",
    rows: { dropped: 0 },
  });
  expect(built.tuning.after.meanReciprocalRank).toBeGreaterThan(built.tuning.before.meanReciprocalRank);
  expect(Object.keys(built.tuning.before)).toEqual(Object.keys(built.tuning.after));
  const { similar } = await ran(["similar", "tuned", "asked.csv", "--to", "texts.csv", "-k", "1"]);
  expect(similar[0].similarity).toBeCloseTo(1, 5);
  const again = await ran(args);
  expect(verifyBundle(again.bundle).files.get("model.onnx")).toEqual(
    verifyBundle(built.bundle).files.get("model.onnx"),
  );
  const scored = rows.map(([first, second], row) => [
    first,
    row % 3 ? second : about((row + 1) % 4, 1),
    row % 3 ? 5 : 1,
  ]);
  writeFileSync(join(folder, "scored.csv"), `a,b,score\n${scored.map((row) => row.join(",")).join("\n")}\n`);
  const ordered = await ran(["embed", "encoder", "--name", "scored", "--pairs", "scored.csv", ...settings]);
  expect(ordered.tuning).toMatchObject({ columns: { score: "score" }, loss: "ordered" });
  for (const figures of [ordered.tuning.before, ordered.tuning.after])
    expect(Object.keys(figures)).toEqual(["spearman"]);
  const refused = await quern([...args, "--loss", "cosine"], { cwd: folder });
  expect(refused.stderr).toContain("needs a score for each pair");
  const alone = await quern(["embed", "encoder", "--name", "x", "--epochs", "2"], { cwd: folder });
  expect(alone.stderr).toContain("--epochs belongs to --pairs");
});

test("texts: served as OpenAI's API serves vectors", async () => {
  const pool = createModelPool({ clock: systemClock, hostTransforms: createTransforms() });
  const { id, manifest, files } = verifyBundle((await ran(["embed", "encoder", "--name", "served"])).bundle);
  await pool.add({ id, manifest, files });
  const server = createServer({ port: 0 }, { models: pool, clock: systemClock, logger: silentLogger });
  const base = await server.listen();
  try {
    const post = async (path: string, body: unknown) => {
      const headers = { "content-type": "application/json" };
      const response = await fetch(base + path, { method: "POST", headers, body: JSON.stringify(body) });
      return { status: response.status, body: await response.json() };
    };
    const input = texts.slice(0, 3);
    const { body } = await post("/v1/embeddings", { model: "served", input });
    expect(body).toMatchObject({
      object: "list",
      model: "served",
      data: [{ index: 0 }, { index: 1 }, { index: 2 }],
    });
    const coded = await post("/v1/embeddings", {
      model: "served",
      input: input[1],
      encoding_format: "base64",
    });
    const bytes = Buffer.from(coded.body.data[0].embedding, "base64");
    for (let k = 0; k < 8; k++) expect(bytes.readFloatLE(4 * k)).toBeCloseTo(body.data[1].embedding[k], 5);
    const rows = [{ text: texts[4] }];
    const found = await post("/similar/served", { rows, catalogue: texts.map((text) => ({ text })), k: 2 });
    expect(found.body.similar[0][0]).toMatchObject({ row: texts.indexOf(texts[4]!) });
    expect((await post("/v1/embeddings", { model: "served", input: [] })).status).toBe(400);
  } finally {
    await server.close();
  }
});

test("pictures: a pretrained network tuned with a new head, its features, and those of the tuned model", async () => {
  writeFileSync(
    join(folder, "quern.yaml"),
    `data: { imageSize: 32 }\nmodels: [{ trainer: image-encoder, model: resnet.onnx, minimumSteps: 60, learningRate: 0.02 }]\nensemble: { kind: none }\ncalibration: none\n`,
  );
  const trained = await ran(["train", "--data", "photos"]);
  expect(trained.metrics.accuracy).toBeGreaterThan(0.8);
  expect(trained.leaderboard[0].config.content).toMatch(/^[0-9a-f]{64}$/);
  expect(trained.parity.maxAbsDiff).toBeLessThan(1e-5);
  const built = await ran(["embed", "resnet.onnx", "--name", "pictures", "--image-size", "32"]);
  expect(built).toMatchObject({ width: 16, inputs: ["image"] });
  const own = await ran(["embed", "label", "--name", "own"]);
  expect(own).toMatchObject({ width: 16, inputs: ["image"] });
  const image = Buffer.from(picture(true)).toString("base64");
  for (const name of ["pictures", "own"]) {
    const model = await loadModel(name, { folder });
    try {
      const [answer] = (await model.predict([{ image }])) as unknown as { vector: number[] }[];
      expect(norm(answer!.vector)).toBeCloseTo(1, 5);
    } finally {
      await model.close();
    }
  }
});

test("what gives no vectors says so", async () => {
  const refused = await quern(["similar", "label", "photos", "--to", "photos"], { cwd: folder });
  expect(refused.stderr).toContain("gives no vectors");
  const missing = await quern(["embed", "nothing-here", "--name", "x"], { cwd: folder });
  expect(missing.stderr).toContain("There is no model");
});
