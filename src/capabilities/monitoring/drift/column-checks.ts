import { quantileOfSorted } from "../../../foundation/base/statistics.js";
import { type Column, columnLength } from "../../../foundation/contracts/frame.js";
import type { ColumnDrift, DriftCheck, DriftSettings } from "../../../foundation/contracts/monitoring.js";
import { betaBinomialTail } from "../statistics/beta-binomial.js";
import { countsTest, joinRare } from "../statistics/contingency.js";
import {
  binCounts,
  jensenShannonDistance,
  populationStability,
  totalVariation,
  wassersteinDistance,
} from "../statistics/distances.js";
import { fisherExact } from "../statistics/fisher-exact.js";
import { kolmogorovSmirnov } from "../statistics/kolmogorov-smirnov.js";
import { missingRows, type PairedSample, pairSamples } from "./samples.js";

/** A column on both sides, read by the same schema. */
export interface ColumnPair {
  readonly name: string;
  readonly role: "input" | "prediction";
  readonly reference: Column;
  readonly current: Column;
}

/** A check before it is judged together with all others. */
export type RawCheck = Omit<DriftCheck, "adjusted" | "alarm">;

export interface ColumnResult {
  readonly checks: readonly RawCheck[];
  readonly drift: ColumnDrift;
}

const BINS = 10;
const MOST_BARS = 12;
const EXAMPLES = 5;
/** A test of a handful of values says nothing, and would only weaken the others. */
const LEAST_VALUES = 10;

/** Everything that is asked of one column. */
export function checkColumn(pair: ColumnPair, settings: DriftSettings): ColumnResult {
  const { name: column, role, reference, current } = pair;
  const [referenceRows, currentRows] = [columnLength(reference), columnLength(current)];
  const [referenceMissing, currentMissing] = [missingRows(reference), missingRows(current)];
  const sample = pairSamples(reference, current);
  const bins = sample ? binned(sample) : { labels: [], reference: [], current: [] };
  const common = { column, role };
  const checks: RawCheck[] = [
    {
      ...common,
      check: "missing",
      test: "fisher-exact",
      pValue: fisherExact(referenceMissing, referenceRows, currentMissing, currentRows),
      effect: Math.abs(currentMissing / currentRows - referenceMissing / referenceRows),
      leastEffect: settings.missing,
      examples: [],
    },
  ];
  if (sample && enoughValues(sample)) {
    checks.push({ ...common, ...distributionCheck(sample), leastEffect: settings.distribution });
    const strange = strangeValues(sample, reference.kind);
    if (strange) checks.push({ ...common, ...strange, leastEffect: settings.unseen });
  }
  const drift: ColumnDrift = {
    column,
    role,
    kind: reference.kind,
    referenceMissing: referenceMissing / referenceRows,
    currentMissing: currentMissing / currentRows,
    ...distancesOf(sample, bins),
    bins: barsOf(bins),
  };
  return { checks, drift };
}

function enoughValues({ kind, reference, current }: PairedSample): boolean {
  const rows = (values: Float64Array) => (kind === "ordered" ? values.length : sumOf(values));
  return rows(reference) >= LEAST_VALUES && rows(current) >= LEAST_VALUES;
}

type Measured = Pick<RawCheck, "check" | "test" | "pValue" | "effect" | "examples">;

function distributionCheck(sample: PairedSample): Measured {
  const { reference, current } = sample;
  if (sample.kind === "ordered") {
    const { distance, pValue } = kolmogorovSmirnov(reference, current);
    return { check: "distribution", test: "kolmogorov-smirnov", pValue, effect: distance, examples: [] };
  }
  const joined = joinRare(reference, current);
  return {
    check: "distribution",
    test: "chi-square",
    pValue: countsTest(joined.first, joined.second).pValue,
    // Of the joined categories: of many rare ones the plain distance is large without any change.
    effect: totalVariation(joined.first, joined.second),
    examples: [],
  };
}

/** Values that the reference does not lead to expect: a new category, a number outside the range. */
function strangeValues(sample: PairedSample, kind: Column["kind"]): Measured | undefined {
  if (sample.kind === "counted") return kind === "category" ? unseenCategories(sample) : undefined;
  if (kind !== "number") return undefined;
  const { reference, current } = sample;
  const [least, most] = [reference[0]!, reference.at(-1)!];
  const outside = current.filter((value) => value < least || value > most);
  return {
    check: "range",
    test: "beta-binomial",
    pValue: betaBinomialTail(outside.length, current.length, 2, reference.length - 1),
    effect: outside.length / current.length,
    examples: [...new Set([outside[0], outside.at(-1)])].filter((value) => value !== undefined).map(String),
  };
}

