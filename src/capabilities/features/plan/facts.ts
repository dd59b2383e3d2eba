import { finiteValues } from "../../../foundation/base/gather.js";
import {
  type CategoryColumn,
  type Column,
  cellWidth,
  type Frame,
} from "../../../foundation/contracts/frame.js";
import type { Target } from "../../../foundation/contracts/target.js";
import type { FeatureKind } from "../pipeline/pipeline.js";
import { countCategories } from "../shared/categories.js";
import { skewness } from "../shared/statistics.js";
import { actsAsCodes } from "./codes.js";

/** What a plan depends on, of one raw column in the training rows. */
export interface ColumnFacts {
  readonly name: string;
  readonly kind: FeatureKind;
  readonly missing: number;
  /** Number: false where float32 would merge values. */
  readonly isFloat32?: boolean;
  /** Number: Fisher's skewness of the finite values. */
  readonly skewness?: number;
  /** Number, boolean, category: distinct values, counted up to `DISTINCT_LIMIT`. */
  readonly distinct?: number;
  /** Number: share of the finite values that the commonest of them has, in (0,1]. */
  readonly commonest?: number;
  /** Number: true where the target shows that the values name things; known only where the target was given. */
  readonly isCode?: boolean;
  /** Text: share of Han characters among letters, in [0,1]. */
  readonly hanShare?: number;
  /** Text: mean length in UTF-16 units of texts that are not empty. */
  readonly meanLength?: number;
  /** Image: values of one row. */
  readonly values?: number;
}

export const DISTINCT_LIMIT = 10_000;
const TEXT_SAMPLE = 1000;

/**
 * One entry for each column of the frame, in order.
 * @param target of the same rows
 */
export function describeColumns(frame: Frame, target?: Target): ColumnFacts[] {
  return [...frame.columns].map(([name, column]) => ({
    name,
    kind: column.kind,
    ...factsOf(column),
    ...(target && isCode(column, target) ? { isCode: true } : {}),
  }));
}

const isCode = (column: Column, target: Target): boolean =>
  column.kind === "number" && column.values instanceof Float32Array && actsAsCodes(column.values, target);

function factsOf(column: Column): Omit<ColumnFacts, "name" | "kind"> {
  switch (column.kind) {
    case "number": {
      const finite = finiteValues(column.values);
      return {
        missing: countNaN(column.values),
        isFloat32: column.values instanceof Float32Array,
        skewness: skewness(finite),
        ...countValues(finite),
      };
    }
    case "boolean":
    case "datetime":
      return {
        missing: countNaN(column.values),
        distinct: countValues(finiteValues(column.values)).distinct,
      };
    case "category":
      return categoryFacts(column);
    case "text":
      return textFacts(column.values);
    case "id":
      return { missing: column.values.filter((value) => value === "").length };
    case "image":
      return { missing: 0, values: cellWidth(column) };
    case "vector":
    case "tokens":
      return { missing: countNaN(column.values) };
  }
}

function categoryFacts(column: CategoryColumn): Omit<ColumnFacts, "name" | "kind"> {
  const { counts, missing } = countCategories(column);
  return { missing, distinct: counts.filter((count) => count > 0).length };
}

function textFacts(values: readonly string[]): Omit<ColumnFacts, "name" | "kind"> {
  let letters = 0;
  let han = 0;
  let units = 0;
  let missing = 0;
  const stride = Math.max(1, Math.floor(values.length / TEXT_SAMPLE));
  for (const value of values) if (value === "") missing++;
  let sampled = 0;
  for (let row = 0; row < values.length; row += stride) {
    const text = values[row]!.slice(0, 2000);
    if (text === "") continue;
    sampled++;
    units += values[row]!.length;
    letters += text.match(/\p{L}/gu)?.length ?? 0;
    han += text.match(/\p{Script=Han}/gu)?.length ?? 0;
  }
  return {
    missing,
    hanShare: letters > 0 ? han / letters : 0,
    meanLength: sampled > 0 ? units / sampled : 0,
  };
}

function countNaN(values: ArrayLike<number>): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i]!)) count++;
  return count;
}

function countValues(values: Float64Array): { distinct: number; commonest: number } {
  const counts = new Map<number, number>();
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    const count = counts.get(values[i]!) ?? 0;
    if (count === 0 && counts.size >= DISTINCT_LIMIT) continue;
    counts.set(values[i]!, count + 1);
    if (count >= most) most = count + 1;
  }
  return { distinct: counts.size, commonest: values.length > 0 ? most / values.length : 1 };
}
