// Plain TypeScript of assembly/split-numeric.ts and assembly/split-categorical.ts, in double precision.
import type { BoostingSettings } from "../boosting.js";

export interface BinSums {
  gradient: number;
  hessian: number;
  rows: number;
}
export interface ReferenceSplit {
  /** Worth of both sides above the leaf's own. */
  readonly gain: number;
  readonly column: number;
  /** The bins that go left, the missing one among them. */
  readonly left: ReadonlySet<number>;
  readonly l2: number;
}
export interface Bounds {
  readonly lower: number;
  readonly upper: number;
}

/** Whether a gain is better than the best so far by more than rounding: the first of equal splits is kept. */
export function exceeds(gain: number, best = 0): boolean {
  return gain > best * (1 + 1e-9) + 1e-12;
}

export function sumOf(bins: Iterable<BinSums>): BinSums {
  const sum = { gradient: 0, hessian: 0, rows: 0 };
  for (const bin of bins) {
    sum.gradient += bin.gradient;
    sum.hessian += bin.hessian;
    sum.rows += bin.rows;
  }
  return sum;
}

export function leafValue({ gradient, hessian }: BinSums, l1: number, l2: number, bounds: Bounds): number {
  const shrunk = Math.sign(gradient) * Math.max(Math.abs(gradient) - l1, 0);
  return Math.min(Math.max(-shrunk / (hessian + l2), bounds.lower), bounds.upper);
}

/** What a side is worth with its best value within the bounds. */
function worth(side: BinSums, l1: number, l2: number, bounds: Bounds): number {
  const shrunk = Math.sign(side.gradient) * Math.max(Math.abs(side.gradient) - l1, 0);
  const value = leafValue(side, l1, l2, bounds);
  return -(2 * shrunk * value + (side.hessian + l2) * value * value);
}

/** The best split of a leaf on one column; `bins` holds its value bins and, last, the missing bin. */
export function referenceSplit(
  column: number,
  bins: readonly BinSums[],
  categorical: boolean,
  bounds: Bounds,
  settings: BoostingSettings,
  strictness: number,
): ReferenceSplit | undefined {
  const total = sumOf(bins);
  const perRow = total.hessian / total.rows;
  // Rows are not counted by bin: their number is estimated from the hessian.
  const least = Math.max((settings.minRowsPerLeaf - 0.5) * strictness * perRow, settings.minChildWeight);
  const own = worth(total, settings.l1, settings.l2, bounds);
  const direction = settings.monotone[column] ?? 0;
  let best: ReferenceSplit | undefined;
  for (const { left, l2 } of categorical ? categoricalSets(bins, settings) : numericSets(bins, settings)) {
    const a = sumOf(left.map((bin) => bins[bin]!));
    const b = {
      gradient: total.gradient - a.gradient,
      hessian: total.hessian - a.hessian,
      rows: total.rows - a.rows,
    };
    if (Math.min(a.rows, b.rows) === 0 || Math.min(a.hessian, b.hessian) < least) continue;
    const rise = leafValue(b, settings.l1, l2, bounds) - leafValue(a, settings.l1, l2, bounds);
    if (direction * rise < 0) continue;
    const gain = worth(a, settings.l1, l2, bounds) + worth(b, settings.l1, l2, bounds) - own;
    if (gain > settings.minSplitGain && exceeds(gain, best?.gain)) {
      best = { gain, column, left: new Set(left), l2 };
    }
  }
  return best;
}

interface LeftSide {
  readonly left: readonly number[];
  readonly l2: number;
}

function* numericSets(bins: readonly BinSums[], { l2 }: BoostingSettings): Generator<LeftSide> {
  const missing = bins.length - 1;
  for (const withMissing of [false, true]) {
    const left = withMissing ? [missing] : [];
    for (let bin = 0; bin < missing; bin++) {
      left.push(bin);
      yield { left: left.slice(), l2 };
    }
  }
}

function* categoricalSets(bins: readonly BinSums[], settings: BoostingSettings): Generator<LeftSide> {
  const used = Array.from(bins.keys()).filter((bin) => bins[bin]!.rows > 0);
  if (used.length < 2) return;
  if (used.length <= settings.oneVersusRestLimit) {
    for (const bin of used) yield { left: [bin], l2: settings.l2 };
    return;
  }
  const { hessian, rows } = sumOf(bins);
  const leastGroup = ((settings.minRowsPerCategoryGroup * hessian) / rows) * (1 - 1e-9);
  const smoothing = (settings.categorySmoothing * hessian) / rows;
  const ratio = (bin: number) => bins[bin]!.gradient / (bins[bin]!.hessian + smoothing);
  used.sort((a, b) => ratio(a) - ratio(b));
  const longest = Math.min(settings.maxCategoriesPerSplit, (used.length + 1) >> 1);
  for (const order of [used, used.toReversed()]) {
    let group = 0;
    for (let k = 0; k < longest; k++) {
      group += bins[order[k]!]!.hessian;
      if (sumOf(order.slice(k + 1).map((bin) => bins[bin]!)).hessian < leastGroup) break;
      if (group < leastGroup) continue;
      group = 0;
      yield { left: order.slice(0, k + 1), l2: settings.l2 + settings.categoryL2 };
    }
  }
}
