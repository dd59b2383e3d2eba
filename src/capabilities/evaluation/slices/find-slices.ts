/**
 * Groups of rows on which the model does worse than elsewhere, after Slice Finder (Chung et al. 2019). Every group
 * of every column, and of pairs of the most telling columns, is tested by Welch's t on row losses; p values are
 * adjusted for all of them together (Benjamini and Hochberg 1995), so that searching widely finds no more than
 * chance allows; differences too small to matter and echoes of groups already found are left out.
 */

import { adjustFalseDiscovery } from "../../../foundation/base/multiplicity.js";
import { normalQuantile, twoSided } from "../../../foundation/base/normal-distribution.js";
import type { Slice } from "../../../foundation/contracts/evaluation.js";
import type { Frame } from "../../../foundation/contracts/frame.js";
import { computeMetric, type MetricInput } from "../../../foundation/contracts/metric.js";
import { targetRows } from "../../../foundation/contracts/target.js";
import { orNull } from "../intervals/bootstrap.js";
import { takeInput } from "../intervals/resample.js";
import type { AnyMetric } from "../metrics/index.js";
import { type ColumnGroups, frameGroups, groupsOf } from "./groups.js";
import { rowLosses } from "./loss.js";

const FALSE_DISCOVERY_RATE = 0.05;
const LEAST_ROWS = 30;
const LEAST_SHARE = 0.02;
const PAIR_COLUMNS = 10;
const MOST_FOUND = 12;
/** Difference of means in standard deviations of row losses: "small" after Cohen (1988). */
const LEAST_EFFECT = 0.2;
const ECHO_LEVEL = 0.01;
const MOST_RANKED = 300;
const Z95 = normalQuantile(0.975);

export interface SliceSearch {
  readonly metric: AnyMetric;
  readonly input: MetricInput;
  /** Raw columns of the same rows. */
  readonly features: Frame;
  /** Columns whose groups are wanted in any case. */
  readonly given: readonly string[];
}

interface Condition {
  readonly groups: ColumnGroups;
  readonly group: number;
}
interface Candidate extends Difference {
  readonly conditions: readonly Condition[];
}
interface Difference {
  readonly rows: number;
  /** Mean loss inside minus outside. */
  readonly difference: number;
  readonly error: number;
  /** Difference in standard deviations. */
  readonly effect: number;
  readonly pValue: number;
}

/** Given slices in the order of their columns, then those found, the clearest first. */
export function findSlices(search: SliceSearch): { readonly slices: Slice[]; readonly tested: number } {
  const losses = rowLosses(search.input);
  const columns = frameGroups(search.features);
  const singles = columns.flatMap((groups) => candidatesOf([groups], losses));
  const pairs = pairsOf(columns, singles).flatMap((pair) => candidatesOf(pair, losses));
  const candidates = [...singles, ...pairs];
  const adjusted = adjustFalseDiscovery(candidates.map((candidate) => candidate.pValue));
  const conspicuous = candidates.filter(
    (candidate, index) => candidate.effect >= LEAST_EFFECT && adjusted[index]! <= FALSE_DISCOVERY_RATE,
  );
  const pValues = new Map(candidates.map((candidate, index) => [candidate, adjusted[index]!]));
  const found = withoutEchoes(conspicuous, losses);
  const given = search.given.flatMap((name) => givenSlices(search.features, name, losses));
  const givenP = adjustFalseDiscovery(given.map((candidate) => candidate.pValue));
  return {
    slices: [
      ...given.map((candidate, index) => describe(search, candidate, "given", givenP[index]!)),
      ...found.map((candidate) => describe(search, candidate, "found", pValues.get(candidate)!)),
    ],
    tested: candidates.length,
  };
}

function givenSlices(features: Frame, name: string, losses: Float64Array): Candidate[] {
  const column = features.columns.get(name);
  const groups = column && groupsOf(name, column);
  return groups ? candidatesOf([groups], losses, 1) : [];
}

/** Every combination of groups of the columns that has rows enough inside and outside. */
function candidatesOf(
  columns: readonly ColumnGroups[],
  losses: Float64Array,
  least = leastRows(losses),
): Candidate[] {
  const sizes = columns.map((groups) => groups.names.length);
  const cells = sizes.reduce((product, size) => product * size, 1);
  const sums = {
    rows: new Float64Array(cells),
    loss: new Float64Array(cells),
    square: new Float64Array(cells),
  };
  const all = { rows: losses.length, loss: 0, square: 0 };
  for (let row = 0; row < losses.length; row++) {
    const loss = losses[row]!;
    all.loss += loss;
    all.square += loss * loss;
    const cell = cellOf(columns, sizes, row);
    if (cell < 0) continue;
    sums.rows[cell]! += 1;
    sums.loss[cell]! += loss;
    sums.square[cell]! += loss * loss;
  }
  return Array.from({ length: cells }, (_, cell) => cell).flatMap((cell) => {
    const inside = { rows: sums.rows[cell]!, loss: sums.loss[cell]!, square: sums.square[cell]! };
    if (inside.rows < least || all.rows - inside.rows < least) return [];
    return [{ conditions: conditionsOf(columns, sizes, cell), ...welch(inside, all) }];
  });
}

function leastRows(losses: Float64Array): number {
  return Math.max(LEAST_ROWS, Math.ceil(losses.length * LEAST_SHARE));
}

