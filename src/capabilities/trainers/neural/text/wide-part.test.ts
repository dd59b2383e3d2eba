import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { trainingContext } from "../../../../../conformance/trainer.js";
import { greatestDifference } from "../../../../../conformance/trainer-testing.js";
import type { Tensor } from "../../../../foundation/contracts/tensor.js";
import { networkAnswers } from "../inference.js";
import { textName } from "./text-columns.js";
import { fitWidePart, wideScores } from "./wide-part.js";

interface Recorded {
  readonly vocabulary: number;
  readonly buckets: number;
  readonly length: number;
  readonly ids: readonly number[];
  readonly codes: readonly number[];
  readonly scores: readonly number[];
}
const recorded: Recorded = JSON.parse(
  readFileSync(new URL("../../../../../test/oracles/texts/wide-part.json", import.meta.url), "utf8"),
);
const CLASSES = 3;

/** Softmax does not see what all scores of a row have in common. */
function centered(scores: ArrayLike<number>): number[] {
  return Array.from(scores, (score, k) => {
    const first = k - (k % CLASSES);
    return score - (scores[first]! + scores[first + 1]! + scores[first + 2]!) / CLASSES;
  });
}

it("is scikit-learn's logistic regression of TF-IDF of distinct terms", async () => {
  const { vocabulary, buckets, length, ids, codes } = recorded;
  const rows = codes.length;
  const shape = {
    inputs: { features: 0, texts: [{ length, vocabulary }] },
    outputs: CLASSES,
    widePairBuckets: buckets,
  };
  const tokens: Tensor = { type: "int32", shape: [rows, length], data: Int32Array.from(ids) };
  const truth: Tensor = { type: "int64", shape: [rows], data: BigInt64Array.from(codes, BigInt) };
  const tensors = await fitWidePart({ tensors: { [textName(0)]: tokens, truth }, shape }, trainingContext());
  const answers = networkAnswers((scope, values) => wideScores(scope, shape, values), tensors);
  const scores = answers({ [textName(0)]: tokens });
  expect(greatestDifference(centered(recorded.scores), centered(scores))).toBeLessThan(1e-3);
});
