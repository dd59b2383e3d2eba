import { createFrame, type Frame } from "../../../../foundation/contracts/frame.js";
import type { Target } from "../../../../foundation/contracts/target.js";
import type { NearDuplicates, RowPair } from "../../../../foundation/contracts/trust.js";
import { expectsEqualRows, textOf } from "../columns.js";
import { contentKeys } from "../row-content.js";
import { findNearPairs, type NearPairs } from "./near-pairs.js";

export interface NearDuplicateSearch {
  /** Feature columns of the whole table; row numbers are those of the dataset version. */
  readonly features: Frame;
  /** One entry a row. */
  readonly target: Target;
  /** The rows a model learns from, and those it is judged by; no row in both. */
  readonly learning: Int32Array;
  readonly test: Int32Array;
  /** Pairs kept in the answer, of each sort. */
  readonly most: number;
}

export interface NearDuplicateResult {
  readonly document: NearDuplicates;
  /** For each of `test`: 2 where an equal learning row exists, 1 where a nearly equal one does, otherwise 0. */
  readonly twins: Uint8Array;
}

/** Numbers contradict each other when they differ by more than this many standard deviations of the target. */
const CONFLICT_DEVIATIONS = 0.5;
/** Near pairs mean something only where they are this many times as many as chance brings. */
const BEYOND_CHANCE = 3;
const MOST_DIFFERENCES = 6;

/**
 * Rows that are equal or nearly so, those of them with other labels, and test rows that have a twin among the
 * learning rows. Says nothing of equal rows where few combinations of values exist, and nothing of near ones where
 * the data are so dense that rows are near by chance. 50 000 rows take a few seconds.
 */
export function findNearDuplicates(search: NearDuplicateSearch): NearDuplicateResult {
  const names = [...search.features.columns]
    .filter(([, column]) => column.kind !== "id")
    .map(([name]) => name);
  const features = createFrame(
    names.map((name) => [name, search.features.columns.get(name)!]),
    search.features.rows,
  );
  const rows = Int32Array.from([...search.learning, ...search.test]).sort();
  const groups = groupEqual(features, names, rows);
  const near = meaningful(
    findNearPairs(
      features,
      Int32Array.from(groups, ([first]) => first!),
    ),
  );
  const expected = expectsEqualRows(features, rows);
  return describe({ ...search, features, rows, groups, near, expected });
}

interface Situation extends NearDuplicateSearch {
  readonly rows: Int32Array;
  /** Rows of equal content, ascending; every row is in one. */
  readonly groups: readonly (readonly number[])[];
  readonly near: NearPairs;
  /** Equal rows are to be expected. */
  readonly expected: boolean;
}

function groupEqual(features: Frame, names: readonly string[], rows: Int32Array): number[][] {
  const keys = contentKeys(features, names);
  const groups = new Map<number, number[]>();
  for (const row of rows) {
    const group = groups.get(keys[row]!);
    if (group) group.push(row);
    else groups.set(keys[row]!, [row]);
  }
  return [...groups.values()];
}

function meaningful(near: NearPairs): NearPairs {
  return near.pairs.length > BEYOND_CHANCE * near.byChance ? near : { ...near, pairs: [] };
}

function describe(situation: Situation): NearDuplicateResult {
  const { groups, near, expected, rows, test } = situation;
  const linked = new Uint8Array(groups.length);
  for (const pair of near.pairs) for (const group of pair) linked[group] = 1;
  const equal = expected ? [] : groups.filter((group) => group.length > 1);
  const nearRows = groups.filter((group, index) => group.length === 1 && linked[index] === 1).length;
  const conflicts = conflictsOf(situation);
  const { twins, pairs } = crossingOf(situation);
  const count = (kind: number) => twins.filter((twin) => twin === kind).length;
  const document: NearDuplicates = {
    rows: rows.length,
    equalRows: equal.reduce((sum, group) => sum + group.length, 0),
    nearRows,
    nearByChance: near.byChance,
    conflictRows: conflicts.rows,
    conflicts: conflicts.pairs.slice(0, situation.most),
    crossing: {
      testRows: test.length,
      equalRows: count(2),
      nearRows: count(1),
      pairs: pairs.slice(0, situation.most),
    },
    complete: near.complete,
  };
  return { document, twins };
}

