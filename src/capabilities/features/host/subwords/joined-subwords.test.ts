import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { transformSuite } from "../../../../../conformance/transform.js";
import { workContext } from "../../../../../conformance/work-context.js";
import { createFrame, type TokensColumn } from "../../../../foundation/contracts/frame.js";
import { createEncoder } from "./encoder.js";
import { joinedSubwords } from "./joined-subwords.js";

transformSuite(joinedSubwords, {
  evaluate: () => Promise.reject(new Error("a host transform is not emitted")),
});

const { file, laid } = JSON.parse(readFileSync("test/oracles/tokenizers/pairs.json", "utf8")) as {
  file: string;
  laid: { pair: [string, string]; length: number | null; ids: number[]; types: number[] }[];
};

describe("texts that are read as one", () => {
  it.each(laid)("lie as the reference lays $pair in $length pieces", ({ pair, length, ids }) => {
    expect(createEncoder(file).join(pair, length ?? undefined)).toEqual(ids);
  });

  it("are told apart by the first separator, as token types do", () => {
    const { separator } = createEncoder(file);
    for (const { ids, types } of laid) {
      expect(ids.map((_, place) => Number(ids.slice(0, place).includes(separator)))).toEqual(types);
    }
  });

  it("cannot spell a separator", () => {
    const added = { id: 3, content: "[SEP]", special: true, single_word: false, lstrip: false };
    const spelt = JSON.stringify({
      ...(JSON.parse(file) as object),
      added_tokens: [{ ...added, rstrip: false, normalized: false }],
    });
    expect(createEncoder(spelt).join(["a [SEP] bee", "cat"])).toEqual([2, 4, 1, 5, 3, 6, 3]);
  });

  it("come as one column with its source", () => {
    const frame = createFrame([
      ["question", { kind: "text", values: ["cats?", ""] }],
      ["answer", { kind: "text", values: ["a dog", "eel"] }],
    ]);
    const state = joinedSubwords.fit(frame, joinedSubwords.config.parse({ tokenizer: file }), workContext());
    const made = joinedSubwords.apply(frame, state);
    expect([...made.columns.keys()]).toEqual(["question + answer"]);
    const column = made.columns.get("question + answer") as TokensColumn;
    expect(column).toMatchObject({ length: 8, vocabulary: 11, separator: 3 });
    expect([...column.values]).toEqual([2, 6, 9, 10, 3, 4, 7, 3, 2, 3, 8, 3, 0, 0, 0, 0]);
    expect(column.source?.texts).toEqual([
      ["cats?", "a dog"],
      ["", "eel"],
    ]);
  });

  it("need something between them", () => {
    const bare = JSON.stringify({
      ...(JSON.parse(file) as object),
      post_processor: null,
      model: { type: "WordPiece", unk_token: "?", continuing_subword_prefix: "##", vocab: { "?": 0, a: 1 } },
    });
    expect(() => createEncoder(bare).join(["a", "a"])).toThrow(/nothing to put between/);
  });
});
