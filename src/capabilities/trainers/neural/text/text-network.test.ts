import { describe, expect, it } from "vitest";
import { trainingContext } from "../../../../../conformance/trainer.js";
import { sampleRows } from "../../../../../conformance/trainer-samples.js";
import { parityGap } from "../../../../../conformance/trainer-testing.js";
import { createRandom } from "../../../../foundation/base/random.js";
import { createFrame, type Frame } from "../../../../foundation/contracts/frame.js";
import type { TrainingData } from "../../../../foundation/contracts/trainer.js";
import { ARCHITECTURES } from "./config.js";
import { textNetwork } from "./text-trainer.js";

const LENGTH = 10;
const VOCABULARY = 20;
const small = { minimumSteps: 1, width: 16, pairBuckets: 64, widePairBuckets: 64, batchSize: 25, heads: 2 };
const trained = (data: TrainingData, config: Record<string, unknown>) =>
  textNetwork.fit(data, textNetwork.config.parse({ ...small, ...config }), trainingContext());

/** Texts of random pieces; class 1 where piece 3 comes right before piece 4. */
function orderedTexts(rows: number, seed: string) {
  const random = createRandom(seed);
  const values = new Int32Array(rows * LENGTH);
  const codes = new Int32Array(rows);
  for (let row = 0; row < rows; row++) {
    const pieces = Array.from({ length: 4 + random.integer(LENGTH - 3) }, () => 5 + random.integer(15));
    const at = random.integer(pieces.length - 1);
    codes[row] = random.integer(2);
    [pieces[at], pieces[at + 1]] = codes[row] === 1 ? [3, 4] : [4, 3];
    values.set(pieces, row * LENGTH);
  }
  const features: Frame = createFrame([
    ["text", { kind: "tokens", values, length: LENGTH, vocabulary: VOCABULARY }],
  ]);
  return { features, target: { task: "binary", codes, classes: ["no", "yes"] } as const };
}

describe("text-network", () => {
  it.each(ARCHITECTURES)("exports what it predicts, for texts beside a table: %s", async (architecture) => {
    for (const task of ["multiclass", "regression"] as const) {
      const train = sampleRows("encoders", task, 60, task);
      const fitted = await trained({ train }, { architecture, epochs: 1, layers: 2, length: 8 });
      expect(await parityGap(fitted, sampleRows("encoders", task, 40, "fresh").features)).toBeLessThan(1e-5);
    }
  });

  // No bag of single pieces can tell the classes apart.
  it.each(ARCHITECTURES)("reads the order of pieces: %s", async (architecture) => {
    const config = { architecture, epochs: 12, learningRate: 0.02, dropout: 0, tokenDropout: 0 };
    const fitted = await trained({ train: orderedTexts(400, "train") }, { ...config, wide: false });
    const fresh = orderedTexts(200, "fresh");
    const { values } = fitted.predict(fresh.features);
    const right = fresh.target.codes.filter((code, row) => (values[2 * row + 1]! > 0.5 ? 1 : 0) === code);
    expect(right.length / 200).toBeGreaterThan(0.9);
  });

  it.each(["recurrent", "transformer"] as const)(
    "repeats itself where it guesses hidden pieces first: %s",
    async (architecture) => {
      const config = { architecture, epochs: 1, pretrainingEpochs: 1 };
      const states = [];
      for (let k = 0; k < 2; k++)
        states.push((await trained({ train: orderedTexts(60, "train") }, config)).state);
      expect(states[0]).toEqual(states[1]);
    },
  );

  it.each(["recurrent", "transformer"] as const)(
    "takes an empty text for what it is, whatever stands beside it: %s",
    async (architecture) => {
      const fitted = await trained({ train: orderedTexts(100, "train") }, { architecture, epochs: 1 });
      const texts = new Int32Array(3 * LENGTH);
      texts.set([7, 8], LENGTH);
      const frame = (values: Int32Array): Frame =>
        createFrame([["text", { kind: "tokens", values, length: LENGTH, vocabulary: VOCABULARY }]]);
      const { values } = fitted.predict(frame(texts));
      expect(values[0]).toBe(values[4]);
      expect(values.every(Number.isFinite)).toBe(true);
    },
  );
});
