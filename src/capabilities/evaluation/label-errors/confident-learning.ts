/**
 * Confident learning (Northcutt, Jiang and Chuang 2021, JAIR 70): how often each class is labelled as each other, from
 * out-of-fold probabilities alone. A row counts as truly of class j where its probability of j reaches the mean
 * probability that rows labelled j get; the counts are scaled to the labels there are.
 */
import { indexOfLargest } from "../../../foundation/base/largest.js";

/** Labels and probabilities of the same rows, by models that had not seen them. */
export interface LabelledProbabilities {
  /** Class of each row, 0..classCount-1. */
  readonly codes: Int32Array;
  /** Row-major, `rows * classCount`. */
  readonly probabilities: Float64Array;
  readonly classCount: number;
}

/** How suspects are chosen; `both` is those that the first two agree on. */
export type LabelErrorFilter = "noise-rate" | "class" | "both" | "confident-joint";
/** Lower is likelier wrong, 0..1. */
export type LabelQuality = "self-confidence" | "normalised-margin";

/** Probabilities this close to a threshold reach it, so that rounding does not decide. */
const TOLERANCE = 1e-6;
/** No class is emptied by its suspects. */
const LEAST_LEFT = 1;

/** Mean probability of each class among the rows labelled with it; 2, which nothing reaches, for a class without rows. */
export function classThresholds({ codes, probabilities, classCount }: LabelledProbabilities): Float64Array {
  const sums = new Float64Array(classCount);
  const rows = countLabels(codes, classCount);
  for (const [row, code] of codes.entries()) sums[code]! += probabilities[row * classCount + code]!;
  return sums.map((sum, k) => (rows[k]! > 0 ? Math.max(2 * TOLERANCE, sum / rows[k]!) : 2));
}

/** The class that a row confidently belongs to: -1 for none, the most probable of several. */
function confidentClasses(input: LabelledProbabilities): Int32Array {
  const { codes, probabilities, classCount } = input;
  const thresholds = classThresholds(input);
  return codes.map((_, row) => {
    let confident = -1;
    let several = false;
    for (let k = 0; k < classCount; k++) {
      if (probabilities[row * classCount + k]! < thresholds[k]! - TOLERANCE) continue;
      if (confident >= 0) several = true;
      else confident = k;
    }
    return several ? mostProbable(input, row) : confident;
  });
}

/** `joint[given][true]`: rows counted; at least 1 on the diagonal. */
export function confidentJoint(input: LabelledProbabilities): number[][] {
  const joint = squareMatrix(input.classCount);
  for (const [row, truth] of confidentClasses(input).entries()) {
    if (truth >= 0) joint[input.codes[row]!]![truth]! += 1;
  }
  for (let k = 0; k < input.classCount; k++) joint[k]![k] = Math.max(1, joint[k]![k]!);
  return joint;
}

/** The joint scaled so that its rows sum to the rows labelled with each class; whole numbers. */
export function calibratedJoint(input: LabelledProbabilities): number[][] {
  const rows = countLabels(input.codes, input.classCount);
  return confidentJoint(input).map((counts, given) => {
    const total = counts.reduce((sum, count) => sum + count, 0);
    return roundedToSum(counts.map((count) => (count / Math.max(1e-100, total)) * rows[given]!));
  });
}

/** `matrix[given][true]`: P(given | true); columns sum to 1, or are 0 for a class that no row truly has. */
export function noiseMatrix(joint: readonly (readonly number[])[]): number[][] {
  const totals = joint.map((_, truth) => joint.reduce((sum, counts) => sum + counts[truth]!, 0));
  return joint.map((counts) =>
    counts.map((count, truth) => (totals[truth]! > 0 ? count / totals[truth]! : 0)),
  );
}

/** The likelihood that each label is right. */
export function labelQuality(input: LabelledProbabilities, measure: LabelQuality): Float64Array {
  const { codes, probabilities, classCount } = input;
  return Float64Array.from(codes, (code, row) => {
    const own = probabilities[row * classCount + code]!;
    if (measure === "self-confidence") return own;
    let other = 0;
    for (let k = 0; k < classCount; k++)
      if (k !== code) other = Math.max(other, probabilities[row * classCount + k]!);
    return (own - other + 1) / 2;
  });
}

/** Rows whose labels are likely wrong, the likeliest first. A label that the model itself would give is none. */
export function suspectRows(
  input: LabelledProbabilities,
  filter: LabelErrorFilter = "noise-rate",
  rank: LabelQuality = "normalised-margin",
): number[] {
  const chosen = chosenRows(input, filter);
  const quality = labelQuality(input, rank);
  return Array.from(chosen.keys())
    .filter((row) => chosen[row] === 1 && !agrees(input, row))
    .sort((a, b) => quality[a]! - quality[b]! || a - b);
}

