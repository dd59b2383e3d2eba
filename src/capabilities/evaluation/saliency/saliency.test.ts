import { describe, expect, it } from "vitest";
import {
  createFrame,
  type Frame,
  type ImageColumn,
  type TextColumn,
} from "../../../foundation/contracts/frame.js";
import { coverPatches, PATCH_SIDE } from "./cover-patches.js";
import { coverWords } from "./cover-words.js";
import { explainWorst } from "./explain-worst.js";

const worst = (row: number, predicted: string) => ({ row, actual: "x", predicted, error: 0.1, values: [] });

describe("covering parts", () => {
  it.each([
    ["Good tea, bad cup!", ["Good ", "tea, ", "bad ", "cup!"]],
    ["我喜欢这家店。", undefined],
    ["  spaces  first", ["  ", "spaces  ", "first"]],
    ["", []],
  ])("cuts %j into its words, which are the whole text together", (text, expected) => {
    const { pieces, variants } = coverWords(text);
    if (expected) expect(pieces).toEqual(expected);
    expect(pieces.join("")).toBe(text);
    expect(variants).toHaveLength(pieces.length);
    for (const [k, variant] of variants.entries())
      expect(variant.length + pieces[k]!.length).toBe(text.length);
  });

  it("cuts long texts into at most forty runs of words", () => {
    const { pieces } = coverWords(Array.from({ length: 1001 }, (_, k) => `w${k}`).join(" "));
    expect(pieces.length).toBeLessThanOrEqual(40);
    expect(pieces.length).toBeGreaterThan(30);
  });

  it("covers each pixel of an image exactly once, in its mean colour", () => {
    const [height, width, channels] = [10, 9, 3];
    const values = Uint8Array.from({ length: 2 * height * width * channels }, (_, k) => (k * 37) % 251);
    const column: ImageColumn = { kind: "image", values, height, width, channels };
    const size = height * width * channels;
    const covered = coverPatches(column, 1);
    expect(covered.values).toHaveLength(PATCH_SIDE ** 2 * size);
    const whole = values.subarray(size);
    const mean = [0, 1, 2].map((channel) => {
      const own = whole.filter((_, at) => at % channels === channel);
      return Math.round(own.reduce((sum, value) => sum + value, 0) / own.length);
    });
    const changes = new Uint8Array(size);
    for (const [at, value] of covered.values.entries()) {
      if (value === whole[at % size]) continue;
      expect(value).toBe(mean[at % channels]);
      changes[at % size]!++;
    }
    expect(Math.max(...changes)).toBe(1);
  });
});

describe("what the worst errors hang on", () => {
  /** Says "b" as often as the text holds "bad" and the image is bright. */
  const predict = (rows: Frame) => {
    const texts = (rows.columns.get("text") as TextColumn).values;
    const image = rows.columns.get("image") as ImageColumn;
    const size = image.height * image.width;
    const values = Float64Array.from(
      texts.flatMap((text, row) => {
        const bright = image.values[row * size]! / 255;
        const b = (text.includes("bad") ? 0.5 : 0.1) + 0.4 * bright;
        return [1 - b, b];
      }),
    );
    return { kind: "probabilities" as const, classes: 2, values };
  };
  const pixels = new Uint8Array(2 * 49);
  pixels[49] = 255;
  const features = createFrame([
    ["text", { kind: "text", values: ["fine", "a bad day"] }],
    ["image", { kind: "image", values: pixels, height: 7, width: 7, channels: 1 }],
    ["number", { kind: "number", values: new Float32Array(2) }],
  ]);
  const question = { classes: ["a", "b"], features, predict };

  it("finds the word and the part of the image", async () => {
    const [explained] = await explainWorst([worst(1, "b")], question);
    const [words, patches] = explained!.saliency!;
    if (words?.kind !== "words" || patches?.kind !== "patches") throw new Error("both are expected");
    expect(words.pieces.map(([piece, weight]) => [piece, Math.round(weight * 100)])).toEqual([
      ["a ", 0],
      ["bad ", 40],
      ["day", 0],
    ]);
    expect(patches.weights[0]).toBeCloseTo(0.4 * (1 - 5 / 255), 2);
    expect(Math.max(...patches.weights.slice(1).map(Math.abs))).toBeLessThan(1e-9);
  });

  it("turns its sign with the class that was chosen, and leaves out texts of one word", async () => {
    const [first, second] = await explainWorst([worst(0, "a"), worst(1, "a")], question);
    expect(first!.saliency!.map(({ kind }) => kind)).toEqual(["patches"]);
    const [words] = second!.saliency!;
    expect(words?.kind === "words" && words.pieces[1]![1]).toBeCloseTo(-0.4, 9);
  });

  it("puts what convolutions see beside it, of the class that was chosen, between their places interpolated", async () => {
    const asked: number[] = [];
    const activations = async (row: Frame, chosen: number) => {
      asked.push(row.rows, chosen);
      const grid = { height: 1, width: 2, values: [0, 1] };
      return new Map([["image", [grid, { height: 1, width: 1, values: [2] }]]]);
    };
    const [explained] = await explainWorst([worst(1, "b")], { ...question, activations });
    expect(asked).toEqual([1, 1]);
    expect(explained!.saliency!.map(({ kind }) => kind)).toEqual(["words", "patches", "activations"]);
    const [, , seen] = explained!.saliency!;
    if (seen?.kind !== "activations") throw new Error("activations are expected");
    expect(seen.weights).toHaveLength(seen.side ** 2);
    const row = seen.weights.slice(0, seen.side);
    expect(seen.weights.slice(-seen.side)).toEqual(row);
    expect([row[0], row[3], row.at(-1)]).toEqual([2, 2, 3]);
    expect(row[6]! + row[7]!).toBeCloseTo(5, 9);
  });

  it("asks nothing of tables without texts and images, nor when the time is up", async () => {
    const rows = [worst(1, "b")];
    const numbers = createFrame([["number", features.columns.get("number")!]]);
    const never = () => {
      throw new Error("asked");
    };
    expect(await explainWorst(rows, { ...question, features: numbers, predict: never })).toEqual(rows);
    expect(await explainWorst(rows, { ...question, predict: never, goesOn: () => false })).toEqual(rows);
  });
});
