import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  classTarget,
  frameOf,
  greatestDifference,
  parityGap,
  rowSumGap,
} from "../../../../conformance/trainer-testing.js";
import { workContext } from "../../../../conformance/work-context.js";
import type { Trainer } from "../../../foundation/contracts/trainer.js";
import { complementNaiveBayes } from "./complement-naive-bayes.js";
import { gaussianNaiveBayes } from "./gaussian-naive-bayes.js";
import { multinomialNaiveBayes } from "./multinomial-naive-bayes.js";

interface Oracle {
  matrices: Record<string, number[][]>;
  cases: {
    trainer: string;
    config: Record<string, unknown>;
    x: string;
    y: number[];
    classes: number;
    weights: number[] | null;
    probabilities: number[];
  }[];
}
const oracle = JSON.parse(
  readFileSync(new URL("../../../../test/oracles/bayes/bayes.json", import.meta.url), "utf8"),
) as Oracle;
const TRAINERS = [
  gaussianNaiveBayes,
  multinomialNaiveBayes,
  complementNaiveBayes,
] as unknown as readonly Trainer[];

describe("naive Bayes against scikit-learn", () => {
  for (const [index, entry] of oracle.cases.entries()) {
    const weighted = entry.weights ? ", weighted" : "";
    test(`${index}: ${entry.trainer} ${JSON.stringify(entry.config)}, ${entry.classes} classes${weighted}`, async () => {
      const trainer = TRAINERS.find(({ id }) => id === entry.trainer)!;
      const features = frameOf(oracle.matrices[entry.x]!);
      const train = {
        features,
        target: classTarget(entry.y, entry.classes),
        ...(entry.weights ? { weights: Float64Array.from(entry.weights) } : {}),
      };
      const fitted = await trainer.fit({ train }, trainer.config.parse(entry.config), workContext());
      const predictions = fitted.predict(features);
      expect(greatestDifference(entry.probabilities, predictions.values)).toBeLessThan(1e-9);
      expect(rowSumGap(predictions)).toBeLessThan(1e-12);
      expect(await parityGap(fitted, features)).toBeLessThan(1e-5);
    });
  }
});

test("features that never vary, and an absent class, leave finite probabilities", async () => {
  const features = frameOf([
    [1, 0],
    [1, 0],
    [1, 0],
  ]);
  for (const trainer of TRAINERS) {
    const train = { features, target: classTarget([0, 1, 0], 3) };
    const fitted = await trainer.fit({ train }, trainer.config.parse({}), workContext());
    const { values } = fitted.predict(
      frameOf([
        [1, 0],
        [0, 5],
        [Number.NaN, Number.POSITIVE_INFINITY],
      ]),
    );
    expect(values.every(Number.isFinite)).toBe(true);
    expect(values[2]).toBeLessThan(1e-9);
  }
});

test("negative counts are refused with column and row", async () => {
  const train = { features: frameOf([[1], [-2]], ["words"]), target: classTarget([0, 1], 2) };
  const config = multinomialNaiveBayes.config.parse({});
  await expect(multinomialNaiveBayes.fit({ train }, config, workContext())).rejects.toThrow(
    /column "words" holds -2 in row 1/,
  );
});
