/** ROC, precision-recall, gain and lift of one class against the others. */
import type { Random } from "../../../foundation/base/random.js";
import { quantileOfSorted } from "../../../foundation/base/statistics.js";
import type { Curve } from "../../../foundation/contracts/evaluation.js";
import type { MetricInput } from "../../../foundation/contracts/metric.js";
import { orNull } from "../intervals/bootstrap.js";
import { createResampler } from "../intervals/resample.js";
import { type ClassInput, classInput, scoresOf } from "../metrics/inputs.js";
import { areaUnderRoc, averagePrecisionOf, type BinaryScores, membership } from "../metrics/ranking.js";
import { type CutPoints, cutPoints } from "./cut-points.js";

/** As many as a chart shows. */
const MOST_POINTS = 200;
const BAND_STEPS = 50;
const BAND_RESAMPLES = 200;
/** Above, the band is thinner than its line. */
const BAND_ROWS = 50_000;

export interface RankingCurves {
  readonly roc: Curve;
  readonly precisionRecall: Curve;
  readonly gain: Curve;
  readonly lift: Curve;
}

export function binaryScores(input: ClassInput, classIndex: number): BinaryScores {
  return {
    scores: scoresOf(input, classIndex),
    positive: membership(input.codes, classIndex),
    weights: input.weights,
  };
}

/** Undefined when one side has no rows. */
export function rankingCurves(
  input: ClassInput,
  classIndex: number,
  name: string,
): RankingCurves | undefined {
  const scores = binaryScores(input, classIndex);
  const cuts = cutPoints(scores);
  if (cuts.positives === 0 || cuts.negatives === 0) return undefined;
  const total = cuts.positives + cuts.negatives;
  const taken = (i: number) => cuts.truePositives[i]! + cuts.falsePositives[i]!;
  const recall = (i: number) => cuts.truePositives[i]! / cuts.positives;
  const along = (x: (i: number) => number, y: (i: number) => number) => thin(cuts.scores.length, x, y);
  return {
    roc: {
      class: name,
      value: orNull(areaUnderRoc(scores)),
      points: [[0, 0], ...along((i) => cuts.falsePositives[i]! / cuts.negatives, recall)],
    },
    precisionRecall: {
      class: name,
      value: orNull(averagePrecisionOf(scores)),
      points: along(recall, (i) => cuts.truePositives[i]! / taken(i)),
    },
    gain: { class: name, value: null, points: [[0, 0], ...along((i) => taken(i) / total, recall)] },
    lift: {
      class: name,
      value: null,
      points: along(
        (i) => taken(i) / total,
        (i) => recall(i) / (taken(i) / total),
      ),
    },
  };
}

/** Points that are at least a step apart in x or y, and both ends. */
function thin(length: number, x: (i: number) => number, y: (i: number) => number): [number, number][] {
  const points: [number, number][] = [];
  const step = length > MOST_POINTS ? 2 / MOST_POINTS : 0;
  for (let i = 0; i < length; i++) {
    const last = points.at(-1);
    const next: [number, number] = [x(i), y(i)];
    const far = !last || Math.abs(next[0] - last[0]) + Math.abs(next[1] - last[1]) >= step;
    if (far || i === length - 1) points.push(next);
  }
  return points;
}

/** Where the ROC curve of other rows would pass: 95 % of resampled curves at each false positive rate. */
export function rocBand(given: MetricInput, random: Random): [number, number, number][] | undefined {
  const input = classInput(given);
  if (input.rows > BAND_ROWS || input.classCount !== 2) return undefined;
  const scores = binaryScores(input, 1);
  const draw = createResampler(given, random);
  const curves = Array.from({ length: BAND_RESAMPLES }, () =>
    truePositiveRates(cutPoints({ ...scores, weights: draw() })),
  );
  return Array.from({ length: BAND_STEPS + 1 }, (_, step) => {
    const sorted = curves.map((curve) => curve[step]!).sort((a, b) => a - b);
    return [step / BAND_STEPS, quantileOfSorted(sorted, 0.025), quantileOfSorted(sorted, 0.975)];
  });
}

/** Linear between cuts, at equally spaced false positive rates. */
function truePositiveRates(cuts: CutPoints): Float64Array {
  const rates = new Float64Array(BAND_STEPS + 1);
  let i = 0;
  for (let step = 0; step <= BAND_STEPS; step++) {
    const goal = (step / BAND_STEPS) * cuts.negatives;
    while (i < cuts.scores.length - 1 && cuts.falsePositives[i]! < goal) i++;
    const [x0, y0] = i > 0 ? [cuts.falsePositives[i - 1]!, cuts.truePositives[i - 1]!] : [0, 0];
    const [x1, y1] = [cuts.falsePositives[i]!, cuts.truePositives[i]!];
    const share = x1 > x0 ? Math.min(1, Math.max(0, (goal - x0) / (x1 - x0))) : 1;
    rates[step] = (y0 + share * (y1 - y0)) / cuts.positives;
  }
  return rates;
}
