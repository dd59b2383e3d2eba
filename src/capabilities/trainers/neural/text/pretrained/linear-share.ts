/** A linear model of the terms of a text beside the encoder, and how much of it is believed. */
import type { Tensor } from "../../../../../foundation/contracts/tensor.js";
import type { TrainingContext } from "../../../../../foundation/contracts/trainer.js";
import type { NetworkTensors } from "../../inference.js";
import { linkedScoreRows, meanLoss, type NetworkOutcome, type NetworkRows } from "../../outcome.js";
import { crossFittedOffsets, wideOffsets } from "../wide-offsets.js";
import { fitWidePart, type WideShape } from "../wide-part.js";

export interface LinearPart {
  /** Of `wideScores`. */
  readonly tensors: NetworkTensors;
  /** Of the sum of both models' scores: 0 to 1; the encoder has the rest. */
  readonly share: number;
}

/** Of a linear model that says something, where no rows are at hand to choose by: models that err apart do best by halves. */
const USUAL_SHARE = 0.5;
const SHARES = Array.from({ length: 11 }, (_, k) => k / 10);

/** Rows to choose by, with what the encoder says of them: scores before the link, row-major [rows, outputs]. */
export interface JudgedRows {
  readonly rows: NetworkRows;
  /** By the names of `text-columns`. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly scores: Float32Array;
}

/**
 * Fitted to the training rows. Its share is the one of least loss on the judged rows; without them half, or less where the linear
 * model is worth little on training rows that it was not fitted to.
 * @param learnt inputs of the training rows, with `truth` and `weights`
 */
export async function fitLinearPart(
  learnt: Readonly<Record<string, Tensor>>,
  { shape, outcome, train }: { shape: WideShape; outcome: NetworkOutcome; train: NetworkRows },
  judged: JudgedRows | undefined,
  context: TrainingContext,
): Promise<LinearPart> {
  const tensors = await fitWidePart({ tensors: learnt, shape }, context);
  const { outputs } = shape;
  const best = (rows: NetworkRows, scoresAt: (share: number) => Float64Array): number => {
    const losses = SHARES.map((share) => {
      const answers = Float32Array.from(linkedScoreRows(scoresAt(share), outputs, outcome));
      return meanLoss(answers, outputs, rows, outcome);
    });
    return SHARES[losses.indexOf(Math.min(...losses))] ?? 0;
  };
  if (judged && judged.rows.features.rows > 0) {
    const linear = wideOffsets(tensors, shape, judged.inputs).data as Float32Array;
    const { scores, rows } = judged;
    const mixed = (share: number) =>
      Float64Array.from(scores, (score, k) => (1 - share) * score + share * linear[k]!);
    return { tensors, share: best(rows, mixed) };
  }
  const unseen = (await crossFittedOffsets(learnt, shape, context)).data as Float32Array;
  const worth = best(train, (share) => Float64Array.from(unseen, (score) => share * score));
  return { tensors, share: USUAL_SHARE * worth };
}
