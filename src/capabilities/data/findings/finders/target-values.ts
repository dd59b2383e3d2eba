import { z } from "zod";
import { fields } from "../../../../foundation/contracts/extension.js";
import { defineFinder } from "../../../../foundation/contracts/finder.js";
import type { Finding } from "../../../../foundation/contracts/finding.js";
import { formatNumber, quote, rowsOf } from "../wording.js";

export const targetValues = defineFinder({
  id: "target-values",
  version: 1,
  summary: "Rows without a target, and targets with a long tail",
  config: z.strictObject({
    skewness: z.number().min(1).default(2).register(fields, { title: "Skewness from which to mention it" }),
  }),
  find(input, { skewness: limit }) {
    const target = input.profile.target;
    if (!target) return [];
    const name = quote(target.name);
    const findings: Finding[] = [];
    if (target.missing > 0) {
      findings.push({
        id: "missing-target",
        severity: target.missing > 0.05 * input.profile.rows ? "warning" : "info",
        column: target.name,
        message: `${rowsOf(target.missing, input.profile.rows)} have no usable value of the target ${name}; nothing can be learned or judged from them.`,
        evidence: { missing: target.missing, share: target.missing / input.profile.rows },
        fix: { state: "applied", action: "These rows are left out of every part of the split." },
      });
    }
    const figures = input.profile.columns.find((column) => column.name === target.name)?.number;
    if (target.task === "regression" && figures?.skewness != null && Math.abs(figures.skewness) > limit) {
      const { p50, p99 } = figures.quantiles;
      findings.push({
        id: "skewed-target",
        severity: "info",
        column: target.name,
        message: `The target ${name} has a long tail (skewness ${formatNumber(figures.skewness)}): half of its values are below ${formatNumber(p50)}, one in a hundred above ${formatNumber(p99)}. Squared errors will be ruled by the tail.`,
        evidence: { skewness: figures.skewness, p50, p99, max: figures.max },
        fix: {
          state: "proposed",
          action:
            figures.min >= 0
              ? "Judge by mean absolute error as well, or predict the logarithm; a gamma or Tweedie objective fits amounts."
              : "Judge by mean absolute error as well; Huber and absolute error objectives are less ruled by the tail.",
        },
      });
    }
    return findings;
  },
});
