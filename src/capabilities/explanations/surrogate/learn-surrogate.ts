import type { Random } from "../../../foundation/base/random.js";
import type { Surrogate } from "../../../foundation/contracts/explainer-asset.js";
import { type Frame, takeRows } from "../../../foundation/contracts/frame.js";
import type { FlatTrees } from "../../../foundation/contracts/model-anatomy.js";
import { drawMaskedRows } from "./masked-rows.js";
import { createColumnReader, describeColumns, isReadable } from "./readable-columns.js";

/** Features (codes of categories are numbers with categories) and one number a row to imitate. */
export interface Lesson {
  readonly features: Frame;
  readonly values: Float64Array;
}

export interface SurrogateSchool {
  /** The model on raw columns: float64 [rows][outputs]. */
  readonly predict: (rows: Frame) => Promise<Float64Array>;
  /** Of two classes only the second is learned. */
  readonly outputs: number;
  /** Raw columns of training rows. */
  readonly rows: Frame;
  /** The rows that stand for the data when the model is explained. */
  readonly background: Frame;
  /** Masked rows that the model is asked about. */
  readonly lessons: number;
  readonly random: Random;
  /** Whether there is time to ask the model more; absent: always. */
  readonly goesOn?: () => boolean;
  /** Fits trees with one output, stopping early on `held`. */
  readonly fit: (train: Lesson, held: Lesson) => Promise<Pupil>;
}

/** Fitted trees, and their scores: float64 [rows]. */
export interface Pupil {
  readonly trees: FlatTrees;
  predict(features: Frame): ArrayLike<number>;
}

/** Share of the masked rows that are kept from the trees, to stop early on and to judge them by. */
const HELD_SHARE = 0.2;
/** The model is asked about so many rows at a time. */
const BLOCK_ROWS = 512;
/** Fewer teach trees nothing that is worth keeping. */
const LEAST_LESSONS = 1024;

/**
 * Small trees that imitate a model on rows in which columns are exchanged. Their exact Shapley values come at a small part of
 * the cost of asking the model, and are close to the model's where the imitation is.
 * @returns undefined where a column cannot be read as a number, or the time did not suffice
 */
export async function learnSurrogate(school: SurrogateSchool): Promise<Surrogate | undefined> {
  const { background, outputs, random } = school;
  if (![...background.columns.values()].every(isReadable)) return undefined;
  const drawn = drawMaskedRows(school.rows, background, school.lessons, random);
  const answers = await ask(drawn, school);
  if (answers.length < Math.min(LEAST_LESSONS, drawn.rows) * outputs) return undefined;
  const masked = rowsBetween(drawn, 0, answers.length / outputs);
  const columns = describeColumns(masked);
  const features = createColumnReader(columns).features(masked);
  const held = Math.round(masked.rows * HELD_SHARE);
  const first = outputs === 2 ? 1 : 0;
  const trees: FlatTrees[] = [];
  let [missed, whole] = [0, 0];
  for (let output = first; output < outputs; output++) {
    const values = Float64Array.from({ length: masked.rows }, (_, row) => answers[row * outputs + output]!);
    const kept = part(features, values, 0, held);
    const pupil = await school.fit(part(features, values, held, masked.rows), kept);
    const scores = pupil.predict(kept.features);
    const mean = kept.values.reduce((sum, value) => sum + value, 0) / held;
    for (const [row, value] of kept.values.entries()) {
      missed += (value - scores[row]!) ** 2;
      whole += (value - mean) ** 2;
    }
    trees.push(pupil.trees);
  }
  return { columns, trees, fidelity: whole > 0 ? Math.max(0, 1 - missed / whole) : 1 };
}

/** Answers to as many rows from the start as there is time for. */
async function ask(rows: Frame, { predict, goesOn = () => true }: SurrogateSchool): Promise<number[]> {
  const answers: number[] = [];
  for (let start = 0; start < rows.rows && goesOn(); start += BLOCK_ROWS)
    for (const answer of await predict(rowsBetween(rows, start, Math.min(start + BLOCK_ROWS, rows.rows))))
      answers.push(answer);
  return answers;
}

function part(features: Frame, values: Float64Array, start: number, end: number): Lesson {
  return { features: rowsBetween(features, start, end), values: values.subarray(start, end) };
}

function rowsBetween(frame: Frame, start: number, end: number): Frame {
  return takeRows(
    frame,
    Int32Array.from({ length: end - start }, (_, k) => start + k),
  );
}
