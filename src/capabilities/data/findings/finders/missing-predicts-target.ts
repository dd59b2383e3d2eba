import { z } from "zod";
import { defineFinder } from "../../../../foundation/contracts/finder.js";
import type { Finding } from "../../../../foundation/contracts/finding.js";
import { missingCells } from "../../profile/statistics/cells.js";
import { explainedShare, prepareTarget } from "../../profile/statistics/explained-share.js";
import { featureColumns } from "../columns.js";
import { shareField } from "../share-field.js";
import { percent, quote } from "../wording.js";

export const missingPredictsTarget = defineFinder({
  id: "missing-predicts-target",
  version: 1,
  summary: "Columns whose gaps give the target away",
  config: z.strictObject({
    explainedShare: shareField(0.1, "Explained share of the target worth mentioning"),
    leakShare: shareField(0.8, "Explained share of the target that is a leak"),
    warningShare: shareField(0.3, "Explained share of the target from which to warn"),
  }),
  find(input, config) {
    const prepared = input.target && prepareTarget(input.target.values, input.sample);
    if (!input.target || !prepared) return [];
    const findings: Finding[] = [];
    for (const { profile, column } of featureColumns(input)) {
      if (profile.missing === 0 || profile.count === 0) continue;
      const explained = explainedShare(missingCells(column, input.sample), prepared);
      if (explained < config.explainedShare) continue;
      const leak = explained >= config.leakShare;
      findings.push({
        id: "missing-predicts-target",
        severity: leak ? "critical" : explained >= config.warningShare ? "warning" : "info",
        column: profile.name,
        message: leak
          ? `Whether ${quote(profile.name)} is filled gives the target ${quote(input.target.name)} away (${percent(explained)} of it explained). It is probably filled in only once the outcome is known.`
          : `Whether ${quote(profile.name)} is filled explains ${percent(explained)} of the target ${quote(input.target.name)}. That is useful if gaps arise in the same way when predicting, and a leak if they are filled in later.`,
        evidence: {
          explainedShare: explained,
          missingShare: profile.missingShare,
          sampleRows: input.sample.length,
        },
        fix: {
          state: "proposed",
          action: leak
            ? `Leave it out with \`data.ignore: [${profile.name}]\`.`
            : "Find out when and why the column is filled.",
        },
      });
    }
    return findings;
  },
});
