import type { Calibration, Evaluation, WorstStructure } from "../../../foundation/contracts/evaluation.js";
import type { Frame } from "../../../foundation/contracts/frame.js";
import type { MultilabelTarget } from "../../../foundation/contracts/structured.js";
import type { LabelsAnswer } from "../../../foundation/contracts/structured-answers.js";
import {
  defineStructuredTask,
  type JudgedTruth,
  type JudgeRequest,
  type PlanRequest,
  type StructuredTaskDefinition,
  type StructurePlan,
} from "../definition.js";
import { figuresOfLabel, structureEvaluation } from "../evaluation.js";
import {
  averagePrecision,
  countLabels,
  type LabelTable,
  labelFigures,
  rankedRows,
  wrongLabels,
} from "./label-figures.js";
import { chooseThresholds } from "./label-thresholds.js";
import { parseLabels } from "./parse-labels.js";

const WORST = 20;
const CALIBRATION_BINS = 10;
/** Of a normal distribution, 95 %. */
const NORMAL_95 = 1.96;

/** @param plan the features that a trainer wants */
export function createMultilabel(
  plan: (request: PlanRequest) => StructurePlan,
): StructuredTaskDefinition<"multilabel"> {
  return defineStructuredTask<"multilabel">({
    task: "multilabel",
    version: 1,
    formats: [],
    targetColumn: "labels",
    metrics: METRICS,
    preferred: ({ columns }) =>
      [...columns.values()].some(({ kind }) => kind === "image") ? ["image-network"] : ["binary-relevance"],
    parse: async (cells, { labels }) => parseLabels(cells, labels),
    plan,
    outputs({ target, validation }) {
      const { labels } = target;
      if (!validation) return { kind: "labels", labels: [...labels], thresholds: labels.map(() => 0.5) };
      const probabilities = Float64Array.from(validation.tensors.probabilities!.data as Float32Array);
      const truth = flagsOf(validation.target);
      const table = { rows: validation.target.rows.length, labels: labels.length, truth, probabilities };
      return { kind: "labels", labels: [...labels], thresholds: chooseThresholds(table) };
    },
    judge: judgeLabels,
    baseline: commonestLabels,
  });
}

const METRICS = [
  { id: "f1-micro", title: "F1, all labels together", direction: "maximize" },
  { id: "f1-macro", title: "F1, mean of labels", direction: "maximize" },
  { id: "mean-average-precision", title: "Average precision, mean of labels", direction: "maximize" },
  { id: "label-ranking", title: "Label ranking average precision", direction: "maximize" },
  { id: "hamming-loss", title: "Hamming loss", direction: "minimize" },
  { id: "subset-accuracy", title: "Rows without an error", direction: "maximize" },
] as const;

/** Row-major [rows, labels]. */
function flagsOf({ rows, labels }: MultilabelTarget): Uint8Array {
  const flags = new Uint8Array(rows.length * labels.length);
  for (const [row, held] of rows.entries()) for (const label of held) flags[row * labels.length + label] = 1;
  return flags;
}

function tableOf(target: MultilabelTarget, answers: readonly unknown[]): LabelTable {
  const { labels, rows } = target;
  const probabilities = new Float64Array(rows.length * labels.length);
  const decided = new Uint8Array(probabilities.length);
  for (const [row, answer] of answers.entries()) {
    const said = answer as LabelsAnswer;
    const held = new Set(said.labels);
    for (const [label, name] of labels.entries()) {
      probabilities[row * labels.length + label] = said.probabilities[name] ?? 0;
      decided[row * labels.length + label] = held.has(name) ? 1 : 0;
    }
  }
  return { rows: rows.length, labels: labels.length, truth: flagsOf(target), probabilities, decided };
}

function judgeLabels(request: JudgeRequest<"multilabel">): Evaluation {
  const { target, answers, baseline, resamples } = request;
  const table = tableOf(target, answers);
  const ones = new Float64Array(table.rows).fill(1);
  const evaluation = structureEvaluation(request, {
    metrics: METRICS,
    labels: target.labels,
    compute: labelFigures(table),
    ...(baseline ? { baseline: labelFigures(tableOf(target, baseline))(ones) } : {}),
    perClass: byLabel(table, target.labels),
    worst: resamples === 0 ? [] : worstRows(request, table),
  });
  return { ...evaluation, calibration: calibrationOf(table, target.labels) };
}

