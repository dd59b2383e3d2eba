/** From figures of structured answers to the evaluation that is stored and shown. */
import type { Random } from "../../foundation/base/random.js";
import { quantileOfSorted } from "../../foundation/base/statistics.js";
import type { Estimate, Evaluation, WorstStructure } from "../../foundation/contracts/evaluation.js";
import type { StructuredTask } from "../../foundation/contracts/structured.js";
import type { JudgeRequest, StructureMetric } from "./definition.js";

/** Figures by metric; NaN = undefined. */
export type Figures = Readonly<Record<string, number>>;

/**
 * Figures of the rows, each counted as often as its weight says: 2 is the row given twice, 0 is left out.
 * @param weights one a row
 */
export type ComputeFigures = (weights: Float64Array) => Figures;

export interface StructureJudgement {
  readonly metrics: readonly StructureMetric[];
  readonly labels: readonly string[];
  readonly compute: ComputeFigures;
  readonly baseline?: Figures;
  readonly perClass?: Evaluation["perClass"];
  readonly worst?: readonly WorstStructure[];
}

/** Rows (times metrics) that all resamples together may visit: about half a second. */
const WORK = 2e6;
const FEWEST = 100;
const TAIL = 0.025;

/** Each metric with its 95 % interval: percentiles of bootstrap resamples of rows (Efron, 1979). */
export function estimateFigures(
  rows: number,
  compute: ComputeFigures,
  { random, resamples: wanted, signal }: { random: Random; resamples: number; signal: AbortSignal },
): Record<string, Estimate> {
  const figures = compute(new Float64Array(rows).fill(1));
  const affordable = Math.min(wanted, Math.max(FEWEST, Math.floor(WORK / Math.max(1, rows))));
  const resamples = rows < 2 || wanted === 0 ? 0 : affordable;
  const draws: Figures[] = [];
  for (let sample = 0; sample < resamples; sample++) {
    signal.throwIfAborted();
    const weights = new Float64Array(rows);
    for (let draw = 0; draw < rows; draw++) weights[random.integer(rows)]! += 1;
    draws.push(compute(weights));
  }
  const entries = Object.entries(figures).map(([name, value]): [string, Estimate] => {
    const sorted = Float64Array.from(draws, (draw) => draw[name]!)
      .filter((draw) => !Number.isNaN(draw))
      .sort();
    const known = sorted.length > resamples / 2 && sorted.length > 1;
    const bound = (share: number) => (known ? quantileOfSorted(sorted, share) : null);
    return [
      name,
      {
        value: Number.isFinite(value) ? value : null,
        low: bound(TAIL),
        high: bound(1 - TAIL),
        rows,
        resamples,
      },
    ];
  });
  return Object.fromEntries(entries);
}

/** The document of an evaluation; what belongs to classes and numbers alone is empty. */
export function structureEvaluation<Task extends StructuredTask>(
  request: JudgeRequest<Task>,
  { metrics, labels, compute, baseline, perClass = [], worst = [] }: StructureJudgement,
): Evaluation {
  const rows = request.answers.length;
  const estimates = estimateFigures(rows, compute, request);
  const decisive = request.metric ?? metrics[0]!.id;
  const ordered = [
    ...metrics.filter(({ id }) => id === decisive),
    ...metrics.filter(({ id }) => id !== decisive),
  ];
  const orNull = (value: number | undefined) =>
    value === undefined || !Number.isFinite(value) ? null : value;
  return {
    ...NOTHING,
    task: request.target.task,
    split: request.split,
    rows,
    metric: decisive,
    metrics: Object.fromEntries(
      ordered.map(({ id, title, direction }) => [id, { ...estimates[id]!, title, direction }]),
    ),
    baseline: baseline ? Object.fromEntries(ordered.map(({ id }) => [id, orNull(baseline[id])])) : {},
    classes: [...labels],
    perClass: [...perClass],
    worstStructures: [...worst],
  };
}

/** What was found of a label: how often rightly, how often it was said, how often it is true. */
export interface LabelCounts {
  readonly right: number;
  readonly said: number;
  readonly known: number;
}

/** 0 where nothing was said, or nothing is true. */
export function figuresOfLabel(
  label: string,
  { right, said, known }: LabelCounts,
  averagePrecision = Number.NaN,
): Evaluation["perClass"][number] {
  return {
    class: label,
    rows: known,
    precision: said > 0 ? right / said : 0,
    recall: known > 0 ? right / known : 0,
    f1: said + known > 0 ? (2 * right) / (said + known) : 0,
    auc: null,
    averagePrecision: Number.isNaN(averagePrecision) ? null : averagePrecision,
  };
}

/** The rows with the largest errors, described; rows without an error are none of them. Of equals the earlier first. */
export function worstOf(
  errors: readonly number[],
  most: number,
  describe: (row: number) => Omit<WorstStructure, "error">,
): WorstStructure[] {
  return Array.from(errors.keys())
    .filter((row) => errors[row]! > 0)
    .sort((a, b) => errors[b]! - errors[a]! || a - b)
    .slice(0, most)
    .map((row) => ({ error: errors[row]!, ...describe(row) }));
}

const NOTHING = {
  formatVersion: 1,
  weighted: false,
  threshold: null,
  confusion: null,
  curves: { roc: [], precisionRecall: [], gain: [], lift: [] },
  calibration: [],
  thresholds: [],
  gain: null,
  residuals: null,
  worst: [],
  slices: [],
  slicesTested: 0,
  learningCurve: [],
  comparisons: [],
  importance: [],
} satisfies Partial<Evaluation>;
