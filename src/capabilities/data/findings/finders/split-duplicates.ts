import { z } from "zod";
import { defineFinder } from "../../../../foundation/contracts/finder.js";
import type { Finding } from "../../../../foundation/contracts/finding.js";
import { profileExpectsEqualRows } from "../columns.js";
import { contentKeys } from "../row-content.js";
import { shareField } from "../share-field.js";
import { percent, rows, rowsOf } from "../wording.js";

export const splitDuplicates = defineFinder({
  id: "split-duplicates",
  version: 1,
  summary: "The same row, or an equal one, on both sides of a split",
  config: z.strictObject({
    warningShare: shareField(0.005, "Share of test rows to warn at"),
    criticalShare: shareField(0.1, "Share of test rows from which scores mislead"),
  }),
  find(input, { warningShare, criticalShare }) {
    const splits = input.splits ?? [];
    if (splits.length === 0) return [];
    const names = input.profile.columns.filter(({ name, kind }) => kind !== "id" && name !== input.roles.id);
    const present = names.map(({ name }) => name).filter((name) => input.frame.columns.has(name));
    const keys = contentKeys(input.frame, present);
    const findings: Finding[] = [];
    let worst = { rows: 0, testRows: 1, split: "" };
    for (const split of splits) {
      const trained = new Set(split.train);
      const both = split.test.filter((row) => trained.has(row)).length;
      if (both > 0) findings.push(sameRows(both, split.test.length, split.name));
      const trainedKeys = new Set(Array.from(split.train, (row) => keys[row]!));
      const equal = split.test.filter((row) => !trained.has(row) && trainedKeys.has(keys[row]!)).length;
      if (equal * worst.testRows > worst.rows * split.test.length) {
        worst = { rows: equal, testRows: split.test.length, split: split.name };
      }
    }
    const share = worst.rows / worst.testRows;
    if (worst.rows === 0 || profileExpectsEqualRows(input)) return findings;
    findings.push({
      id: "split-duplicates",
      severity: share >= criticalShare ? "critical" : share >= warningShare ? "warning" : "info",
      message: `${rowsOf(worst.rows, worst.testRows)} of the test part equal a training row in every column but ids. On these the model is asked what it was told, so the score is too good.`,
      evidence: { ...worst, share },
      fix: {
        state: "proposed",
        action:
          "Split by hash (`stratified`, `random`), which keeps equal rows together, or remove the copies.",
      },
    });
    return findings;
  },
});

function sameRows(count: number, testRows: number, split: string): Finding {
  return {
    id: "split-overlap",
    severity: "critical",
    message: `${rows(count)} (${percent(count / testRows)} of the test part) are in the training part as well.`,
    evidence: { rows: count, testRows, split },
    fix: { state: "proposed", action: "Make the parts of the split disjoint." },
  };
}