function cellOf(columns: readonly ColumnGroups[], sizes: readonly number[], row: number): number {
  let cell = 0;
  for (const [index, groups] of columns.entries()) {
    const code = groups.codes[row]!;
    if (code < 0) return -1;
    cell = cell * sizes[index]! + code;
  }
  return cell;
}

function conditionsOf(columns: readonly ColumnGroups[], sizes: readonly number[], cell: number): Condition[] {
  let rest = cell;
  const conditions = columns.map((groups) => ({ groups, group: 0 }));
  for (let index = columns.length - 1; index >= 0; index--) {
    conditions[index] = { groups: columns[index]!, group: rest % sizes[index]! };
    rest = Math.floor(rest / sizes[index]!);
  }
  return conditions;
}

interface Moments {
  readonly rows: number;
  readonly loss: number;
  readonly square: number;
}

function welch(inside: Moments, all: Moments): Difference {
  const outside = {
    rows: all.rows - inside.rows,
    loss: all.loss - inside.loss,
    square: all.square - inside.square,
  };
  const error = Math.sqrt(varianceOfMean(inside) + varianceOfMean(outside));
  const difference = inside.loss / inside.rows - outside.loss / outside.rows;
  const spread = Math.sqrt(
    (varianceOfMean(inside) * inside.rows + varianceOfMean(outside) * outside.rows) / 2,
  );
  return {
    rows: inside.rows,
    difference,
    error,
    effect: spread > 0 ? difference / spread : 0,
    pValue: error > 0 && Number.isFinite(error) ? twoSided(difference / error) : 1,
  };
}

function varianceOfMean({ rows, loss, square }: Moments): number {
  if (rows < 2) return Number.POSITIVE_INFINITY;
  return Math.max(0, square - (loss * loss) / rows) / (rows - 1) / rows;
}

/** Pairs of the columns whose single groups differ most. */
function pairsOf(
  columns: readonly ColumnGroups[],
  singles: readonly Candidate[],
): [ColumnGroups, ColumnGroups][] {
  const strength = (groups: ColumnGroups) =>
    Math.min(1, ...singles.filter((one) => one.conditions[0]!.groups === groups).map((one) => one.pValue));
  const ranked = columns
    .map((groups) => ({ groups, strength: strength(groups) }))
    .sort((a, b) => a.strength - b.strength)
    .slice(0, PAIR_COLUMNS);
  return ranked.flatMap((a, index) =>
    ranked.slice(index + 1).map((b): [ColumnGroups, ColumnGroups] => [a.groups, b.groups]),
  );
}

/**
 * The clearest first; each further one must be worse also among the rows that those before it leave, or it only
 * repeats them: neighbours of a bad group, its parts, and columns that say the same.
 */
function withoutEchoes(candidates: readonly Candidate[], losses: Float64Array): Candidate[] {
  const clearness = ({ difference, error }: Candidate) => difference / error;
  const ranked = [...candidates].sort(
    (a, b) => clearness(b) - clearness(a) || a.conditions.length - b.conditions.length,
  );
  const free = new Uint8Array(losses.length).fill(1);
  const kept: Candidate[] = [];
  for (const candidate of ranked.slice(0, MOST_RANKED)) {
    if (kept.length === MOST_FOUND) break;
    const rest = differenceAmong(free, candidate, losses);
    if (rest.rows < LEAST_ROWS || rest.difference <= 0 || rest.pValue > ECHO_LEVEL) continue;
    kept.push(candidate);
    for (let row = 0; row < free.length; row++) if (fits(candidate, row)) free[row] = 0;
  }
  return kept;
}

function differenceAmong(free: Uint8Array, candidate: Candidate, losses: Float64Array): Difference {
  const inside = { rows: 0, loss: 0, square: 0 };
  const all = { rows: 0, loss: 0, square: 0 };
  for (let row = 0; row < losses.length; row++) {
    if (!free[row]) continue;
    const loss = losses[row]!;
    for (const sums of fits(candidate, row) ? [inside, all] : [all]) {
      sums.rows += 1;
      sums.loss += loss;
      sums.square += loss * loss;
    }
  }
  return welch(inside, all);
}

function fits({ conditions }: Candidate, row: number): boolean {
  return conditions.every(({ groups, group }) => groups.codes[row] === group);
}

function describe(search: SliceSearch, candidate: Candidate, origin: Slice["origin"], pValue: number): Slice {
  const { metric, input } = search;
  const total = targetRows(input.target);
  const inside: number[] = [];
  const outside: number[] = [];
  for (let row = 0; row < total; row++) {
    (fits(candidate, row) ? inside : outside).push(row);
  }
  const figure = (rows: number[]) =>
    rows.length > 0 ? orNull(computeMetric(metric, takeInput(input, rows))) : null;
  const reach = Z95 * candidate.error;
  return {
    conditions: candidate.conditions.map(({ groups, group }) => ({
      column: groups.column,
      value: groups.names[group]!,
    })),
    origin,
    rows: inside.length,
    share: inside.length / total,
    value: figure(inside),
    rest: figure(outside),
    lossDifference: orNull(candidate.difference),
    low: orNull(candidate.difference - reach),
    high: orNull(candidate.difference + reach),
    pValue: orNull(pValue),
  };
}
