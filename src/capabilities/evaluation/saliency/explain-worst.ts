/**
 * What the worst errors hang on, by covering parts of texts and images (Zeiler and Fergus, 2014): asks the model
 * alone, so that it holds for any. Of images in convolutional networks also what their last layers see.
 */
import type { Saliency, WorstRow } from "../../../foundation/contracts/evaluation.js";
import { type Column, createFrame, type Frame, takeRows } from "../../../foundation/contracts/frame.js";
import type { Predictions } from "../../../foundation/contracts/target.js";
import { type ActivationGrid, activationPatches } from "./activation-patches.js";
import { coverPatches, PATCH_SIDE } from "./cover-patches.js";
import { coverWords } from "./cover-words.js";

export interface WorstRowsQuestion {
  /** Classes in order; empty: values are predicted. */
  readonly classes: readonly string[];
  /** Raw columns, as the model takes them; `WorstRow.row` counts their rows. */
  readonly features: Frame;
  readonly predict: (rows: Frame) => Promise<Predictions> | Predictions;
  /**
   * What the convolutions of the model see of one row, by image column: a map for each network, for the class of this index
   * (0: a value). Absent: it has none, as trees, attention or steps stand behind its convolutions.
   */
  readonly activations?: (
    row: Frame,
    chosen: number,
  ) => Promise<ReadonlyMap<string, readonly ActivationGrid[]>>;
  /** Asked before each row: whether there is time for it. Default: always. */
  readonly goesOn?: () => boolean;
  readonly signal?: AbortSignal;
}

/** Each costs the model some fifty predictions a column. */
const MOST_ROWS = 8;
const MOST_COLUMNS = 2;

/** The worst rows, the first of them with the saliency of their texts and images. */
export async function explainWorst(
  worst: readonly WorstRow[],
  question: WorstRowsQuestion,
): Promise<WorstRow[]> {
  const { features, goesOn = () => true, signal } = question;
  const columns = [...features.columns]
    .filter(([, { kind }]) => kind === "text" || kind === "image")
    .slice(0, MOST_COLUMNS);
  const explained: WorstRow[] = [];
  for (const [place, row] of worst.entries()) {
    signal?.throwIfAborted();
    if (columns.length === 0 || place >= MOST_ROWS || !goesOn()) {
      explained.push(row);
      continue;
    }
    const saliency: Saliency[] = [];
    for (const [name, column] of columns) {
      const found = await columnSaliency(row, name, column, question);
      if (found) saliency.push(found);
    }
    saliency.push(...(await activationSaliency(row, question)));
    explained.push(saliency.length > 0 ? { ...row, saliency } : row);
  }
  return explained;
}

async function activationSaliency(
  { row, predicted }: WorstRow,
  { features, classes, activations }: WorstRowsQuestion,
): Promise<Saliency[]> {
  const maps = await activations?.(takeRows(features, [row]), indexOf(predicted, classes));
  return [...(maps ?? [])].map(([column, grids]) => ({
    ...{ kind: "activations" as const, column },
    ...activationPatches(grids),
  }));
}

const indexOf = (predicted: string, classes: readonly string[]): number =>
  Math.max(0, classes.indexOf(predicted));

async function columnSaliency(
  worst: WorstRow,
  name: string,
  column: Column,
  question: WorstRowsQuestion,
): Promise<Saliency | undefined> {
  if (column.kind === "text") {
    const { pieces, variants } = coverWords(column.values[worst.row]!);
    if (pieces.length < 2) return undefined;
    const falls = await fallsOf(worst, name, { kind: "text", values: variants }, question);
    return { kind: "words", column: name, pieces: pieces.map((piece, k) => [piece, falls[k]!]) };
  }
  if (column.kind !== "image") return undefined;
  const weights = await fallsOf(worst, name, coverPatches(column, worst.row), question);
  return { kind: "patches", column: name, side: PATCH_SIDE, weights };
}

/** How much the score of what was chosen falls with each variant of the column. */
async function fallsOf(
  { row, predicted }: WorstRow,
  name: string,
  variants: Column,
  { classes, features, predict }: WorstRowsQuestion,
): Promise<number[]> {
  const count =
    variants.kind === "text" ? variants.values.length : variants.kind === "image" ? PATCH_SIDE ** 2 : 0;
  const [whole, covered] = [
    takeRows(features, [row]),
    takeRows(features, new Array<number>(count).fill(row)),
  ];
  const exchanged = createFrame(
    [...covered.columns].map(([other, content]) => [other, other === name ? variants : content]),
    count,
  );
  const chosen = indexOf(predicted, classes);
  const scores = (predictions: Predictions) => {
    const width = predictions.kind === "probabilities" ? predictions.classes : 1;
    return (k: number) => predictions.values[k * width + (width > 1 ? chosen : 0)]!;
  };
  const before = scores(await predict(whole))(0);
  const after = scores(await predict(exchanged));
  return Array.from({ length: count }, (_, k) => before - after(k));
}
