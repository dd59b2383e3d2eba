import { describe, expect, it } from "vitest";
import { trainerSuite, trainingContext } from "../../../../../conformance/trainer.js";
import { predictInGraph } from "../../../../../conformance/trainer-graph.js";
import { sampleRows } from "../../../../../conformance/trainer-samples.js";
import { parityGap } from "../../../../../conformance/trainer-testing.js";
import { createRandom } from "../../../../foundation/base/random.js";
import { createFrame, type Frame } from "../../../../foundation/contracts/frame.js";
import type { Trainer } from "../../../../foundation/contracts/trainer.js";
import { ftTransformer } from "./ft-transformer.js";

const quick = { steps: 60, width: 4, heads: 2, batchSize: 32, learningRate: 0.02 };
const trained = (data: Parameters<typeof ftTransformer.fit>[0], config: Record<string, unknown>) =>
  ftTransformer.fit(data, ftTransformer.config.parse({ ...quick, ...config }), trainingContext());

trainerSuite(ftTransformer as unknown as Trainer, { predictInGraph, rows: 120, config: quick });

describe("ft-transformer", () => {
  it.each([
    { embedding: "linear" },
    { embedding: "periodic", blocks: 1 },
    { hiddenFactor: 1.3, dropout: 0, attentionDropout: 0.3 },
  ])("exports what it predicts: %o", async (variant) => {
    const train = sampleRows("embedded", "multiclass", 90, "tokens");
    const fitted = await trained({ train }, variant);
    expect(await parityGap(fitted, sampleRows("embedded", "multiclass", 300, "fresh").features)).toBeLessThan(
      1e-5,
    );
  });

  it("learns what two categories mean together, which neither says alone", async () => {
    const random = createRandom("together");
    const codes = Array.from({ length: 600 }, () => [random.integer(4), random.integer(4)] as const);
    const categories = ["a", "b", "c", "d"];
    const features: Frame = createFrame(
      [0, 1].map((k) => [
        `c${k}`,
        { kind: "number" as const, values: Float32Array.from(codes, (pair) => pair[k]!), categories },
      ]),
    );
    const target = {
      task: "binary" as const,
      classes: ["no", "yes"],
      codes: Int32Array.from(codes, ([a, b]) => ((a + b) % 2 === 0 ? 1 : 0)),
    };
    const fitted = await trained({ train: { features, target } }, { steps: 300, width: 8, dropout: 0 });
    const { values } = fitted.predict(features);
    const right = codes.filter((_, row) => values[2 * row + 1]! > 0.5 === (target.codes[row] === 1));
    expect(right.length / codes.length).toBeGreaterThan(0.95);
  });
});
