import { finiteOrder } from "../../../foundation/base/ascending-order.js";
import { pearson } from "../../../foundation/base/correlation.js";
import { gather } from "../../../foundation/base/gather.js";
import { averageRanks } from "../../../foundation/base/ranks.js";
import type { Column, Frame } from "../../../foundation/contracts/frame.js";
import type { Correlation } from "../../../foundation/contracts/profile.js";
import { contingencyTable, correlationRatio, cramersV } from "./statistics/correlation.js";

/** Rows behind a correlation: its standard error is then about 1.4 %. */
export const CORRELATION_ROWS = 5000;
const COLUMN_LIMIT = 120;
const CATEGORY_LIMIT = 50;
/** Of wide tables only the strongest pairs are kept, and all rank correlations of the first numbers, for a map. */
const PAIR_LIMIT = 1500;
const MAPPED_COLUMNS = 40;

/** A column as numbers, or as codes of few categories. */
type Side = Numbers | Codes;

interface Numbers {
  readonly name: string;
  readonly numbers: Float64Array;
  /** Rows of finite values by ascending value: sorted once for all pairs. */
  readonly order: Uint32Array;
  /** By that order; among fewer rows, those of a partner with gaps, they are others. */
  readonly ranks: Float64Array;
}

interface Codes {
  readonly name: string;
  readonly codes: Int32Array;
  readonly categories: number;
}

/**
 * Pearson and Spearman between numbers, booleans and times; Cramér's V between categories; the correlation
 * ratio between the two. Strongest first; undefined ones (constant columns) are left out.
 */
export function correlate(frame: Frame, rows: Int32Array): Correlation[] {
  const sides = [...frame.columns]
    .flatMap(([name, column]) => sideOf(name, column, rows) ?? [])
    .slice(0, COLUMN_LIMIT);
  const result: Correlation[] = [];
  for (const [i, first] of sides.entries()) {
    for (const second of sides.slice(i + 1)) result.push(...correlatePair(first, second));
  }
  const mapped = new Set(
    sides
      .filter((side) => "numbers" in side)
      .slice(0, MAPPED_COLUMNS)
      .map(({ name }) => name),
  );
  return result
    .filter(({ value }) => Number.isFinite(value))
    .map((correlation) => ({ ...correlation, value: Number(correlation.value.toFixed(6)) }))
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
    .filter(
      ({ measure, first, second }, place) =>
        place < PAIR_LIMIT || (measure === "spearman" && mapped.has(first) && mapped.has(second)),
    );
}

function sideOf(name: string, column: Column, rows: Int32Array): Side | undefined {
  if (column.kind === "category") {
    if (column.dictionary.length > CATEGORY_LIMIT) return undefined;
    return {
      name,
      codes: Int32Array.from(rows, (row) => column.codes[row]!),
      categories: column.dictionary.length,
    };
  }
  if (column.kind !== "number" && column.kind !== "boolean" && column.kind !== "datetime") return undefined;
  const numbers = gather(column.values, rows);
  const order = finiteOrder(numbers);
  return { name, numbers, order, ranks: averageRanks(numbers, order) };
}

/** Ranks of one side among the rows that both have. */
function ranksAmong({ numbers, order, ranks }: Numbers, partner: Numbers): Float64Array {
  if (partner.order.length === numbers.length) return ranks;
  return averageRanks(
    numbers,
    order.filter((row) => Number.isFinite(partner.numbers[row]!)),
  );
}

function correlatePair(a: Side, b: Side): Correlation[] {
  const names = { first: a.name, second: b.name };
  if ("numbers" in a && "numbers" in b) {
    return [
      { ...names, measure: "pearson", value: pearson(a.numbers, b.numbers) },
      { ...names, measure: "spearman", value: pearson(ranksAmong(a, b), ranksAmong(b, a)) },
    ];
  }
  if ("codes" in a && "codes" in b) {
    const table = contingencyTable(a.codes, b.codes, a.categories, b.categories);
    return [{ ...names, measure: "cramers-v", value: cramersV(table) }];
  }
  const [category, number] =
    "codes" in a
      ? [a, b as { numbers: Float64Array }]
      : [b as typeof a & { codes: Int32Array; categories: number }, a];
  return [
    {
      ...names,
      measure: "correlation-ratio",
      value: correlationRatio(category.codes, number.numbers, category.categories),
    },
  ];
}
