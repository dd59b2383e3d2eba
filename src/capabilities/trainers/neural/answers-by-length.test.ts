import { describe, expect, it } from "vitest";
import { trainingContext } from "../../../../conformance/trainer.js";
import { parityGap } from "../../../../conformance/trainer-testing.js";
import { createRandom } from "../../../foundation/base/random.js";
import { createFrame, type Frame, takeRows } from "../../../foundation/contracts/frame.js";
import type { Fitted, Trainer } from "../../../foundation/contracts/trainer.js";
import { graphLengths, rowsByLength } from "./answers-by-length.js";
import { textEncoder } from "./text/pretrained/text-encoder.js";
import { textNetwork } from "./text/text-trainer.js";

const LENGTH = 40;

/** Two texts of 0 to `LENGTH` pieces and a number. */
function rowsOf(rows: number, seed: string, length = LENGTH): Frame {
  const random = createRandom(seed);
  const text = () => {
    const values = new Int32Array(rows * length);
    for (let row = 0; row < rows; row++) {
      const pieces = row === 0 ? 0 : random.integer(LENGTH + 1);
      for (let k = 0; k < pieces; k++) values[row * length + k] = 1 + random.integer(30);
    }
    return { kind: "tokens", values, length, vocabulary: 31 } as const;
  };
  const numbers = Float32Array.from({ length: rows }, () => random.normal());
  return createFrame([
    ["title", text()],
    ["number", { kind: "number", values: numbers }],
    ["body", text()],
  ]);
}

const answersOf = (fitted: Fitted, frame: Frame) => Array.from(fitted.predict(frame).values);
const farthest = (a: number[], b: number[]) => Math.max(...a.map((value, k) => Math.abs(value - b[k]!)));

async function trained(trainer: Trainer, config: object): Promise<Fitted> {
  const features = rowsOf(60, "train");
  const random = createRandom("truth");
  const target = {
    task: "regression",
    values: Float64Array.from({ length: 60 }, () => random.normal()),
  } as const;
  const data = { train: { features, target }, validation: { features, target } };
  return trainer.fit(data, trainer.config.parse(config), trainingContext());
}

describe("answers by length", () => {
  it("reads each row by the shortest graph that holds its longest text", () => {
    expect(graphLengths(40)).toEqual([16, 32, 40]);
    expect(graphLengths(8)).toEqual([8]);
    const parts = rowsByLength([
      { type: "int32", shape: [3, 20], data: Int32Array.from({ length: 60 }, (_, k) => (k < 38 ? 1 : 0)) },
      { type: "int32", shape: [3, 4], data: new Int32Array(12) },
    ]);
    expect(parts.map(({ length, rows }) => [length, ...rows])).toEqual([
      [16, 2],
      [20, 0, 1],
    ]);
  });

  const small = { epochs: 2, width: 8, heads: 2 };
  const model = "test/oracles/encoders/bert";
  it.each([
    ["bag", textNetwork, { ...small, architecture: "bag" }],
    ["convolution", textNetwork, { ...small, architecture: "convolution" }],
    ["recurrent", textNetwork, { ...small, architecture: "recurrent", length: 24 }],
    ["transformer", textNetwork, { ...small, architecture: "transformer" }],
    ["frozen encoder", textEncoder, { model, epochs: 2, minimumSteps: 1, widePairBuckets: 64, length: 16 }],
    [
      "tuned encoder",
      textEncoder,
      { model, epochs: 1, minimumSteps: 1, widePairBuckets: 64, tuning: "full", length: 16 },
    ],
  ] as const)(
    "%s: a row's answer is its own, in any order, alone, and however far texts are padded",
    async (...[, given, config]) => {
      const fitted = await trained(given as unknown as Trainer, config);
      const fresh = rowsOf(33, "fresh");
      const answers = answersOf(fitted, fresh);
      expect(answers.every((value) => Math.abs(value) < 100)).toBe(true);
      const order = createRandom("order").permutation(33);
      const shuffled = answersOf(fitted, takeRows(fresh, order));
      expect(shuffled).toEqual(Array.from(order, (row) => answers[row]!));
      const alone = [0, 1, 2].map((row) => answersOf(fitted, takeRows(fresh, [row]))[0]!);
      expect(farthest(alone, answers.slice(0, 3))).toBeLessThan(1e-6);
      expect(await parityGap(fitted, fresh)).toBeLessThan(1e-5);
    },
  );
});
