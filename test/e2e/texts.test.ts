/** Texts in a table, from file to answers: networks trained from scratch, and a pretrained encoder. */
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { trainTokenizer } from "../../src/capabilities/features/host/subwords/train-tokenizer.js";
import { createRandom } from "../../src/foundation/base/random.js";
import { loadModel } from "../../src/workflows/use/load-model.js";
import { quern, workFolder } from "./quern.js";

const { folder, remove } = workFolder();
afterAll(remove);

const random = createRandom("reviews");
const pick = (list: readonly string[]): string => list[random.integer(list.length)]!;

/** Praise or blame of something, in Chinese or English, and what says nothing. */
function review(isGood: boolean): string {
  const what = pick([
    "这家店的面条",
    "昨天买的苹果",
    "他们的咖啡",
    "the noodles",
    "their coffee",
    "this bread",
  ]);
  const isChinese = /\p{Script=Han}/u.test(what);
  const praise = isChinese ? pick(["很好吃", "非常新鲜", "值得再买"]) : pick(["is tasty", "is fresh"]);
  const blame = isChinese ? pick(["太咸了", "不新鲜", "很难吃"]) : pick(["is too salty", "is stale"]);
  const rest = isChinese ? pick(["，包装一般。", "，送货快。"]) : pick([", plain box.", ", came quickly."]);
  return what + (isChinese ? "" : " ") + (isGood ? praise : blame) + rest;
}

beforeAll(() => {
  layEncoder();
  const lines = ["review,price,verdict"];
  for (let k = 0; k < 240; k++) {
    const isGood = k % 2 === 0;
    lines.push(
      `"${review(isGood)} ${random.integer(1000)}",${random.integer(50)},${isGood ? "good" : "bad"}`,
    );
  }
  writeFileSync(join(folder, "reviews.csv"), `${lines.join("\n")}\n`);
});

async function trained(models: string, data = "reviews.csv") {
  writeFileSync(join(folder, "quern.yaml"), `models: [${models}]\nevaluation: { learningCurve: false }\n`);
  const outcome = await quern(["train", "--data", data, "--target", "verdict", "--json"], {
    cwd: folder,
  });
  expect(outcome.code, outcome.stderr).toBe(0);
  return outcome.json();
}

test("Chinese and English beside a number: trained from scratch, exported, answered", async () => {
  const result = await trained(
    "{ trainer: text-network, architecture: transformer, width: 16, heads: 2, epochs: 8, pairBuckets: 256, learningRate: 0.005 }",
  );
  expect(result.metrics.accuracy).toBeGreaterThan(0.9);
  expect(result.parity.maxAbsDiff).toBeLessThan(1e-5);
  const model = await loadModel("verdict", { folder });
  try {
    const texts = ["这家店的面条很好吃，送货快。", "their coffee is stale, plain box.", null];
    const answers = await model.predict(texts.map((review) => ({ review, price: 3 })));
    expect(answers).toMatchObject([{ label: "good" }, { label: "bad" }, { label: expect.any(String) }]);
  } finally {
    await model.close();
  }
});

/** A small encoder with a tokenizer of its own. */
function layEncoder(): void {
  const encoder = join(folder, "encoder");
  mkdirSync(encoder);
  for (const name of ["config.json", "model.safetensors"]) {
    copyFileSync(join("test/oracles/encoders/bert", name), join(encoder, name));
  }
  const texts = Array.from({ length: 100 }, (_, k) => review(k % 2 === 0).replace(/[^aeinst ]/g, ""));
  const options = { model: "wordpiece", vocabulary: 40, minimumCount: 1, lowerCase: true } as const;
  writeFileSync(join(encoder, "tokenizer.json"), trainTokenizer(texts, options));
}

test("a pretrained encoder from a folder, by its own tokenizer", async () => {
  const result = await trained("{ trainer: text-encoder, model: encoder, length: 16, epochs: 4 }");
  expect(result.parity.maxAbsDiff).toBeLessThan(1e-5);
  expect(result.leaderboard[0].config.content).toMatch(/^[0-9a-f]{64}$/);
});

test("two columns read as one text, answered by the server's way from rows", async () => {
  const lines = ["question,answer,verdict"];
  for (let k = 0; k < 120; k++) {
    const [asked, told] = [review(k % 2 === 0), review(k % 3 === 0)];
    lines.push(`"${asked} ${k}","${told} ${k}",${k % 2 === 0 ? "good" : "bad"}`);
  }
  writeFileSync(join(folder, "pairs.csv"), `${lines.join("\n")}\n`);
  const entry = (joined: string) =>
    `{ trainer: text-encoder, model: encoder, tuning: full, wide: false, joined: ${joined}, length: 16, epochs: 2 }`;
  const result = await trained(entry("[answer, question]"), "pairs.csv");
  expect(result.parity.maxAbsDiff).toBeLessThan(1e-5);
  const model = await loadModel("verdict", { folder });
  try {
    const [one, other] = [
      { question: "their coffee", answer: "is stale" },
      { question: "is stale", answer: "their coffee" },
    ];
    const answers = await model.predict([one, other, { question: null, answer: "is fresh" }]);
    expect(answers).toMatchObject([1, 2, 3].map(() => ({ label: expect.any(String) })));
    expect(answers[0]).not.toEqual(answers[1]);
  } finally {
    await model.close();
  }
  writeFileSync(join(folder, "quern.yaml"), `models: [${entry("[question, title]")}]\n`);
  const refused = await quern(["train", "--data", "pairs.csv", "--target", "verdict"], { cwd: folder });
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain('"title" cannot be read with others as one text');
});
