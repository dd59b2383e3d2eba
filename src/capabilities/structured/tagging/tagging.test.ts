import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../../foundation/base/random.js";
import { createFrame } from "../../../foundation/contracts/frame.js";
import { spansOfTags, tagNames, tagRules } from "../../../foundation/contracts/tag-sequence.js";
import { dictionaryAnswers } from "./dictionary.js";
import { parseEntities } from "./parse-entities.js";
import { countSpans, spanFigures } from "./span-figures.js";
import { tagging } from "./tagging.js";

interface Recorded {
  scheme: string;
  truth: string[][];
  said: string[][];
  spans: [number, number, string][][];
  report: Record<string, Record<string, number>>;
}
const recorded = JSON.parse(readFileSync("test/oracles/tagging/expected.json", "utf8")) as Recorded[];

describe("tags and figures against seqeval", () => {
  it.each(recorded)("$scheme", ({ truth, said, spans, report }) => {
    expect(
      truth.map((tags) => spansOfTags(tags).map(({ start, end, label }) => [start, end, label])),
    ).toEqual(spans);
    const labels = Object.keys(report).filter((name) => !name.endsWith(" avg"));
    const counts = truth.map((tags, row) =>
      countSpans(
        spansOfTags(tags).map((span) => ({ ...span, label: labels.indexOf(span.label) })),
        spansOfTags(said[row]!),
        labels,
      ),
    );
    const figures = spanFigures(counts, new Float64Array(counts.length).fill(1), labels.length);
    const [micro, macro] = [report["micro avg"]!, report["macro avg"]!];
    expect(figures["span-f1"]).toBeCloseTo(micro["f1-score"]!, 12);
    expect(figures["span-precision"]).toBeCloseTo(micro.precision!, 12);
    expect(figures["span-recall"]).toBeCloseTo(micro.recall!, 12);
    expect(figures["span-f1-macro"]).toBeCloseTo(macro["f1-score"]!, 12);
    const judged = tagging.judge({
      target: {
        task: "tagging",
        labels,
        rows: truth.map((tags) =>
          spansOfTags(tags).map((span) => ({ ...span, label: labels.indexOf(span.label) })),
        ),
      },
      inputs: createFrame([["text", { kind: "text", values: truth.map((tags) => tags.join(" ")) }]]),
      answers: said.map((tags) => ({
        entities: spansOfTags(tags).map((span) => ({ ...span, text: "", score: 1 })),
      })),
      rowNumbers: truth.keys() as unknown as ArrayLike<number>,
      split: "test",
      random: createRandom("judge"),
      resamples: 200,
      signal: new AbortController().signal,
    });
    for (const { class: name, precision, recall, f1, rows } of judged.perClass) {
      expect({ precision, recall, f1, rows }).toEqual({
        precision: expect.closeTo(report[name]!.precision!, 12),
        recall: expect.closeTo(report[name]!.recall!, 12),
        f1: expect.closeTo(report[name]!["f1-score"]!, 12),
        rows: report[name]!.support,
      });
    }
    const { value, low, high } = judged.metrics["span-f1"]!;
    expect(low!).toBeLessThan(value!);
    expect(high!).toBeGreaterThan(value!);
  });

  it("counts a text twice where its weight is 2", () => {
    const one = countSpans([{ start: 0, end: 1, label: 0 }], [{ start: 0, end: 1, label: "a" }], ["a"]);
    const other = countSpans([{ start: 0, end: 1, label: 0 }], [], ["a"]);
    expect(spanFigures([one, other], Float64Array.of(2, 1), 1)).toEqual(
      spanFigures([one, one, other], Float64Array.of(1, 1, 1), 1),
    );
  });
});

describe("rules of tags", () => {
  it("allow exactly the sequences that spans can be written as", () => {
    const rules = tagRules(2);
    const names = tagNames(["a", "b"]);
    expect(names).toHaveLength(rules.tags);
    const follow = (before: string, tag: string) =>
      rules.mayFollow(names.indexOf(before), names.indexOf(tag));
    expect([follow("B-a", "I-a"), follow("B-a", "E-a"), follow("I-a", "E-a"), follow("O", "S-b")]).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect([follow("B-a", "O"), follow("B-a", "I-b"), follow("O", "E-a"), follow("S-a", "I-a")]).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});

describe("entities in cells", () => {
  const text = "😀 Anna lives in 北京.";
  it("may be lists or objects, and are checked against the text", () => {
    const cell = '[{"start":17,"end":19,"label":"place","text":"北京"},[3,7,"person"]]';
    const { target, rows } = parseEntities([cell, "", "[]"], [text, text, "nothing"]);
    expect(target.labels).toEqual(["person", "place"]);
    expect(target.rows[0]).toEqual([
      { start: 3, end: 7, label: 0 },
      { start: 17, end: 19, label: 1 },
    ]);
    expect([...rows]).toEqual([0, 2]);
  });

  it.each([
    ['[{"start":2,"end":6,"label":"person","text":"Anna"}]', "count code points"],
    ['[[0,90,"person"]]', "no part of a text"],
    ["[[3,7]]", "without start, end or label"],
    ['[[3,7,"a"],[5,9,"b"]]', "overlap"],
    ["Anna", "not JSON"],
  ])("are refused with row and remedy: %s", (cell, said) => {
    let failure: { code?: string; message?: string; hint?: string } = {};
    try {
      parseEntities(["[]", cell], ["x", text]);
    } catch (caught) {
      failure = caught as typeof failure;
    }
    expect(failure.code).toBe("DATA_MALFORMED");
    expect(`${failure.message} ${failure.hint}`).toContain(said);
    expect(failure.message).toContain("Row 2");
  });
});

it("the baseline finds the names of training texts again, whole words alone, Chinese anywhere", () => {
  const target = {
    task: "tagging" as const,
    labels: ["person", "place"],
    rows: [[{ start: 0, end: 4, label: 0 }], [{ start: 0, end: 2, label: 1 }]],
  };
  const [first, second] = dictionaryAnswers(target, ["Anna came", "北京很大"], ["Annas Anna", "我在北京住"]);
  expect(first!.entities.map(({ start, end, label }) => [start, end, label])).toEqual([[6, 10, "person"]]);
  expect(second!.entities.map(({ start, end, label }) => [start, end, label])).toEqual([[2, 4, "place"]]);
});
