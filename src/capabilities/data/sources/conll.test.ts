import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openSource } from "./index.js";

const folder = mkdtempSync(join(tmpdir(), "quern-conll-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function rowsOf(files: Record<string, string>, format?: "conll"): Promise<Record<string, unknown>[]> {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const { table } = await openSource(
    Object.keys(files),
    { ...(format ? { format } : {}) },
    { threads: 1, baseFolder: folder },
  );
  try {
    return await table.query("SELECT * FROM data ORDER BY rowid");
  } finally {
    await table.close();
  }
}
const entities = (row: Record<string, unknown>) =>
  (JSON.parse(row.entities as string) as { start: number; end: number; label: string }[]).map(
    ({ start, end, label }) => [(row.text as string).slice(start, end), label],
  );

describe("CoNLL files", () => {
  it("of 2003 (IOB1, four columns, documents) are sentences with their entities", async () => {
    const content =
      "-DOCSTART- -X- O O\n\nEU NNP I-NP I-ORG\nrejects VBZ I-VP O\nGerman JJ I-NP I-MISC\ncall NN I-NP O\n. . O O\n\n" +
      "Peter NNP I-NP I-PER\nBlackburn NNP I-NP I-PER\nMary NNP I-NP B-PER\n";
    const rows = await rowsOf({ "news.txt": content }, "conll");
    expect(rows.map(({ text }) => text)).toEqual(["EU rejects German call .", "Peter Blackburn Mary"]);
    expect(rows.map(entities)).toEqual([
      [
        ["EU", "ORG"],
        ["German", "MISC"],
      ],
      [
        ["Peter Blackburn", "PER"],
        ["Mary", "PER"],
      ],
    ]);
    expect(Object.keys(rows[0]!)).toEqual(["text", "entities"]);
    expect(await rowsOf({ "recognised.txt": content })).toEqual(rows);
  });

  it("of Chinese characters (BMES) are joined without spaces, with tabs and words of several parts kept", async () => {
    const chinese = "我 O\n在 O\n北 B-LOC\n京 E-LOC\n住 O\n。 O\n\n李 S-PER\n来 O\n";
    const [first, second] = await rowsOf({ "zh.conll": chinese });
    expect(first!.text).toBe("我在北京住。");
    expect(entities(first!)).toEqual([["北京", "LOC"]]);
    expect(entities(second!)).toEqual([["李", "PER"]]);
    const [tabs] = await rowsOf({ "tabs.bio": "# id 1\n😀\tO\nNew York\tB-LOC\ncity\tI-LOC\n" });
    expect(tabs!.text).toBe("😀 New York city");
    expect(entities(tabs!)).toEqual([["New York city", "LOC"]]);
  });

  it("are divided by their names", async () => {
    const one = (word: string) => `${word} B-X\n`;
    const rows = await rowsOf({
      "eng.train.conll": one("a"),
      "eng.testa.conll": one("b"),
      "eng.testb.conll": one("c"),
    });
    expect(rows.map(({ text, part }) => [text, part])).toEqual([
      ["a", "train"],
      ["b", "validation"],
      ["c", "test"],
    ]);
  });

  it.each([
    ["one\n", "line 1: a word without a tag", "with a space or a tab"],
    ["EU O\nrejects VBZ\n", 'line 2: "VBZ" is no tag', "such as B-person"],
    ["EU O\n\tO\n", "line 2: the first column, the word, is empty", "leave the line out"],
    ["\n\n", "holds no sentence", "an empty line behind each sentence"],
  ])("that are wrong are refused with line and remedy: %j", async (content, said, remedy) => {
    await expect(rowsOf({ "bad.conll": content })).rejects.toMatchObject({
      code: content.trim() === "" ? "DATA_EMPTY" : "DATA_MALFORMED",
      message: expect.stringContaining(said),
      hint: expect.stringContaining(remedy),
    });
  });
});
