import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { structuresInGraph } from "../../../../../conformance/structure-graph.js";
import { wordFeatures } from "../../../../../conformance/text-features.js";
import { workContext } from "../../../../../conformance/work-context.js";
import { createGraph, openImmediately } from "../../../../engines/onnx/index.js";
import { pack, unpack } from "../../../../foundation/base/packing.js";
import { createRandom } from "../../../../foundation/base/random.js";
import { compareTensors } from "../../../../foundation/contracts/prediction.js";
import type { TextSpan } from "../../../../foundation/contracts/structured.js";
import type { StructuredRows } from "../../../../foundation/contracts/structured-trainer.js";
import { spansOfTags, tagNames, tagRules } from "../../../../foundation/contracts/tag-sequence.js";
import type { Tensor } from "../../../../foundation/contracts/tensor.js";
import type { TrainingContext } from "../../../../foundation/contracts/trainer.js";
import { exportScope } from "../inference.js";
import { likeliestTags, tagScores } from "./tag-head.js";
import { tagger } from "./tagger.js";

const LABELS = ["person", "place"];
const random = createRandom("corpus");
const pick = (list: readonly string[]): string => list[random.integer(list.length)]!;

/** A text with its entities: people go to places, in English or Chinese. */
function sentence(): { text: string; spans: TextSpan[] } {
  const isChinese = random.uniform() < 0.3;
  const parts: readonly (readonly [string, number?])[] = isChinese
    ? [[pick(["李雷", "韩梅"]), 0], [pick(["在", "去了"])], [pick(["北京", "上海市"]), 1], ["。"]]
    : [
        [pick(["Anna", "Ben Miller", "Carla"]), 0],
        [pick([" went to ", " left "])],
        [pick(["Rome", "New York", "Oslo"]), 1],
        [pick([" 😀.", "."])],
      ];
  let text = "";
  const spans: TextSpan[] = [];
  for (const [part, label] of parts) {
    if (label !== undefined) spans.push({ start: text.length, end: text.length + part.length, label });
    text += part;
  }
  return { text, spans };
}

const corpus = Array.from({ length: 90 }, sentence);
const features = wordFeatures(
  corpus.map(({ text }) => text),
  { characters: 6 },
);
const rowsOf = (rows: typeof corpus): StructuredRows<"tagging"> => ({
  features: features(rows.map(({ text }) => text)),
  target: { task: "tagging", labels: LABELS, rows: rows.map(({ spans }) => spans) },
});
const data = { train: rowsOf(corpus.slice(0, 70)), validation: rowsOf(corpus.slice(70)) };
const config = tagger.config.parse({
  ...{
    wordWidth: 16,
    characterWidth: 8,
    characterFilters: 8,
    stateWidth: 16,
    epochs: 60,
    learningRate: 0.01,
  },
});
const context = (): TrainingContext => workContext("tagger");

const sequences = (tensors: Readonly<Record<string, Tensor>>, rows: StructuredRows<"tagging">) => {
  const tags = tensors.tags!;
  const [, length] = tags.shape as [number, number];
  const names = tagNames(LABELS);
  const { values } = rows.features.columns.get("text.spans") as { values: Int32Array };
  return rows.target.rows.map((_, row) => {
    let pieces = 0;
    while (pieces < length && values[2 * (row * length + pieces) + 1]! > 0) pieces++;
    return Array.from({ length: pieces }, (__, piece) => names[Number(tags.data[row * length + piece])]!);
  });
};

