import { describe, expect, it } from "vitest";
import { transformSuite } from "../../../../../conformance/transform.js";
import { workContext } from "../../../../../conformance/work-context.js";
import { createFrame, type TokensColumn } from "../../../../foundation/contracts/frame.js";
import { splitWords } from "./split-words.js";
import { words } from "./words.js";

const refuse = { evaluate: () => Promise.reject(new Error("a host transform is not emitted")) };
transformSuite(words, { ...refuse, configs: [{}, { length: 8, minimumCount: 1, characters: 3 }] });

const cut = (text: string) => splitWords(text).map(({ start, end }) => text.slice(start, end));

describe("words", () => {
  it("are runs of letters and digits, single Chinese characters and single marks", () => {
    expect(cut("U.S. don't 2019年 3G")).toEqual([
      ..."U . S .".split(" "),
      ..."don ' t 2019 年 3G".split(" "),
    ]);
    expect(cut("我在New York住，好！")).toEqual(["我", "在", "New", "York", "住", "，", "好", "！"]);
    expect(cut("  e\u0301te\u0301 \t\n")).toEqual(["e\u0301te\u0301"]);
  });

  it("have offsets that are right behind emoji and beyond the first plane", () => {
    const text = "👩‍🚀😀 Anna 𠮷野家";
    for (const { start, end } of splitWords(text)) expect(text.slice(start, end)).not.toMatch(/^\s|\s$|^$/u);
    const anna = splitWords(text).find(({ start }) => text.startsWith("Anna", start))!;
    expect(text.slice(anna.start, anna.end)).toBe("Anna");
    expect(cut("𠮷野家")).toEqual(["𠮷", "野", "家"]);
  });

  it("are numbered in lower case with digits alike, and never beyond the length", () => {
    const texts = ["Anna met ANNA in 1999", "anna 2001", "", "a b c d e f g h i j k l"];
    const frame = createFrame([["text", { kind: "text", values: texts }]]);
    const state = words.fit(frame, words.config.parse({ length: 8 }), workContext());
    const made = words.apply(frame, state).columns;
    expect([...made.keys()]).toEqual(["text.words", "text.characters", "text.spans"]);
    const ids = made.get("text.words") as TokensColumn;
    expect(ids.length).toBe(8);
    expect(ids.values[0]).toBe(ids.values[2]);
    expect(ids.values[4]).toBe(ids.values[9]);
    expect(Array.from(ids.values.subarray(16, 24))).toEqual(new Array(8).fill(0));
    const spans = made.get("text.spans") as TokensColumn;
    expect(Array.from(spans.values.subarray(0, 4))).toEqual([0, 4, 5, 8]);
  });
});
