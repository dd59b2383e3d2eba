import { z } from "zod";
import { fields } from "../../../../foundation/contracts/extension.js";
import { defineFinder } from "../../../../foundation/contracts/finder.js";
import type { Finding } from "../../../../foundation/contracts/finding.js";
import { formatCount, percent, quote, rows } from "../wording.js";

export const classBalance = defineFinder({
  id: "class-balance",
  version: 1,
  summary: "Classes with few rows, alone or beside a large one",
  config: z.strictObject({
    rareRows: z
      .number()
      .int()
      .min(1)
      .default(10)
      .register(fields, { title: "Rows below which a class is rare", unit: "rows" }),
    imbalanceShare: z
      .number()
      .min(0)
      .max(0.5)
      .default(0.1)
      .register(fields, { title: "Share of the smaller class below which a binary target is imbalanced" }),
    imbalanceRatio: z
      .number()
      .min(2)
      .default(20)
      .register(fields, { title: "Largest to smallest class from which classes are imbalanced" }),
  }),
  find(input, { rareRows, imbalanceShare, imbalanceRatio }) {
    const target = input.profile.target;
    const classes = target?.classes;
    if (!target || !classes || classes.length === 0) return [];
    const name = quote(target.name);
    const findings: Finding[] = [];
    const rare = classes.filter((item) => item.count < rareRows);
    if (rare.length > 0 && classes.length > 1) {
      const listed = rare.slice(-5).map((item) => `${quote(item.label)} (${formatCount(item.count)})`);
      findings.push({
        id: "rare-classes",
        severity: "warning",
        column: target.name,
        message: `${rare.length === 1 ? "One class" : `${rare.length} classes`} of ${name} ${rare.length === 1 ? "has" : "have"} fewer than ${rareRows} rows: ${listed.join(", ")}. A model can hardly learn ${rare.length === 1 ? "it" : "them"}, and a score of so few rows says nothing.`,
        evidence: { classes: rare.slice(-20).map(({ label, count }) => ({ label, count })), limit: rareRows },
        fix: {
          state: "proposed",
          action:
            "Collect more rows of these classes, merge them with a neighbouring class, or leave them out.",
        },
      });
    }
    const largest = classes[0]!;
    const smallest = classes.at(-1)!;
    const imbalanced =
      classes.length === 2
        ? smallest.share < imbalanceShare
        : smallest.count >= rareRows && largest.count > imbalanceRatio * smallest.count;
    if (imbalanced && classes.length > 1) {
      findings.push({
        id: "class-imbalance",
        severity: smallest.share < 0.01 ? "warning" : "info",
        column: target.name,
        message: `${quote(smallest.label)} is ${percent(smallest.share)} of ${name} (${rows(smallest.count)}), ${quote(largest.label)} is ${percent(largest.share)}. Always answering ${quote(largest.label)} would already be right in ${percent(largest.share)} of cases, so accuracy says little here.`,
        evidence: { smallest, largest, ratio: largest.count / smallest.count },
        fix: {
          state: "proposed",
          action:
            "Judge by average precision, balanced accuracy or log loss; choose the threshold by cost. Class weights help where probabilities are not needed.",
        },
      });
    }
    return findings;
  },
});