function chosenRows(input: LabelledProbabilities, filter: LabelErrorFilter): Uint8Array {
  switch (filter) {
    case "confident-joint":
      return Uint8Array.from(confidentClasses(input), (truth, row) =>
        truth >= 0 && truth !== input.codes[row] ? 1 : 0,
      );
    case "noise-rate":
      return prunedByNoiseRate(input);
    case "class":
      return prunedByClass(input);
    case "both": {
      const byClass = prunedByClass(input);
      return prunedByNoiseRate(input).map((chosen, row) => chosen & byClass[row]!);
    }
  }
}

/** Of the rows labelled i, as many as are estimated to be truly j: those with the largest p(j) - p(i). */
function prunedByNoiseRate(input: LabelledProbabilities): Uint8Array {
  const { probabilities, classCount } = input;
  const counts = pruneCounts(input);
  const chosen = new Uint8Array(input.codes.length);
  for (const [given, rows] of rowsByLabel(input).entries()) {
    if (rows.length <= LEAST_LEFT) continue;
    for (let truth = 0; truth < classCount; truth++) {
      const count = counts[truth]![given]!;
      if (truth === given || count <= 0) continue;
      const margin = (row: number) =>
        probabilities[row * classCount + truth]! - probabilities[row * classCount + given]!;
      for (const row of largest(rows, margin, count)) chosen[row] = 1;
    }
  }
  return chosen;
}

/** Of the rows labelled i, as many as are estimated to be of any other class: those with the smallest p(i). */
function prunedByClass(input: LabelledProbabilities): Uint8Array {
  const { probabilities, classCount } = input;
  const counts = pruneCounts(input);
  const chosen = new Uint8Array(input.codes.length);
  for (const [given, rows] of rowsByLabel(input).entries()) {
    if (rows.length <= LEAST_LEFT) continue;
    const wrong = rows.length - counts[given]![given]!;
    const doubt = (row: number) => -probabilities[row * classCount + given]!;
    for (const row of largest(rows, doubt, Math.max(0, wrong))) chosen[row] = 1;
  }
  return chosen;
}

/** `counts[true][given]`, with at least one row left to every class. */
function pruneCounts(input: LabelledProbabilities): number[][] {
  const joint = calibratedJoint(input);
  const counts = joint.map((_, truth) => joint.map((row) => row[truth]!));
  for (let given = 0; given < input.classCount; given++) {
    const missing = Math.max(0, LEAST_LEFT - counts[given]![given]!);
    if (missing === 0) continue;
    const others = Math.max(1, counts.filter((row) => row[given] !== 0).length - 1);
    for (const row of counts) row[given] = Math.max(0, row[given]! - missing / others);
    counts[given]![given] = LEAST_LEFT;
  }
  return counts.map((row) => roundedToSum(row.map(Math.trunc)));
}

function agrees(input: LabelledProbabilities, row: number): boolean {
  const own = input.probabilities[row * input.classCount + input.codes[row]!]!;
  const best = input.probabilities[row * input.classCount + mostProbable(input, row)]!;
  return own + TOLERANCE >= best;
}

/** The first among equals. */
export function mostProbable({ probabilities, classCount }: LabelledProbabilities, row: number): number {
  return indexOfLargest(probabilities, row * classCount, classCount);
}

function rowsByLabel({ codes, classCount }: LabelledProbabilities): number[][] {
  const rows = Array.from({ length: classCount }, (): number[] => []);
  for (const [row, code] of codes.entries()) rows[code]!.push(row);
  return rows;
}

function largest(rows: readonly number[], measure: (row: number) => number, count: number): number[] {
  const measures = new Map(rows.map((row) => [row, measure(row)]));
  return [...rows].sort((a, b) => measures.get(b)! - measures.get(a)! || a - b).slice(0, count);
}

function countLabels(codes: Int32Array, classCount: number): Int32Array {
  const counts = new Int32Array(classCount);
  for (const code of codes) counts[code]! += 1;
  return counts;
}

function squareMatrix(size: number): number[][] {
  return Array.from({ length: size }, () => new Array<number>(size).fill(0));
}

/** Rounds (half to even) so that the sum stays: the largest errors of rounding are turned the other way. */
function roundedToSum(values: readonly number[]): number[] {
  const rounded = values.map(roundHalfEven);
  const wanted = roundHalfEven(values.reduce((sum, value) => sum + value, 0));
  let missing = wanted - rounded.reduce((sum, value) => sum + value, 0);
  while (missing !== 0) {
    const step = Math.sign(missing);
    const order = Array.from(values.keys()).sort(
      (a, b) => step * (values[b]! - rounded[b]! - (values[a]! - rounded[a]!) || b - a),
    );
    for (const index of order.slice(0, Math.abs(missing))) rounded[index]! += step;
    missing = wanted - rounded.reduce((sum, value) => sum + value, 0);
  }
  return rounded;
}

function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
