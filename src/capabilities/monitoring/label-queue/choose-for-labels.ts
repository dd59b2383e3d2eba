import { hashValue, sha256 } from "../../../foundation/base/hash.js";
import { indexOfLargest } from "../../../foundation/base/largest.js";
import { quantileOfSorted } from "../../../foundation/base/statistics.js";
import { type Frame, takeRows } from "../../../foundation/contracts/frame.js";
import { plainCell } from "../../../foundation/contracts/frame-cell.js";
import type {
  LabelCandidate,
  LabelQueueSettings,
  LabelReason,
} from "../../../foundation/contracts/label-queue.js";
import type { Predictions } from "../../../foundation/contracts/target.js";
import { jointPoints } from "../drift/joint-points.js";
import { nearestDistances } from "./nearest-distances.js";

export interface LoggedForLabels {
  readonly version: number;
  readonly ids: readonly string[];
  /** Epoch milliseconds. */
  readonly at: Float64Array;
  readonly inputs: Frame;
  readonly predictions: Predictions;
  /** Empty where a number is predicted. */
  readonly classes: readonly string[];
  /** Rows whose truth is known. */
  readonly labelled: ReadonlySet<number>;
}

/** Points compared; more would only take time. */
const REFERENCE_ROWS = 1000;
const WINDOW_ROWS = 4000;
/** A row is novel when it lies farther from what was learnt from than this share of those rows lies from the others. */
const NOVEL_QUANTILE = 0.99;

/** How many places each reason has. */
export function placesOf({ capacity, shares }: LabelQueueSettings): Record<LabelReason, number> {
  const whole = shares.random + shares.uncertain + shares.novel || 1;
  const places = (share: number) => Math.round((capacity * share) / whole);
  return {
    random: places(shares.random),
    uncertain: places(shares.uncertain),
    novel: places(shares.novel),
  };
}

/**
 * The rows of a window worth a label, for each reason at most as many as have a place. The random ones are those with
 * the highest hash of their id: over all windows together they are a uniform sample, however often one looks.
 */
export function chooseForLabels(
  rows: LoggedForLabels,
  reference: Frame,
  settings: LabelQueueSettings,
): LabelCandidate[] {
  const open = Array.from(rows.ids.keys()).filter((row) => !rows.labelled.has(row));
  const places = placesOf(settings);
  const taken = new Set<number>();
  const best = (reason: LabelReason, scored: readonly (readonly [row: number, score: number])[]) => {
    const chosen = scored
      .filter(([row]) => !taken.has(row))
      .sort((a, b) => b[1] - a[1] || a[0] - b[0])
      .slice(0, places[reason]);
    for (const [row] of chosen) taken.add(row);
    return chosen.map(([row, score]) => candidateOf(rows, row, reason, score));
  };
  const random = open.map((row) => [row, uniformOf(rows.ids[row]!)] as const);
  const uncertain = open
    .map((row) => [row, uncertaintyOf(rows.predictions, row, settings.measure)] as const)
    .filter(([, score]) => score >= settings.leastUncertainty);
  return [
    ...best("random", random),
    ...best("uncertain", uncertain),
    ...best("novel", places.novel > 0 ? novelRows(rows.inputs, open, reference) : []),
  ];
}

function candidateOf(rows: LoggedForLabels, row: number, reason: LabelReason, score: number): LabelCandidate {
  const inputs = Object.fromEntries(
    [...rows.inputs.columns].map(([name, column]) => [name, plainCell(column, row) ?? null]),
  );
  return {
    ...{ id: rows.ids[row]!, version: rows.version, reason, score, predictedAt: rows.at[row]! },
    content: hashValue(inputs),
    document: { inputs, prediction: answerOf(rows, row) },
  };
}

function answerOf({ predictions, classes }: LoggedForLabels, row: number): string {
  if (predictions.kind === "values") return String(predictions.values[row]);
  const own = probabilitiesOf(predictions, row);
  return classes[indexOfLargest(own)] ?? "";
}

function probabilitiesOf(
  predictions: Extract<Predictions, { kind: "probabilities" }>,
  row: number,
): Float64Array {
  return Float64Array.from(
    predictions.values.subarray(row * predictions.classes, (row + 1) * predictions.classes),
  );
}

/** 0 certain .. 1 as unsure as can be; numbers have none and are asked about for being novel. */
export function uncertaintyOf(
  predictions: Predictions,
  row: number,
  measure: LabelQueueSettings["measure"],
): number {
  if (predictions.kind === "values") return Number.NEGATIVE_INFINITY;
  const own = probabilitiesOf(predictions, row);
  if (measure === "margin") {
    const [first = 1, second = 0] = own.toSorted().reverse();
    return 1 - (first - second);
  }
  const entropy = own.reduce((sum, share) => (share > 0 ? sum - share * Math.log(share) : sum), 0);
  return entropy / Math.log(predictions.classes);
}

/** Each id has a place of its own in [0, 1), apart from the one by which the log samples. */
const uniformOf = (id: string): number => Number.parseInt(sha256(`label\0${id}`).slice(0, 12), 16) / 2 ** 48;

/** Score: the distance to what was learnt from, 1 where it begins to be unusual. */
function novelRows(inputs: Frame, open: readonly number[], reference: Frame): [number, number][] {
  const rows = spread(open.length, WINDOW_ROWS).map((position) => open[position]!);
  const known = takeRows(reference, spread(reference.rows, REFERENCE_ROWS));
  const names = [...known.columns.keys()].filter((name) => inputs.columns.has(name));
  if (rows.length === 0 || known.rows < 2 || names.length === 0) return [];
  const current = takeRows(inputs, rows);
  const points = jointPoints(
    names.map((name) => ({
      ...{ name, role: "input" as const },
      reference: known.columns.get(name)!,
      current: current.columns.get(name)!,
    })),
  );
  if (points.reference.width === 0) return [];
  const usual = quantileOfSorted(
    nearestDistances(points.reference, points.reference, true).sort(),
    NOVEL_QUANTILE,
  );
  const distances = nearestDistances(points.reference, points.current);
  return rows.flatMap((row, position): [number, number][] => {
    const score = usual > 0 ? distances[position]! / usual : distances[position]! > 0 ? 2 : 0;
    return score > 1 ? [[row, score]] : [];
  });
}

/** At most so many positions, spread over all. */
function spread(rows: number, most: number): number[] {
  const step = Math.max(1, rows / most);
  return Array.from({ length: Math.min(rows, most) }, (_, index) => Math.floor(index * step));
}
