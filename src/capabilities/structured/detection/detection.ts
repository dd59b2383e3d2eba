import type { Evaluation, WorstStructure } from "../../../foundation/contracts/evaluation.js";
import type { PictureBox } from "../../../foundation/contracts/structured.js";
import type { BoxesAnswer } from "../../../foundation/contracts/structured-answers.js";
import { defineStructuredTask, type JudgeRequest } from "../definition.js";
import { figuresOfLabel, structureEvaluation, worstOf } from "../evaluation.js";
import { pictureColumn, pictureOf } from "../pictures.js";
import { type CocoScores, cocoScores, type FoundObject, type TrueObject } from "./coco-metrics.js";
import { bestThreshold, type MatchedBox, matchBoxes } from "./match-boxes.js";
import { parseBoxes } from "./parse-boxes.js";

const WORST = 20;

/** Objects in pictures: what is where. */
export const detection = defineStructuredTask<"detection">({
  task: "detection",
  version: 1,
  formats: ["coco", "yolo", "voc"],
  targetColumn: "objects",
  input: "image",
  pictureSide: 160,
  metrics: [
    { id: "map", title: "mAP@[.5:.95]", direction: "maximize" },
    { id: "map-50", title: "mAP@.5", direction: "maximize" },
    { id: "map-75", title: "mAP@.75", direction: "maximize" },
    { id: "mar-100", title: "Mean recall, 100 boxes", direction: "maximize" },
  ],
  async parse(cells, { labels }) {
    return parseBoxes(cells, labels);
  },
  plan: ({ inputs }) => ({ columns: [...inputs.columns.keys()], steps: [] }),
  outputs: ({ target }) => ({ kind: "boxes", labels: [...target.labels] }),
  judge: judgeBoxes,
});

function judgeBoxes(request: JudgeRequest<"detection">): Evaluation {
  const { target, resamples } = request;
  const answers = request.answers as readonly BoxesAnswer[];
  const scores = scoresOf(request, answers);
  const matched = answers.map((answer, row) => matchBoxes(target.rows[row]!, answer, target.labels));
  const threshold = bestThreshold(matched.flat(), objectsOf(target.rows.flat()));
  return structureEvaluation(request, {
    metrics: detection.metrics,
    labels: target.labels,
    compute(weights) {
      const { map, map50, map75, mar100 } = scores.overall((image) => weights[Number(image)]!);
      return { map, "map-50": map50, "map-75": map75, "mar-100": mar100 };
    },
    perClass: byLabel(request, scores, matched, threshold),
    worst: resamples === 0 ? [] : worstPictures(request, matched, threshold),
  });
}

const objectsOf = (boxes: readonly PictureBox[]): number => boxes.filter(({ isCrowd }) => !isCrowd).length;

/** In pixels of what the model sees, by which small and large objects are told apart. */
function scoresOf(
  { target, inputs }: JudgeRequest<"detection">,
  answers: readonly BoxesAnswer[],
): CocoScores {
  const { height, width } = pictureColumn(inputs);
  const truth = target.rows.flatMap((boxes, row) =>
    boxes.map(
      (box): TrueObject => ({
        image: String(row),
        class: target.labels[box.label]!,
        box: [box.x * width, box.y * height, box.width * width, box.height * height],
        ...(box.isCrowd ? { isCrowd: true } : {}),
      }),
    ),
  );
  const found = answers.flatMap(({ boxes }, row) =>
    boxes.map(
      ({ label, score, box: [x, y, across, down] }): FoundObject => ({
        image: String(row),
        class: label,
        score,
        box: [x * width, y * height, across * width, down * height],
      }),
    ),
  );
  return cocoScores(truth, found);
}

/** Precision and recall of boxes from the threshold on, at an overlap of one half. */
function byLabel(
  { target }: JudgeRequest<"detection">,
  scores: CocoScores,
  matched: readonly (readonly MatchedBox[])[],
  threshold: number,
): Evaluation["perClass"] {
  const { byClass } = scores.overall();
  const said = matched.flat().filter(({ score }) => score >= threshold);
  return target.labels.map((label, code) => {
    const known = objectsOf(target.rows.flat().filter((box) => box.label === code));
    const own = said.filter((box) => box.label === label);
    const right = own.filter(({ isRight }) => isRight).length;
    return figuresOfLabel(label, { right, said: own.length, known }, byClass[label]);
  });
}

/** The pictures with the most objects that are missed or invented, with the boxes from the threshold on. */
function worstPictures(
  { target, answers, inputs, rowNumbers }: JudgeRequest<"detection">,
  matched: readonly (readonly MatchedBox[])[],
  threshold: number,
): WorstStructure[] {
  const pictures = pictureColumn(inputs);
  const errors = matched.map((boxes, row) => {
    const said = boxes.filter(({ score }) => score >= threshold);
    const right = said.filter(({ isRight }) => isRight).length;
    return said.length + objectsOf(target.rows[row]!) - 2 * right;
  });
  return worstOf(errors, WORST, (row) => ({
    row: rowNumbers[row]!,
    actual: {
      boxes: target.rows[row]!.map(({ label, x, y, width, height }) => {
        return { label: target.labels[label]!, score: 1, box: [x, y, width, height] };
      }),
    },
    predicted: { boxes: (answers[row] as BoxesAnswer).boxes.filter(({ score }) => score >= threshold) },
    image: pictureOf(pictures, row),
  }));
}
