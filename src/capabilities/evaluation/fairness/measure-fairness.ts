import type { Random } from "../../../foundation/base/random.js";
import { quantileOfSorted } from "../../../foundation/base/statistics.js";
import type { Frame } from "../../../foundation/contracts/frame.js";
import type { MetricInput } from "../../../foundation/contracts/metric.js";
import type {
  BoundedFigure,
  Fairness,
  FairnessGap,
  GroupFigures,
} from "../../../foundation/contracts/trust.js";
import { orNull } from "../intervals/bootstrap.js";
import { affordableResamples } from "../intervals/resample.js";
import { classInput, decidedClasses, scoresOf, valueInput } from "../metrics/inputs.js";
import { type ColumnGroups, groupsOf } from "../slices/groups.js";
import {
  CLASS_MEASURES,
  type GroupRows,
  type GroupSums,
  type Measure,
  NUMBER_MEASURES,
  sumGroup,
} from "./group-sums.js";

/** Below this, a group's rates say more about chance than about the model. */
export const MINIMUM_ROWS = 30;
/** Classes of more than two for which groups are compared, the commonest first. */
const MOST_CLASSES = 6;

export interface FairnessSearch {
  readonly input: MetricInput;
  /** Columns whose groups are compared, of the same rows; numbers and dates become ranges. */
  readonly groups: Frame;
  readonly random: Random;
  /** Bootstrap resamples wanted for gaps; fewer for many rows. 0: no intervals of gaps. */
  readonly resamples: number;
}

/** By column, and by class where there are more than two. Row weights are not used: groups are counted. */
export function measureFairness(search: FairnessSearch): Fairness[] {
  const decisions = decisionsOf(search.input);
  return [...search.groups.columns].flatMap(([name, column]) => {
    const groups = groupsOf(name, column);
    if (!groups) return [];
    return decisions.map(({ className, data }) =>
      compareGroups(groups, className, data, {
        ...search,
        random: search.random.fork(`${name}/${className ?? ""}`),
      }),
    );
  });
}

/** Binary: the positive class. More classes: each against the rest. Numbers: themselves. */
function decisionsOf(metricInput: MetricInput): { className: string | null; data: GroupRows }[] {
  const { target } = metricInput;
  if (target.task === "regression") {
    const { actual, predicted } = valueInput(metricInput);
    return [{ className: null, data: { kind: "number", actual, predicted, decided: new Uint8Array(0) } }];
  }
  const input = classInput(metricInput);
  const decided = decidedClasses(input);
  const codes = input.classCount === 2 ? [1] : commonest(input.codes, input.classCount);
  return codes.map((code) => ({
    className: target.classes[code]!,
    data: {
      kind: "class",
      actual: Float64Array.from(input.codes, (actual) => (actual === code ? 1 : 0)),
      decided: Uint8Array.from(decided, (one) => (one === code ? 1 : 0)),
      predicted: scoresOf(input, code),
    },
  }));
}

function commonest(codes: Int32Array, classCount: number): number[] {
  const counts = new Int32Array(classCount);
  for (const code of codes) counts[code]! += 1;
  const ranked = Array.from(counts.keys()).sort((a, b) => counts[b]! - counts[a]! || a - b);
  return ranked.slice(0, MOST_CLASSES).sort((a, b) => a - b);
}

function compareGroups(
  groups: ColumnGroups,
  className: string | null,
  data: GroupRows,
  options: Pick<FairnessSearch, "random" | "resamples">,
): Fairness {
  const rows = groups.names.map((): number[] => []);
  for (const [row, code] of groups.codes.entries()) if (code >= 0) rows[code]!.push(row);
  const sums = rows.map((members) => sumGroup(data, members, (index) => index));
  const measures = data.kind === "class" ? CLASS_MEASURES : NUMBER_MEASURES;
  const large = Array.from(rows.keys()).filter((group) => rows[group]!.length >= MINIMUM_ROWS);
  const draws = drawSums(data, rows, large, options);
  const gaps =
    large.length < 2
      ? []
      : criteriaOf(data.kind).flatMap((criterion) => gapOf(criterion, groups, large, sums, draws) ?? []);
  const largest = rows.reduce(
    (best, members, group) => (members.length > rows[best]!.length ? group : best),
    0,
  );
  return {
    column: groups.column,
    class: className,
    reference: groups.names[largest]!,
    minimumRows: MINIMUM_ROWS,
    groups: groups.names.map((name, group) => groupFigures(name, sums[group]!, Object.values(measures))),
    gaps,
  };
}

