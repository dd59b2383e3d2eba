import { describe, expect, it } from "vitest";
import { structuresInGraph } from "../../../../../conformance/structure-graph.js";
import { subwordFeatures } from "../../../../../conformance/text-features.js";
import { workContext } from "../../../../../conformance/work-context.js";
import { pack, unpack } from "../../../../foundation/base/packing.js";
import type { TokensColumn } from "../../../../foundation/contracts/frame.js";
import { compareTensors } from "../../../../foundation/contracts/prediction.js";
import type { StructuredRows } from "../../../../foundation/contracts/structured-trainer.js";
import { encoderTagger } from "./encoder-tagger.js";

const ENCODER = "test/oracles/encoders/bert";
const texts = Array.from({ length: 40 }, (_, k) => `tea ${k % 2 === 0 ? "nite" : "stena"} sat in. eats`);
const features = subwordFeatures(texts, { pieces: 30, length: 24 });
const rowsOf = (values: readonly string[]): StructuredRows<"tagging"> => ({
  features: features(values),
  target: {
    task: "tagging",
    labels: ["a", "b"],
    rows: values.map((text) => (text === "" ? [] : [{ start: 4, end: text.indexOf(" ", 4), label: 0 }])),
  },
});

describe("words in pieces", () => {
  it("know where each word's first piece is, and where the word is in the text", () => {
    const made = rowsOf(["nite 😀 tea.", ""]);
    const [ids, firsts, spans] = ["subwords", "firsts", "spans"].map(
      (part) => made.features.columns.get(`text.${part}`) as TokensColumn,
    );
    const words = Array.from({ length: 4 }, (_, k) => [
      ids!.values[firsts!.values[k]!],
      ...spans!.values.subarray(2 * k, 2 * k + 2),
    ]);
    expect(words.map(([, start, end]) => [start, end])).toEqual([
      [0, 4],
      [5, 7],
      [8, 11],
      [11, 12],
    ]);
    expect(new Set(words.map(([id]) => id)).size).toBeGreaterThan(2);
    expect(spans!.values.subarray(spans!.length).every((offset) => offset === 0)).toBe(true);
  });
});

describe("encoder-tagger", () => {
  it.each(["frozen", "lora", "full"] as const)(
    "%s: trains, and says the same from its graph",
    async (tuning) => {
      const config = encoderTagger.config.parse({ model: ENCODER, tuning, epochs: 2, batchSize: 8 });
      const data = { train: rowsOf(texts.slice(0, 32)), validation: rowsOf(texts.slice(32)) };
      const fitted = await encoderTagger.fit(data, config, workContext());
      const curve = fitted.diagnostics.curves!.trainLoss!;
      expect(curve.at(-1)!).toBeLessThan(curve[0]!);
      const restored = encoderTagger.restore(unpack(pack(fitted.state)));
      const { features: asked } = rowsOf(["", ...texts.slice(30), "zzz 😀 北京 tea nite sat ".repeat(9)]);
      const said = restored.predict(asked);
      expect(compareTensors(await structuresInGraph(restored, asked), said).maxAbsDiff).toBeLessThan(1e-5);
      const names = Object.keys((fitted.state as { tensors: object }).tensors);
      expect(names.some((name) => name.includes("lora"))).toBe(false);
    },
  );
});
