import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { transformSuite } from "../../../../../conformance/transform.js";
import { workContext } from "../../../../../conformance/work-context.js";
import { createFrame, type TokensColumn } from "../../../../foundation/contracts/frame.js";
import { trainMerges } from "./merges.js";
import { type SubwordsState, subwords } from "./subwords.js";
import { openTokenizer, type TokenizerModel } from "./tokenizer-file.js";
import { trainTokenizer } from "./train-tokenizer.js";

interface Expected {
  vocabulary: number;
  merges?: [string, string][];
  pieces: string[];
  tokens: number;
  file: string;
  fresh: number[][];
}
const expected = JSON.parse(readFileSync("test/oracles/tokenizers/expected.json", "utf8")) as Record<
  TokenizerModel,
  Expected
> & { texts: string[]; freshTexts: string[] };

transformSuite(subwords, {
  configs: [{}, { model: "bpe", vocabulary: 400 }, { model: "unigram", vocabulary: 300 }],
  evaluate: () => Promise.reject(new Error("a host transform is not emitted")),
});

const learn = (model: TokenizerModel) =>
  trainTokenizer(expected.texts, {
    model,
    vocabulary: expected[model].vocabulary,
    minimumCount: 2,
    lowerCase: true,
  });
const encodeAll = (file: string, texts: readonly string[]) => {
  const tokenizer = openTokenizer(file);
  return texts.map((text) => tokenizer.encode(text, { add_special_tokens: false }).ids);
};

describe("tokenizers", () => {
  it.each(["wordpiece", "bpe", "unigram"] as const)("cuts as the reference does: %s", (model) => {
    const { file, fresh } = expected[model];
    expect(encodeAll(file, expected.freshTexts)).toEqual(fresh);
  });

  it("learns the merges that the reference learns", () => {
    const { merges } = JSON.parse(learn("bpe")).model as { merges: [string, string][] };
    expect(merges).toEqual(expected.bpe.merges);
  });

  // The reference breaks ties among pieces by the order of its hash tables, so pieces themselves may differ.
  it.each(["wordpiece", "unigram"] as const)(
    "learns what cuts texts as short as the reference: %s",
    (model) => {
      const count = encodeAll(learn(model), expected.texts).reduce((sum, ids) => sum + ids.length, 0);
      expect(count).toBeLessThanOrEqual(expected[model].tokens * 1.03);
    },
  );

  it("joins the commonest neighbours first", () => {
    const words = new Map([
      ["aaab", 3],
      ["ab", 5],
    ]);
    const { merges } = trainMerges(words, { pieces: 4, minimumCount: 1, continuation: "" });
    expect(merges).toEqual([
      ["a", "b"],
      ["a", "a"],
    ]);
  });
});

describe("subwords", () => {
  const texts = [...expected.texts, "", "[PAD] wheat"];
  const frame = createFrame([["text", { kind: "text", values: texts }]]);
  const fitted = (config: Record<string, unknown>): SubwordsState =>
    subwords.fit(frame, subwords.config.parse(config), workContext());
  const rows = (state: SubwordsState) => {
    const { values, length } = subwords.apply(frame, state).columns.get("text") as TokensColumn;
    return texts.map((_, row) => Array.from(values.subarray(row * length, (row + 1) * length)));
  };

  it("keeps 0 for what a text leaves over, whatever the text says", () => {
    for (const model of ["wordpiece", "bpe", "unigram"]) {
      const made = rows(fitted({ model, vocabulary: 420 }));
      expect(made.at(-2)!.every((id) => id === 0)).toBe(true);
      for (const ids of made) {
        const end = ids.indexOf(0);
        if (end >= 0) expect(ids.slice(end).every((id) => id === 0)).toBe(true);
      }
    }
  });

  it("takes a given tokenizer, its special pieces around each text and its padding as 0", () => {
    const given = JSON.parse(expected.wordpiece.file) as Record<string, unknown>;
    const vocab = (given.model as { vocab: Record<string, number> }).vocab;
    [vocab["[PAD]"], vocab["[UNK]"]] = [1, 0];
    given.post_processor = {
      type: "BertProcessing",
      sep: ["[SEP]", 3],
      cls: ["[CLS]", 2],
    };
    const state = fitted({ tokenizer: JSON.stringify(given), length: 8 });
    expect(state).toMatchObject({ length: 8, padding: 1, vocabulary: 192 });
    const made = rows(state);
    for (const ids of made) expect(ids[0]).toBe(2);
    expect(made.at(-2)).toEqual([2, 3, 0, 0, 0, 0, 0, 0]);
    expect(made[0]!.at(-1)).toBe(3);
  });

  it("refuses what is no tokenizer", () => {
    expect(() => fitted({ tokenizer: "{}" })).toThrow(/tokenizer/);
  });
});
