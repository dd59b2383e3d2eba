/** Which columns a model relies on: what its trainers say of themselves, and what shuffling a column costs. */
import { permutationImportance } from "../../capabilities/evaluation/permutation-importance.js";
import { featureLineage } from "../../capabilities/features/index.js";
import { createRandom } from "../../foundation/base/random.js";
import type { Importance } from "../../foundation/contracts/evaluation.js";
import { type Frame, selectColumns, takeRows } from "../../foundation/contracts/frame.js";
import type { Metric } from "../../foundation/contracts/metric.js";
import type { Project } from "../../foundation/contracts/project.js";
import { type Predictions, type Target, takeTarget } from "../../foundation/contracts/target.js";
import type { Learned } from "../learn/learn.js";
import { columnsRead } from "../learn/model.js";

/** A model and rows of the table that it has not seen. */
export interface Witness {
  readonly learned: Learned;
  readonly rows: Int32Array;
}

interface Question {
  readonly project: Pick<Project, "seed">;
  readonly metric: Metric;
  readonly signal: AbortSignal;
}

type Predict = (features: Frame) => Promise<Predictions> | Predictions;

const REPEATS = 3;
/** Predictions that a single model, or an ensemble, is asked for at most, as far as the least numbers allow. */
const MOST_PREDICTIONS = { single: 60_000, several: 24_000 };
/** More say the same. */
const MOST_ROWS = 1000;
/** Fewer say little; where time is short, little is better than nothing. */
const LEAST_ROWS = { counted: 100, timed: 30 };
const LEAST_COLUMNS = 10;

/**
 * How much worse the metric gets on rows the model has not seen when one raw column is shuffled. Of very many columns
 * only those that the trainers find important are asked about.
 * @param secondsLeft of a training that keeps the clock: how much is asked then hangs on it
 */
export async function columnImportance(
  { learned, rows: unseen }: Witness,
  predict: Predict,
  { target, frame }: { readonly target: Target; readonly frame: Frame },
  { project, metric, signal }: Question,
  secondsLeft?: () => number,
): Promise<Importance[]> {
  const random = createRandom(project.seed).fork("importance");
  const order = random.fork("rows").permutation(unseen.length);
  const read = columnsRead(learned.model);
  const usual = MOST_PREDICTIONS[learned.model.members.length === 1 ? "single" : "several"];
  const sample = () => selectColumns(takeRows(frame, unseen.subarray(0, LEAST_ROWS.counted)), read);
  const predictions = secondsLeft
    ? Math.min(usual, await predictionsInTime(sample(), predict, secondsLeft))
    : usual;
  const leastRows = LEAST_ROWS[secondsLeft ? "timed" : "counted"];
  const affordable = Math.max(LEAST_COLUMNS, Math.floor(predictions / (leastRows * REPEATS)));
  const asked = read.length <= affordable ? read : mostImportant(read, learned).slice(0, affordable);
  const count = Math.floor(predictions / (asked.length * REPEATS));
  const rows = sampleRows(unseen, Math.max(leastRows, Math.min(MOST_ROWS, count)), order);
  return permutationImportance({
    metric,
    features: selectColumns(takeRows(frame, rows), read),
    columns: asked,
    target: takeTarget(target, rows),
    predict,
    random,
    repeats: REPEATS,
    signal,
  });
}

/** How many rows can be predicted in the time that is left, judged by some. */
async function predictionsInTime(
  sample: Frame,
  predict: Predict,
  secondsLeft: () => number,
): Promise<number> {
  const before = secondsLeft();
  await predict(sample);
  const left = secondsLeft();
  const secondsPerRow = Math.max(1e-9, (before - left) / sample.rows);
  return Math.max(0, left / secondsPerRow);
}

/** Columns that no trainer says anything of come last, as they lie. */
function mostImportant(columns: readonly string[], learned: Learned): string[] {
  const shares = new Map(Object.entries(columnShares(learned)));
  return [...columns].sort((a, b) => (shares.get(b) ?? 0) - (shares.get(a) ?? 0));
}

function sampleRows(rows: Int32Array, limit: number, order: Int32Array): Int32Array {
  return rows.length <= limit ? rows : Int32Array.from(order.subarray(0, limit), (i) => rows[i]!).sort();
}

/**
 * The trainers' own importance by raw column, each trial by its weight, its folds alike; a feature of several
 * columns counts for each in equal parts. Members without one of their own say nothing.
 */
export function columnShares({ shares, model }: Learned): Record<string, number> {
  const total = new Map<string, number>();
  for (const { trial, weight } of shares) {
    const member = model.members.find(({ trial: number }) => number === trial.candidate.number);
    // What the second layer sees of the first is no column.
    if (!member || member.pipeline === null) continue;
    const lineage = featureLineage(model.pipelines[member.pipeline]!);
    for (const { diagnostics } of trial.fits) {
      for (const [feature, share] of Object.entries(diagnostics.importance ?? {})) {
        const sources = lineage.get(feature) ?? [feature];
        const part = (weight * share) / (trial.fits.length * sources.length);
        for (const source of sources) total.set(source, (total.get(source) ?? 0) + part);
      }
    }
  }
  const sum = [...total.values()].reduce((all, share) => all + share, 0);
  return Object.fromEntries([...total].map(([column, share]) => [column, share / sum]));
}
