import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { trainingContext } from "../../../../../conformance/trainer.js";
import { pack } from "../../../../foundation/base/packing.js";
import { createRandom } from "../../../../foundation/base/random.js";
import { createFrame, takeRows } from "../../../../foundation/contracts/frame.js";
import { textEncoder } from "../text/pretrained/text-encoder.js";
import { textNetwork } from "../text/text-trainer.js";
import { changeText, type TextChanges } from "./change-texts.js";
import { readKnowledge } from "./read-knowledge.js";

const folder = mkdtempSync(join(tmpdir(), "quern-texts-"));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(
  join(folder, "words.json"),
  JSON.stringify([
    ["quick", "fast", "swift"],
    ["很好", "不错"],
  ]),
);
writeFileSync(join(folder, "words.txt"), "quick, fast\n很好，不错\n");
writeFileSync(join(folder, "rewrites.json"), JSON.stringify({ "a quick fox": ["one rapid fox"] }));
const none = { synonyms: 0, swaps: 0, deletions: 0, typos: 0, rewrites: 0 };
const files = { synonymFile: join(folder, "words.json"), rewriteFile: join(folder, "rewrites.json") };
const settings = {
  ...files,
  synonyms: 0.9,
  rewrites: 0.9,
  swaps: 0,
  deletions: 0,
  typos: 0,
  augmentationContent: "",
};
const knowledge = readKnowledge(settings);
const changed = (text: string, changes: Partial<TextChanges>, seed = "seed") =>
  changeText(text, { ...none, ...changes }, knowledge, createRandom(seed));
const many = (text: string, changes: Partial<TextChanges>) =>
  Array.from({ length: 200 }, (_, k) => changed(text, changes, String(k)));
const sorted = (text: string) => Array.from(text).sort().join("");

