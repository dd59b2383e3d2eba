/** How much of what the deep part learnt beside the wide one is believed. */
import { answersByLength } from "../answers-by-length.js";
import type { NetworkTensors } from "../inference.js";
import { linkedScoreRows, meanLoss, type NetworkOutcome, type NetworkRows } from "../outcome.js";
import { TEXT_NETWORK, type TextShape } from "./text-network.js";
import { wideOffsets } from "./wide-offsets.js";

/** Without rows to choose by; what is added to a fitted model is shrunk, as in boosting (Friedman, 2001). */
const USUAL_SHARE = 0.5;
const SHARES = Array.from({ length: 11 }, (_, k) => k / 10);

/** The share of least loss on validation rows; of equal ones the least. */
export function chosenDeepShare(
  shape: TextShape,
  tensors: NetworkTensors,
  outcome: NetworkOutcome,
  validation: NetworkRows | undefined,
): number {
  if (!validation || validation.features.rows === 0) return USUAL_SHARE;
  const { outputs } = shape;
  const inputs = TEXT_NETWORK.inputs(validation.features, shape);
  const alone = { ...shape, wide: false };
  const deep = answersByLength(
    (scope, values) => TEXT_NETWORK.scores(scope, alone, values),
    tensors,
    TEXT_NETWORK.texts?.(shape) ?? [],
    TEXT_NETWORK.rowsAtOnce?.(shape),
  )(inputs);
  const wide = wideOffsets(tensors, shape, inputs).data as Float32Array;
  const losses = SHARES.map((share) => {
    const scores = Float64Array.from(deep, (score, k) => share * score + wide[k]!);
    return meanLoss(
      Float32Array.from(linkedScoreRows(scores, outputs, outcome)),
      outputs,
      validation,
      outcome,
    );
  });
  return SHARES[losses.indexOf(Math.min(...losses))] ?? USUAL_SHARE;
}
