import { indexOfLargest } from "../../../foundation/base/largest.js";
import type { Evaluation, WorstStructure } from "../../../foundation/contracts/evaluation.js";
import type { MaskAnswer } from "../../../foundation/contracts/structured-answers.js";
import { maskAnswerOf } from "../../../foundation/contracts/structured-answers.js";
import { defineStructuredTask, type JudgeRequest } from "../definition.js";
import { figuresOfLabel, structureEvaluation, worstOf } from "../evaluation.js";
import { pictureColumn, pictureOf } from "../pictures.js";
import { countPixels, overlapOf, type PixelCounts, sumOfCounts } from "./mean-overlap.js";
import { parseMasks } from "./parse-masks.js";

const WORST = 12;

/** The class of every pixel of a picture. */
export const segmentation = defineStructuredTask<"segmentation">({
  task: "segmentation",
  version: 1,
  formats: ["masks"],
  targetColumn: "mask",
  input: "image",
  pictureSide: 128,
  metrics: [
    { id: "mean-iou", title: "Mean IoU", direction: "maximize" },
    { id: "pixel-accuracy", title: "Pixels named rightly", direction: "maximize" },
  ],
  parse: parseMasks,
  plan: ({ inputs }) => ({ columns: [...inputs.columns.keys()], steps: [] }),
  outputs: ({ target: { labels, height, width } }) => ({
    kind: "mask",
    labels: [...labels],
    ...{ height, width },
  }),
  judge: judgeMasks,
  baseline: (train, inputs) => {
    const { labels, height, width, rows } = train.target;
    const counts = new Float64Array(labels.length);
    for (const mask of rows) for (const code of mask) if (code < counts.length) counts[code]!++;
    const usual = new Uint8Array(height * width).fill(indexOfLargest(counts));
    return new Array(inputs.rows).fill(maskAnswerOf(usual, { labels, height, width }));
  },
});

/** The classes of an answer, row after row. */
function classesOf({ mask: { width, height, runs } }: MaskAnswer): Uint8Array {
  const classes = new Uint8Array(width * height);
  let at = 0;
  for (let k = 0; k < runs.length; k += 2) {
    classes.fill(runs[k]!, at, at + runs[k + 1]!);
    at += runs[k + 1]!;
  }
  return classes;
}

function judgeMasks(request: JudgeRequest<"segmentation">): Evaluation {
  const { target, answers, baseline, resamples } = request;
  const classes = target.labels.length;
  const count = (said: readonly unknown[]): PixelCounts[] =>
    said.map((answer, row) => countPixels(target.rows[row]!, classesOf(answer as MaskAnswer), classes));
  const counts = count(answers);
  const figures = (pictures: readonly PixelCounts[], weights: ArrayLike<number>) => {
    const { mean, accuracy } = overlapOf(sumOfCounts(pictures, weights, classes));
    return { "mean-iou": mean, "pixel-accuracy": accuracy };
  };
  const ones = new Float64Array(counts.length).fill(1);
  return structureEvaluation(request, {
    metrics: segmentation.metrics,
    labels: target.labels,
    compute: (weights) => figures(counts, weights),
    ...(baseline ? { baseline: figures(count(baseline), ones) } : {}),
    perClass: byLabel(sumOfCounts(counts, ones, classes), target.labels),
    worst: resamples === 0 ? [] : worstPictures(request, counts),
  });
}

/** In pixels; `f1` is the Dice coefficient. */
function byLabel(
  { shared, inTruth, inAnswer }: PixelCounts,
  labels: readonly string[],
): Evaluation["perClass"] {
  return labels.map((label, k) =>
    figuresOfLabel(label, { right: shared[k]!, said: inAnswer[k]!, known: inTruth[k]! }),
  );
}

/** The pictures of which the largest share is named wrongly. */
function worstPictures(
  { target, answers, inputs, rowNumbers }: JudgeRequest<"segmentation">,
  counts: readonly PixelCounts[],
): WorstStructure[] {
  const pictures = pictureColumn(inputs);
  const errors = counts.map((one) => {
    const { accuracy } = overlapOf(one);
    return Number.isNaN(accuracy) ? 0 : 1 - accuracy;
  });
  return worstOf(errors, WORST, (row) => ({
    row: rowNumbers[row]!,
    actual: maskAnswerOf(target.rows[row]!, target),
    predicted: answers[row] as MaskAnswer,
    image: pictureOf(pictures, row),
  }));
}