/** Pairs of rows that are twins, each group of equals against itself and against those near it. */
function* twinGroups({ groups, near, expected }: Situation): Generator<readonly [number, number]> {
  if (!expected) for (const [index, group] of groups.entries()) if (group.length > 1) yield [index, index];
  yield* near.pairs;
}

function conflictsOf(situation: Situation): { rows: number; pairs: RowPair[] } {
  const { groups, target } = situation;
  const label = labelReader(target);
  const contradict = contradiction(situation);
  const involved = new Set<number>();
  const pairs: RowPair[] = [];
  for (const [a, b] of twinGroups(situation)) {
    const [ends, others] = [endsOf(groups[a]!, label), endsOf(groups[b]!, label)];
    const clash = [ends.low, ends.high].flatMap((x) => [others.low, others.high].map((y) => [x, y] as const));
    const worst = clash.find(([x, y]) => contradict(label(x), label(y)));
    if (!worst) continue;
    pairs.push(rowPair(situation, worst[0], worst[1], a === b));
    for (const row of groups[a]!)
      if ([others.low, others.high].some((other) => contradict(label(row), label(other)))) involved.add(row);
    for (const row of groups[b]!)
      if ([ends.low, ends.high].some((other) => contradict(label(row), label(other)))) involved.add(row);
  }
  return { rows: involved.size, pairs };
}

function labelReader(target: Target): (row: number) => number {
  return target.task === "regression" ? (row) => target.values[row]! : (row) => target.codes[row]!;
}

/** Rows with the least and the greatest label: if any labels contradict, these do. */
function endsOf(rows: readonly number[], label: (row: number) => number): { low: number; high: number } {
  let [low, high] = [rows[0]!, rows[0]!];
  for (const row of rows) {
    if (label(row) < label(low)) low = row;
    if (label(row) > label(high)) high = row;
  }
  return { low, high };
}

function contradiction({ target, rows }: Situation): (a: number, b: number) => boolean {
  if (target.task !== "regression") return (a, b) => a !== b;
  const mean = rows.reduce((sum, row) => sum + target.values[row]!, 0) / rows.length;
  const variance = rows.reduce((sum, row) => sum + (target.values[row]! - mean) ** 2, 0) / rows.length;
  const limit = CONFLICT_DEVIATIONS * Math.sqrt(variance);
  return (a, b) => Math.abs(a - b) > limit;
}

function crossingOf(situation: Situation): { twins: Uint8Array; pairs: RowPair[] } {
  const { groups, test, learning } = situation;
  const side = new Uint8Array(situation.features.rows);
  for (const row of learning) side[row] = 1;
  const twinOf = new Uint8Array(situation.features.rows);
  const pairs: RowPair[] = [];
  const cross = (judged: readonly number[], learnt: readonly number[], kind: 1 | 2): void => {
    const known = learnt.find((row) => side[row] === 1);
    if (known === undefined) return;
    for (const row of judged) {
      if (side[row] === 1 || twinOf[row]! >= kind) continue;
      twinOf[row] = kind;
      pairs.push(rowPair(situation, known, row, kind === 2));
    }
  };
  for (const [a, b] of twinGroups(situation)) {
    cross(groups[b]!, groups[a]!, a === b ? 2 : 1);
    if (a !== b) cross(groups[a]!, groups[b]!, 1);
  }
  return { twins: Uint8Array.from(test, (row) => twinOf[row]!), pairs };
}

function rowPair({ features, target }: Situation, first: number, second: number, equal: boolean): RowPair {
  const labelText = (row: number) =>
    target.task === "regression" ? String(target.values[row]) : target.classes[target.codes[row]!]!;
  const differences = equal
    ? []
    : [...features.columns].flatMap(([name, column]): [string, string, string][] => {
        const [a, b] = [textOf(column, first), textOf(column, second)];
        return a === b ? [] : [[name, a, b]];
      });
  return {
    rows: [first, second],
    labels: [labelText(first), labelText(second)],
    equal,
    differences: differences.slice(0, MOST_DIFFERENCES),
  };
}