function groupFigures(group: string, sums: GroupSums, measures: readonly Measure[]): GroupFigures {
  return {
    group,
    rows: sums.rows,
    tooSmall: sums.rows < MINIMUM_ROWS,
    figures: Object.fromEntries(
      measures.map((measure) => {
        const [low, high] = measure.interval(sums);
        return [measure.id, { value: orNull(measure.value(sums)), low: orNull(low), high: orNull(high) }];
      }),
    ),
  };
}

/** `draws[sample][group]`: sums of rows drawn again within each group. */
function drawSums(
  data: GroupRows,
  rows: readonly (readonly number[])[],
  large: readonly number[],
  { random, resamples }: Pick<FairnessSearch, "random" | "resamples">,
): GroupSums[][] {
  const count = affordableResamples(data.actual.length, 2, resamples);
  if (large.length < 2) return [];
  return Array.from({ length: count }, () =>
    rows.map((members) => sumGroup(data, members, () => random.integer(members.length))),
  );
}

interface Criterion {
  readonly id: string;
  /** The gap is that of the measure whose groups lie farthest apart. */
  readonly measures: readonly Measure[];
  readonly ratio: boolean;
}

function criteriaOf(kind: GroupRows["kind"]): readonly Criterion[] {
  if (kind === "number") {
    return [
      { id: "mean-residual", measures: [NUMBER_MEASURES.meanResidual], ratio: false },
      { id: "mean-absolute-error", measures: [NUMBER_MEASURES.meanAbsoluteError], ratio: true },
    ];
  }
  const { selectionRate, truePositiveRate, falsePositiveRate, precision, calibrationGap } = CLASS_MEASURES;
  return [
    { id: "demographic-parity", measures: [selectionRate], ratio: true },
    { id: "equal-opportunity", measures: [truePositiveRate], ratio: true },
    { id: "equalized-odds", measures: [truePositiveRate, falsePositiveRate], ratio: true },
    { id: "predictive-parity", measures: [precision], ratio: true },
    { id: "calibration", measures: [calibrationGap], ratio: false },
  ];
}

interface Ends {
  readonly measure: Measure;
  readonly high: number;
  readonly low: number;
}

/** Between the two groups that lie farthest apart; the interval is that of these two. */
function gapOf(
  criterion: Criterion,
  groups: ColumnGroups,
  large: readonly number[],
  sums: readonly GroupSums[],
  draws: readonly (readonly GroupSums[])[],
): FairnessGap | undefined {
  const ends = criterion.measures.flatMap((measure) => endsOf(measure, large, sums) ?? []);
  if (ends.length < criterion.measures.length) return undefined;
  const difference = ({ measure, high, low }: Ends, of: readonly GroupSums[]) =>
    measure.value(of[high]!) - measure.value(of[low]!);
  const ratio = ({ measure, high, low }: Ends, of: readonly GroupSums[]) =>
    measure.value(of[low]!) / measure.value(of[high]!);
  const widest = ends.reduce((best, one) => (difference(one, sums) > difference(best, sums) ? one : best));
  const leastEven = ends.reduce((best, one) => (ratio(one, sums) < ratio(best, sums) ? one : best));
  return {
    criterion: criterion.id,
    difference: bounded(
      difference(widest, sums),
      draws.map((draw) => difference(widest, draw)),
    ),
    ratio: criterion.ratio
      ? bounded(
          ratio(leastEven, sums),
          draws.map((draw) => ratio(leastEven, draw)),
        )
      : null,
    between: [groups.names[widest.high]!, groups.names[widest.low]!],
  };
}

function endsOf(measure: Measure, large: readonly number[], sums: readonly GroupSums[]): Ends | undefined {
  const known = large.filter((group) => Number.isFinite(measure.value(sums[group]!)));
  if (known.length < 2) return undefined;
  const ranked = [...known].sort((a, b) => measure.value(sums[a]!) - measure.value(sums[b]!) || a - b);
  return { measure, low: ranked[0]!, high: ranked.at(-1)! };
}

function bounded(value: number, draws: readonly number[]): BoundedFigure {
  const sorted = Float64Array.from(draws.filter(Number.isFinite)).sort();
  return {
    value: orNull(value),
    low: orNull(quantileOfSorted(sorted, 0.025)),
    high: orNull(quantileOfSorted(sorted, 0.975)),
  };
}