describe("changed texts", () => {
  it("leave a text alone without a share, and repeat by the seed", () => {
    const text = "Ein schöner Tag, 今天很好! ☕";
    expect(changed(text, {})).toBe(text);
    const all = { synonyms: 0.5, swaps: 0.5, deletions: 0.3, typos: 0.5 };
    expect(changed(text, all)).toBe(changed(text, all));
    expect(new Set(many(text, all)).size).toBeGreaterThan(50);
  });

  it("take synonyms of a group, in the case of the word, Chinese words too", () => {
    expect(new Set(many("Quick fox", { synonyms: 0.5 }))).toEqual(
      new Set(["Quick fox", "Fast fox", "Swift fox"]),
    );
    expect(new Set(many("今天很好", { synonyms: 0.5 }))).toEqual(new Set(["今天很好", "今天不错"]));
    const lines = readKnowledge({ ...settings, synonymFile: join(folder, "words.txt") });
    expect(lines.synonyms.get("很好")).toEqual(["不错"]);
  });

  it("swap words, and neighbours in Chinese", () => {
    for (const text of many("one two three", { swaps: 0.5 }))
      expect(text.split(" ").sort()).toEqual(["one", "three", "two"]);
    for (const text of many("今天天气", { swaps: 0.5 })) expect(sorted(text)).toBe(sorted("今天天气"));
    expect(new Set(many("今天天气", { swaps: 0.5 })).size).toBeGreaterThan(3);
  });

  it("leave out words but never all", () => {
    const texts = many("one two three", { deletions: 0.8 });
    expect(texts.every((text) => /\p{L}/u.test(text))).toBe(true);
    expect(texts.some((text) => !text.includes("two"))).toBe(true);
  });

  it("mistype one letter of a word", () => {
    for (const text of many("keyboard", { typos: 0.9 })) {
      expect(Math.abs(text.length - 8)).toBeLessThan(2);
      expect(text).toMatch(/^[a-z0-9]+$/);
    }
    expect(many("keyboard", { typos: 0.9 }).some((text) => text === "ketboard")).toBe(true);
  });

  it("take rewritten texts of the file, and say what is wrong with one", () => {
    expect(new Set(many("a quick fox", { rewrites: 0.5 }))).toEqual(
      new Set(["a quick fox", "one rapid fox"]),
    );
    // Cells of a table are trimmed, files of translators are not; one text may stand on several lines.
    expect(many("a  quick fox ", { rewrites: 0.5 })).toContain("one rapid fox");
    const lines = [
      { text: "天气很好", rewritings: ["天气不错", "天气很好"] },
      { text: "天气很好", rewritings: "今天晴" },
    ];
    writeFileSync(
      join(folder, "rewrites.jsonl"),
      lines.map((line) => `${JSON.stringify(line)}\n`).join("\n"),
    );
    const rewriteFile = join(folder, "rewrites.jsonl");
    expect(readKnowledge({ ...settings, rewriteFile }).rewrites.get("天气很好")).toEqual([
      "天气不错",
      "今天晴",
    ]);
    writeFileSync(rewriteFile, '{"text":"a","rewritings":["b"]}\n{"text":"a"}\n');
    expect(() => readKnowledge({ ...settings, rewriteFile })).toThrow(/jsonl, line 2 has another form/);
    expect(() => readKnowledge({ ...settings, rewriteFile: "" })).toThrow(/rewriteFile.*names no file/);
    expect(() => readKnowledge({ ...settings, rewriteFile: files.synonymFile })).toThrow(/another form/);
  });

  const rows = 40;
  const texts = Array.from({ length: rows }, (_, row) => [
    `${row % 2 ? "quick" : "slow"} ${"fox ".repeat(1 + (row % 20))}`,
  ]);
  const encode = ([text]: readonly string[], length: number) =>
    Array.from(text!, (letter) => 1 + (letter.charCodeAt(0) % 30)).slice(0, length);
  const values = new Int32Array(rows * 24);
  for (const [row, text] of texts.entries()) values.set(encode(text, 24), row * 24);
  const features = createFrame([
    ["text", { kind: "tokens", values, length: 24, vocabulary: 31, source: { texts, encode } }],
  ]);
  const target = {
    task: "binary",
    codes: Int32Array.from(texts, (_, row) => row % 2),
    classes: ["a", "b"],
  } as const;

  it("stay with their rows", () => {
    const column = takeRows(features, [3, 0]).columns.get("text");
    expect(column?.kind === "tokens" && column.source?.texts).toEqual([texts[3], texts[0]]);
  });

  it.each([
    ["text-network", textNetwork, { width: 8, epochs: 3, minimumSteps: 1 }],
    [
      "text-encoder",
      textEncoder,
      {
        model: "test/oracles/encoders/bert",
        tuning: "full",
        epochs: 2,
        minimumSteps: 1,
        widePairBuckets: 64,
      },
    ],
  ] as const)("are what %s learns from, the same way each time", async (...[, given, config]) => {
    const trained = (changes: object) =>
      (given as typeof textNetwork).fit(
        { train: { features, target } },
        (given as typeof textNetwork).config.parse({ ...config, ...files, ...changes }),
        trainingContext(),
      );
    const changes = { typos: 0.3, synonyms: 0.3, mixup: 0.3 };
    const [one, two, plain] = [await trained(changes), await trained(changes), await trained({ mixup: 0.3 })];
    expect(Buffer.compare(pack(one.state), pack(two.state))).toBe(0);
    expect(Buffer.compare(pack(one.state), pack(plain.state))).not.toBe(0);
  });

  it("tell of rewritten texts that none of the rows has", async () => {
    const told: string[] = [];
    const logger = { log: (_: string, message: string) => void told.push(message) };
    const config = { width: 8, epochs: 1, minimumSteps: 1, rewrites: 0.5 };
    const trained = (rewriteFile: string) =>
      textNetwork.fit({ train: { features, target } }, textNetwork.config.parse({ ...config, rewriteFile }), {
        ...trainingContext(),
        logger,
      });
    await trained(files.rewriteFile);
    expect(told).toEqual([`rewriteFile: none of the 40 texts learnt from is in ${files.rewriteFile}.`]);
    const own = join(folder, "own.json");
    writeFileSync(own, JSON.stringify({ [texts[1]![0]!]: ["a rapid fox"] }));
    await trained(own);
    expect(told).toHaveLength(1);
  });

  it("need an encoder that is tuned", async () => {
    const config = textEncoder.config.parse({ model: "test/oracles/encoders/bert", typos: 0.1 });
    await expect(textEncoder.fit({ train: { features, target } }, config, trainingContext())).rejects.toThrow(
      /only while it tunes/,
    );
  });
});