function byLabel(table: LabelTable, labels: readonly string[]): Evaluation["perClass"] {
  const ones = new Float64Array(table.rows).fill(1);
  const { right, said, known } = countLabels(table, ones);
  return labels.map((label, k) => {
    const precision = averagePrecision(table, k, rankedRows(table, k), ones);
    return figuresOfLabel(label, { right: right[k]!, said: said[k]!, known: known[k]! }, precision);
  });
}

/** Labels drawn at most; more would be no picture. */
const MOST_CALIBRATIONS = 12;

/** How often a label holds among rows of like probability, in ten equal parts of 0..1; the commonest labels. */
function calibrationOf(table: LabelTable, names: readonly string[]): Calibration[] {
  const ones = new Float64Array(table.rows).fill(1);
  const { known } = countLabels(table, ones);
  const shown = [...names.keys()].sort((a, b) => known[b]! - known[a]!).slice(0, MOST_CALIBRATIONS);
  return shown
    .sort((a, b) => a - b)
    .map((label) => ({ class: names[label]!, points: pointsOf(table, label) }));
}

function pointsOf({ rows, labels, truth, probabilities }: LabelTable, label: number): Calibration["points"] {
  const bins = Array.from({ length: CALIBRATION_BINS }, () => ({ rows: 0, predicted: 0, held: 0 }));
  for (let row = 0; row < rows; row++) {
    const probability = probabilities[row * labels + label]!;
    const bin = bins[Math.min(CALIBRATION_BINS - 1, Math.floor(probability * CALIBRATION_BINS))]!;
    bin.rows++;
    bin.predicted += probability;
    bin.held += truth[row * labels + label]!;
  }
  return bins.flatMap(({ rows: count, predicted, held }) =>
    count === 0
      ? []
      : [{ predicted: predicted / count, observed: held / count, ...wilson(held, count), rows: count }],
  );
}

/** Interval of a share (Wilson, 1927). */
function wilson(held: number, count: number): { low: number; high: number } {
  const square = NORMAL_95 ** 2;
  const share = held / count;
  const middle = (share + square / (2 * count)) / (1 + square / count);
  const half =
    (NORMAL_95 / (1 + square / count)) * Math.sqrt((share * (1 - share)) / count + square / (4 * count ** 2));
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/** The rows with the most labels that are missed or wrong; of equals, those that were surest. */
function worstRows(
  { target, answers, inputs, rowNumbers }: JudgeRequest<"multilabel">,
  table: LabelTable,
): WorstStructure[] {
  const wrong = wrongLabels(table);
  const texts = firstText(inputs);
  const certainty = (row: number) => {
    const base = row * table.labels;
    let sum = 0;
    for (let at = base; at < base + table.labels; at++)
      sum += Math.abs(table.truth[at]! - table.probabilities[at]!);
    return sum;
  };
  return Array.from(wrong.keys())
    .filter((row) => wrong[row]! > 0)
    .sort((a, b) => wrong[b]! - wrong[a]! || certainty(b) - certainty(a) || a - b)
    .slice(0, WORST)
    .map((row) => ({
      row: rowNumbers[row]!,
      error: wrong[row]!,
      actual: answerOf(target.rows[row]!, target.labels),
      predicted: answers[row] as LabelsAnswer,
      ...(texts ? { text: texts[row]! } : {}),
    }));
}

function firstText(inputs: Frame): readonly string[] | undefined {
  const column = [...inputs.columns.values()].find(({ kind }) => kind === "text");
  return column?.kind === "text" ? column.values : undefined;
}

/** What is true, in the form of an answer. */
function answerOf(held: readonly number[], labels: readonly string[]): LabelsAnswer {
  const probabilities: Record<string, number> = Object.create(null);
  for (const [k, label] of labels.entries()) probabilities[label] = held.includes(k) ? 1 : 0;
  return { labels: held.map((label) => labels[label]!), probabilities };
}

/** Every row has the labels that at least half of the training rows have, or the one commonest. */
function commonestLabels({ target }: JudgedTruth<"multilabel">, { rows }: Frame): LabelsAnswer[] {
  const { labels } = target;
  const shares = new Float64Array(labels.length);
  for (const held of target.rows) for (const label of held) shares[label]! += 1 / target.rows.length;
  const commonest = shares.indexOf(shares.reduce((a, b) => Math.max(a, b), 0));
  const probabilities: Record<string, number> = Object.create(null);
  for (const [k, label] of labels.entries()) probabilities[label] = shares[k]!;
  const said = labels.filter((_, k) => shares[k]! >= 0.5 || k === commonest);
  return Array.from({ length: rows }, () => ({ labels: said, probabilities }));
}
