/** Several labels a row, from file to answers: texts in Chinese, flags in columns, the command line and the runtime. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as runtime from "onnxruntime-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { archiveBundle, createPredictor } from "../../src/entries/runtime/index.js";
import { createRandom } from "../../src/foundation/base/random.js";
import { loadModel } from "../../src/workflows/use/load-model.js";
import { quern, workFolder } from "./quern.js";

const { folder, remove } = workFolder();
afterAll(remove);

const random = createRandom("labels");
const pick = (list: readonly string[]): string => list[random.integer(list.length)]!;
const TOPICS: Readonly<Record<string, readonly string[]>> = {
  配送: ["快递很慢", "送货上门", "包裹破了"],
  质量: ["做工精细", "很耐用", "质量一般"],
  价格: ["很划算", "价格偏高", "便宜"],
};
const FILLING = ["今天", "我们", "觉得", "这个", "东西", "还是", "朋友", "推荐"];

function review(): { text: string; labels: string[] } {
  const labels = Object.keys(TOPICS).filter(() => random.uniform() < 0.4);
  const parts = [
    ...labels.map((label) => pick(TOPICS[label]!)),
    ...Array.from({ length: 4 }, () => pick(FILLING)),
  ];
  return { text: `${random.shuffle(parts).join("，")} ${random.integer(1000)}`, labels };
}

beforeAll(() => {
  const reviews = Array.from({ length: 300 }, review);
  const joined = reviews.map(
    ({ text, labels }) => `${text},${random.integer(90)},${labels.length > 0 ? labels.join("|") : "[]"}`,
  );
  writeFileSync(join(folder, "reviews.csv"), `${["text,amount,labels", ...joined].join("\n")}\n`);
  const flags = reviews.map(({ text, labels }) => [
    text,
    ...Object.keys(TOPICS).map((name) => (labels.includes(name) ? 1 : 0)),
  ]);
  writeFileSync(
    join(folder, "flags.csv"),
    `${[["text", ...Object.keys(TOPICS)], ...flags].map((row) => row.join(",")).join("\n")}\n`,
  );
});

const run = async (...args: string[]) => {
  const outcome = await quern(args, { cwd: folder });
  expect(outcome.code, outcome.stderr).toBe(0);
  return outcome;
};

test("a column of labels: trained, judged, predicted, exported, answered by the runtime as by the server", async () => {
  writeFileSync(
    join(folder, "quern.yaml"),
    "task: { type: multilabel, target: labels }\nreport: { language: zh }\n",
  );
  const result = (await run("train", "--data", "reviews.csv", "--json")).json();
  expect(result.leaderboard[0].trainer).toBe("binary-relevance");
  expect(result.metrics["f1-micro"]).toBeGreaterThan(0.9);
  expect(result.metrics["f1-micro"]).toBeGreaterThan(result.baseline["f1-micro"]);
  expect(result.parity.maxAbsDiff).toBeLessThan(1e-5);
  const report = readFileSync(result.report, "utf8");
  for (const words of ["全部标签合计的 F1", "配送", "标签错误最多的行"]) expect(report).toContain(words);
  const judged = (await run("evaluate", "labels", "reviews.csv", "--json")).json();
  expect(Object.keys(judged.metrics)).toEqual(Object.keys(result.metrics));
  await run("predict", "labels", "reviews.csv", "--out", "answers.jsonl");
  const first = JSON.parse(readFileSync(join(folder, "answers.jsonl"), "utf8").split("\n")[0]!);
  expect(Object.keys(first)).toEqual([
    "prediction",
    "probability_价格",
    "probability_质量",
    "probability_配送",
  ]);
  const model = await loadModel("labels", { folder });
  try {
    const answers = await model.predict([{ text: "这个 很划算 做工精细", amount: 3 }]);
    expect(answers[0]).toMatchObject({
      labels: ["价格", "质量"],
      probabilities: { 配送: expect.any(Number) },
    });
  } finally {
    await model.close();
  }
});

test("columns of flags, by a network", async () => {
  const network = "{ trainer: text-network, width: 16, epochs: 12, pairBuckets: 256, learningRate: 0.01 }";
  writeFileSync(
    join(folder, "quern.yaml"),
    `name: flags\ntask: { type: multilabel }\nmodels: [${network}]\n`,
  );
  const result = (await run("train", "--data", "flags.csv", "--target", "配送,质量,价格", "--json")).json();
  expect(result.metrics["f1-micro"]).toBeGreaterThan(0.85);
  const judged = (await run("evaluate", "flags", "flags.csv", "--json")).json();
  expect(judged.metrics["mean-average-precision"]).toBeGreaterThan(0.9);
  await run("export", "flags", "--out", "flags.quern");
  const here = await loadModel("flags", { folder });
  const there = await createPredictor(archiveBundle(readFileSync(join(folder, "flags.quern"))), { runtime });
  try {
    const rows = [{ text: "这个 很划算 做工精细" }, { text: "今天" }, { text: null }];
    const answers = await here.predict(rows);
    expect(answers[0]).toMatchObject({
      labels: expect.any(Array),
      probabilities: { 配送: expect.any(Number) },
    });
    expect(await there.predict(rows)).toEqual(answers);
  } finally {
    await Promise.all([here.close(), there.close()]);
  }
  writeFileSync(join(folder, "broken.csv"), "text,配送,质量,价格\na,1,0,0\nb,1,maybe,0\n");
  const broken = await quern(["evaluate", "flags", "broken.csv"], { cwd: folder });
  expect(broken.stderr).toMatch(/Row 2: "maybe" in "质量"/);
});
