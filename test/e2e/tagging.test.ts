/** Entities in texts, from a CoNLL file to answers of the command line, the server's models and the browser's runtime. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as onnxruntime from "onnxruntime-web";
import { afterAll, beforeAll, expect, test } from "vitest";
import { verifyBundle } from "../../src/capabilities/bundles/verify-bundle.js";
import { createTransforms } from "../../src/capabilities/features/index.js";
import { createModelPool } from "../../src/capabilities/serving/index.js";
import { createPredictor } from "../../src/entries/runtime/index.js";
import { systemClock } from "../../src/foundation/base/clock.js";
import { createRandom } from "../../src/foundation/base/random.js";
import type { EntitiesAnswer } from "../../src/foundation/contracts/structured-answers.js";
import type { LooseJson } from "../fixtures/loose-json.js";
import { quern, workFolder } from "./quern.js";

const { folder, remove } = workFolder();
afterAll(remove);

const random = createRandom("news");
const pick = (list: readonly string[]): string => list[random.integer(list.length)]!;

/** Lines of a CoNLL file: who went where, in English or Chinese characters. */
function sentence(): string {
  const entity = (name: string, label: string) =>
    name.split(" ").map((word, k) => `${word} ${k === 0 ? "B" : "I"}-${label}`);
  const who = pick(["Anna", "Ben Miller", "Carla Zhou", "Dora"]);
  const where = pick(["Rome", "New York", "Oslo", "San Marino"]);
  return [
    ...entity(who, "person"),
    ...pick(["went to", "left", "never saw"])
      .split(" ")
      .map((word) => `${word} O`),
    ...entity(where, "place"),
    ...pick(["today .", "!", "in May ."])
      .split(" ")
      .map((word) => `${word} O`),
  ].join("\n");
}

const TEXT = "Yesterday 😀 Anna left San Marino .";

beforeAll(() => {
  writeFileSync(join(folder, "news.conll"), `${Array.from({ length: 160 }, sentence).join("\n\n")}\n`);
  writeFileSync(join(folder, "rows.jsonl"), `${JSON.stringify({ text: TEXT })}\n{"text":""}\n`);
  writeFileSync(
    join(folder, "quern.yaml"),
    "models: [{ trainer: tagger, wordWidth: 16, stateWidth: 16, characterFilters: 8, learningRate: 0.01 }]\n",
  );
});

const run = async (...args: string[]) => {
  const outcome = await quern([...args, "--json"], { cwd: folder });
  expect(outcome.code, outcome.stderr).toBe(0);
  return outcome.json();
};
const labelled = (answer: unknown) =>
  (answer as EntitiesAnswer).entities.map(({ start, end, text, label }) => {
    expect(TEXT.slice(start, end)).toBe(text);
    return [text, label];
  });
const EXPECTED = [
  ["Anna", "person"],
  ["San Marino", "place"],
];

/** What the command printed. */
let result: LooseJson;

test("a CoNLL file becomes a model", async () => {
  result = await run("train", "news.conll");
  expect(result).toMatchObject({
    task: "tagging",
    model: "entities",
    metric: { name: "span-f1", split: "test" },
  });
  expect(result.metrics["span-f1"]).toBeGreaterThan(0.9);
  expect(result.parity.maxAbsDiff).toBeLessThan(1e-5);
  expect(readFileSync(result.report, "utf8")).toContain("Span F1");
});

test("the command line answers", async () => {
  await run("predict", "entities", "rows.jsonl", "--out", "answers.jsonl");
  const [first, second] = readFileSync(join(folder, "answers.jsonl"), "utf8").trim().split("\n");
  expect(labelled({ entities: JSON.parse(first!).prediction })).toEqual(EXPECTED);
  expect(JSON.parse(second!)).toEqual({ prediction: [] });
});

test("the server's models answer, several callers at once", async () => {
  const bundle = verifyBundle(result.bundle);
  const pool = createModelPool({ clock: systemClock, hostTransforms: createTransforms() });
  try {
    const served = await pool.add(bundle);
    const answers = await Promise.all([TEXT, "", TEXT].map((text) => served.predict([{ text }])));
    expect(answers.map(([answer]) => labelled(answer))).toEqual([EXPECTED, [], EXPECTED]);
  } finally {
    await pool.drain(1000);
  }
});

test("the browser's runtime answers, texts of any length", async () => {
  const bundle = verifyBundle(result.bundle);
  onnxruntime.env.wasm.numThreads = 1;
  const browser = await createPredictor(
    async (name) => bundle.files.get(name) ?? readFileSync(join(result.bundle, name)),
    { runtime: onnxruntime },
  );
  expect(labelled((await browser.predict([{ text: TEXT }]))[0])).toEqual(EXPECTED);

  const line = "Anna left San Marino today .\n";
  const [long] = (await browser.predict([{ text: line.repeat(40) }])) as EntitiesAnswer[];
  expect(long!.entities.map(({ start, text }) => [start % line.length, text])).toEqual(
    Array.from({ length: 40 }, () => [
      [line.indexOf("Anna"), "Anna"],
      [line.indexOf("San"), "San Marino"],
    ]).flat(),
  );
});

test("it is judged on other texts, and an equal training is answered from the store", async () => {
  const evaluated = await run("evaluate", "entities", "news.conll", "--report", "evaluation.html");
  expect(evaluated.metrics["span-f1"]).toBeGreaterThan(0.9);
  const again = await run("train", "news.conll");
  expect(again).toMatchObject({ version: 1, cached: { hits: result.cached.steps } });
});

test.each([
  ["explain", "entities"],
  ["explain", "entities", "rows.jsonl", "--out", "e.jsonl"],
  ["plan", "news.conll"],
  ["monitor", "entities", "--data", "rows.jsonl"],
])("what is for tables alone says so: %s", async (...args) => {
  const outcome = await quern(args, { cwd: folder });
  expect(outcome.code).toBe(2);
  expect(outcome.stderr).toMatch(/tagging/);
});