describe("tagger", () => {
  it("learns a pattern, says the same from its graph, and never an invalid sequence", async () => {
    const fitted = await tagger.fit(data, config, context());
    const found = sequences(fitted.predict(data.validation.features), data.validation).map((tags) =>
      spansOfTags(tags).map(({ label }) => label),
    );
    const right = found.filter((labels) => labels.join() === "person,place");
    expect(right.length / found.length).toBeGreaterThan(0.85);
    const odd = rowsOf([
      ...["", "?", "💥💥 ZZZ 𠮷 qqq. Anna", "Rome ".repeat(30)].map((text) => ({ text, spans: [] })),
      ...corpus.slice(70, 75),
    ]);
    const restored = tagger.restore(unpack(pack(fitted.state)));
    const predicted = restored.predict(odd.features);
    expect(
      compareTensors(await structuresInGraph(restored, odd.features), predicted).maxAbsDiff,
    ).toBeLessThan(1e-5);
    const rules = tagRules(LABELS.length);
    const codes = tagNames(LABELS);
    for (const tags of sequences(predicted, odd).map((names) => names.map((name) => codes.indexOf(name)))) {
      if (tags.length === 0) continue;
      expect(rules.mayBegin(tags[0]!) && rules.mayEnd(tags.at(-1)!)).toBe(true);
      for (let k = 1; k < tags.length; k++) expect(rules.mayFollow(tags[k - 1]!, tags[k]!)).toBe(true);
    }
  });

  it("goes on after it was cut off, to the same bytes", async () => {
    const short = { ...config, epochs: 3 };
    const whole = pack((await tagger.fit(data, short, context())).state);
    const folder = mkdtempSync(join(tmpdir(), "tagger-"));
    try {
      const checkpoints = { folder, identity: "tagger", leastMs: 0 };
      const controller = new AbortController();
      let events = 0;
      const cut = tagger.fit(data, short, {
        ...context(),
        checkpoints,
        signal: controller.signal,
        report: () => {
          if (++events === 6) controller.abort(new Error("cut"));
        },
      });
      await expect(cut).rejects.toThrow("cut");
      const resumed = await tagger.fit(data, short, { ...context(), checkpoints, threads: 2 });
      expect(Buffer.from(pack(resumed.state)).equals(Buffer.from(whole))).toBe(true);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("the head", () => {
  const [length, labels, width] = [4, 1, 3];
  const { tags, mayBegin, mayEnd, mayFollow } = tagRules(labels);
  const draw = createRandom("head");
  const values = (size: number) => Float32Array.from({ length: size }, () => 2 * draw.normal());
  const tensors = {
    "emission.weight": { shape: [width, tags], values: values(width * tags) },
    "emission.bias": { shape: [tags], values: values(tags) },
    transitions: { shape: [tags, tags], values: values(tags * tags) },
    starts: { shape: [tags], values: values(tags) },
    ends: { shape: [tags], values: values(tags) },
  };
  const rows = 6;
  const states = values(rows * length * width);
  const counts = [4, 3, 2, 1, 4, 2];
  const spans = Int32Array.from({ length: rows * 2 * length }, (_, at) => {
    const [row, place] = [Math.floor(at / (2 * length)), at % (2 * length)];
    return Math.floor(place / 2) < counts[row]! ? place : 0;
  });

  function* paths(size: number, before: readonly number[] = []): Generator<readonly number[]> {
    if (before.length === size) {
      if (mayEnd(before.at(-1)!)) yield before;
      return;
    }
    for (let tag = 0; tag < tags; tag++) {
      const fits = before.length === 0 ? mayBegin(tag) : mayFollow(before.at(-1)!, tag);
      if (fits) yield* paths(size, [...before, tag]);
    }
  }

  const scoreOf = (row: number, path: readonly number[]) => {
    let score = tensors.starts.values[path[0]!]! + tensors.ends.values[path.at(-1)!]!;
    for (const [k, tag] of path.entries()) {
      score += tensors["emission.bias"].values[tag]!;
      for (let i = 0; i < width; i++) {
        score += states[(row * length + k) * width + i]! * tensors["emission.weight"].values[i * tags + tag]!;
      }
      if (k > 0) score += tensors.transitions.values[path[k - 1]! * tags + tag]!;
    }
    return score;
  };

  it("gives the likeliest of all valid sequences and the probabilities of its tags", () => {
    const graph = createGraph({ name: "head" });
    const input = graph.input("states", "float32", ["N", length, width]);
    const places = graph.input("spans", "int32", ["N", 2 * length]);
    const scope = exportScope(graph, tensors);
    const made = likeliestTags(scope, tagScores(scope, input, places, labels));
    graph.output("tags", made.tags);
    graph.output("scores", made.scores);
    const answer = openImmediately(graph.toModel()).run({
      states: { type: "float32", shape: [rows, length, width], data: states },
      spans: { type: "int32", shape: [rows, 2 * length], data: spans },
    });
    for (let row = 0; row < rows; row++) {
      const all = [...paths(counts[row]!)].map((path) => ({ path, score: scoreOf(row, path) }));
      const best = all.reduce((a, b) => (b.score > a.score ? b : a));
      const total = all.reduce((sum, { score }) => sum + Math.exp(score - best.score), 0);
      for (const [k, tag] of best.path.entries()) {
        const at = row * length + k;
        expect(Number(answer.tags!.data[at])).toBe(tag);
        const share = all
          .filter(({ path }) => path[k] === tag)
          .reduce((sum, { score }) => sum + Math.exp(score - best.score), 0);
        expect(answer.scores!.data[at]).toBeCloseTo(share / total, 4);
      }
    }
  });
});