/** The chance that the next row is of a new category is estimated by the categories seen once (Good 1953). */
function unseenCategories({ labels, reference, current }: PairedSample & { kind: "counted" }): Measured {
  const unseen = labels
    .map((label, k) => ({ label, rows: reference[k] === 0 ? current[k]! : 0 }))
    .filter(({ rows }) => rows > 0)
    .sort((a, b) => b.rows - a.rows);
  const hits = unseen.reduce((sum, { rows }) => sum + rows, 0);
  const seen = (times: number) => reference.reduce((sum, rows) => sum + (rows === times ? 1 : 0), 0);
  const [once, twice] = [seen(1), seen(2)];
  const known = sumOf(reference);
  // The estimate's variance is (once + 2 twice) / rows² (Esty 1983), that of so many fewer independent rows.
  const weight = once > 0 ? once / (once + 2 * twice) : 1;
  return {
    check: "unseen",
    test: "beta-binomial",
    pValue: betaBinomialTail(hits, sumOf(current), weight * once + 1, weight * (known - once) + 1),
    effect: hits / sumOf(current),
    examples: unseen.slice(0, EXAMPLES).map(({ label }) => label),
  };
}

interface Bins {
  readonly labels: readonly string[];
  readonly reference: readonly number[];
  readonly current: readonly number[];
}

/** Deciles of the reference, or the values themselves. */
function binned(sample: PairedSample): Bins {
  if (sample.kind === "counted") {
    return {
      labels: sample.labels,
      reference: Array.from(sample.reference),
      current: Array.from(sample.current),
    };
  }
  const { reference, current } = sample;
  if (reference.length === 0) return { labels: [], reference: [], current: [] };
  const deciles = Array.from({ length: BINS - 1 }, (_, k) => quantileOfSorted(reference, (k + 1) / BINS));
  const edges = [...new Set(deciles)];
  const text = (value: number) => String(Number(value.toPrecision(4)));
  const labels = edges.map((edge, k) =>
    k === 0 ? `≤ ${text(edge)}` : `${text(edges[k - 1]!)} – ${text(edge)}`,
  );
  return {
    labels: [...labels, `> ${text(edges.at(-1)!)}`],
    reference: binCounts(reference, edges),
    current: binCounts(current, edges),
  };
}

function distancesOf(
  sample: PairedSample | undefined,
  { reference, current }: Bins,
): Pick<ColumnDrift, "psi" | "jensenShannon" | "totalVariation" | "wasserstein"> {
  if (!sample || sumOf(reference) === 0 || sumOf(current) === 0) {
    return { psi: null, jensenShannon: null, totalVariation: null, wasserstein: null };
  }
  return {
    psi: populationStability(reference, current),
    jensenShannon: jensenShannonDistance(reference, current),
    totalVariation: totalVariation(reference, current),
    wasserstein: sample.kind === "ordered" ? scaledWasserstein(sample.reference, sample.current) : null,
  };
}

/** In standard deviations of the reference; null where it has none. */
function scaledWasserstein(reference: Float64Array, current: Float64Array): number | null {
  const mean = sumOf(reference) / reference.length;
  const variance = reference.reduce((sum, value) => sum + (value - mean) ** 2, 0) / reference.length;
  const distance = wassersteinDistance(reference, current) / Math.sqrt(variance);
  return Number.isFinite(distance) ? distance : null;
}

/** Shares for the chart; of many categories the commonest, the rest together. */
function barsOf({ labels, reference, current }: Bins): ColumnDrift["bins"] {
  const [left, right] = [Math.max(1, sumOf(reference)), Math.max(1, sumOf(current))];
  const bars = labels.map((label, k) => ({
    label,
    reference: reference[k]! / left,
    current: current[k]! / right,
  }));
  if (bars.length <= MOST_BARS) return bars;
  const ranked = bars.toSorted((a, b) => b.reference + b.current - (a.reference + a.current));
  const rest = ranked.slice(MOST_BARS - 1);
  const sum = (side: "reference" | "current") =>
    Math.min(
      1,
      rest.reduce((total, bar) => total + bar[side], 0),
    );
  return [
    ...ranked.slice(0, MOST_BARS - 1),
    { label: "…", reference: sum("reference"), current: sum("current") },
  ];
}

function sumOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += values[k]!;
  return sum;
}
