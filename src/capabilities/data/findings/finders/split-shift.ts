import { z } from "zod";
import { gather } from "../../../../foundation/base/gather.js";
import {
  chiSquareTail,
  kolmogorovDistance,
  kolmogorovTail,
} from "../../../../foundation/base/tail-probability.js";
import { fields } from "../../../../foundation/contracts/extension.js";
import { defineFinder } from "../../../../foundation/contracts/finder.js";
import type { Finding } from "../../../../foundation/contracts/finding.js";
import type { Column } from "../../../../foundation/contracts/frame.js";
import { isMissing } from "../../profile/statistics/cells.js";
import { chiSquare, contingencyTable, cramersV } from "../../profile/statistics/correlation.js";
import { featureColumns } from "../columns.js";
import { shareField } from "../share-field.js";
import { quote } from "../wording.js";

const ROW_LIMIT = 20_000;
const CATEGORY_LIMIT = 200;

interface Shift {
  /** Size of the difference, 0..1. */
  readonly effect: number;
  readonly pValue: number;
  readonly measure: "kolmogorov-smirnov" | "cramers-v";
}

/**
 * Compares training and test rows column by column: Kolmogorov-Smirnov for numbers and times, chi-square for
 * categories and for missing values. A column counts when the difference is both large and, corrected for the
 * number of comparisons (Bonferroni), not chance.
 */
export const splitShift = defineFinder({
  id: "split-shift",
  version: 1,
  summary: "Columns whose test values differ from the training values",
  config: z.strictObject({
    effect: z
      .number()
      .min(0)
      .max(1)
      .default(0.15)
      .register(fields, { title: "Difference from which to warn", help: "KS distance or Cramér's V." }),
    significance: shareField(0.001, "Chance of a false alarm in the whole table"),
  }),
  find(input, { effect, significance }) {
    const splits = input.splits ?? [];
    const columns = featureColumns(input).filter(({ profile }) => profile.name !== input.roles.time);
    const limit = significance / Math.max(1, 2 * columns.length * splits.length);
    const findings: Finding[] = [];
    for (const { profile, column } of columns) {
      let worst: (Shift & { split: string }) | undefined;
      for (const split of splits) {
        const train = thin(split.train);
        const test = thin(split.test);
        for (const shift of [valueShift(column, train, test), missingShift(column, train, test)]) {
          if (!shift || shift.pValue > limit || shift.effect < effect) continue;
          if (!worst || shift.effect > worst.effect) worst = { ...shift, split: split.name };
        }
      }
      if (!worst) continue;
      findings.push({
        id: "split-shift",
        severity: "warning",
        column: profile.name,
        message: `The test rows differ from the training rows in ${quote(profile.name)} (${worst.measure === "cramers-v" ? "Cramér's V" : "Kolmogorov-Smirnov distance"} ${worst.effect.toFixed(2)}, chance ${worst.pValue < 1e-12 ? "below 1e-12" : worst.pValue.toExponential(0)}). The score is for data unlike that learned from.`,
        evidence: { ...worst },
        fix: {
          state: "proposed",
          action:
            "Expected if the split is by time or group and the world changed; then watch this column in operation. Otherwise check how the parts were made.",
        },
      });
    }
    return findings;
  },
});

/** Every k-th row, so that at most the limit remain. */
function thin(rows: Int32Array): Int32Array {
  const step = Math.ceil(rows.length / ROW_LIMIT);
  return step <= 1 ? rows : rows.filter((_, i) => i % step === 0);
}

function valueShift(column: Column, train: Int32Array, test: Int32Array): Shift | undefined {
  if (column.kind === "category") {
    // Rare categories have no counts to compare.
    if (column.dictionary.length > CATEGORY_LIMIT) return undefined;
    return countShift((row) => column.codes[row]!, column.dictionary.length, train, test);
  }
  if (column.kind !== "number" && column.kind !== "boolean" && column.kind !== "datetime") return undefined;
  const known = (rows: Int32Array): Float64Array =>
    gather(column.values, rows)
      .filter((value) => !Number.isNaN(value))
      .sort();
  const first = known(train);
  const second = known(test);
  if (Math.min(first.length, second.length) < 20) return undefined;
  const distance = kolmogorovDistance(first, second);
  return {
    effect: distance,
    pValue: kolmogorovTail(distance, first.length, second.length),
    measure: "kolmogorov-smirnov",
  };
}

function missingShift(column: Column, train: Int32Array, test: Int32Array): Shift | undefined {
  return countShift((row) => (isMissing(column, row) ? 1 : 0), 2, train, test);
}

function countShift(
  codeOf: (row: number) => number,
  size: number,
  train: Int32Array,
  test: Int32Array,
): Shift | undefined {
  if (Math.min(train.length, test.length) < 20) return undefined;
  const codes = [...Array.from(train, codeOf), ...Array.from(test, codeOf)];
  const sides = codes.map((_, i) => (i < train.length ? 0 : 1));
  const table = contingencyTable(sides, codes, 2, size);
  const { statistic, degreesOfFreedom } = chiSquare(table);
  const effect = cramersV(table);
  if (degreesOfFreedom === 0 || Number.isNaN(effect)) return undefined;
  return { effect, pValue: chiSquareTail(statistic, degreesOfFreedom), measure: "cramers-v" };
}
