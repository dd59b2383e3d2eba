import { z } from "zod";
import { defineFinder } from "../../../../foundation/contracts/finder.js";
import type { Finding } from "../../../../foundation/contracts/finding.js";
import type { Column, DatetimeColumn } from "../../../../foundation/contracts/frame.js";
import { missingCells, numberCells } from "../../profile/statistics/cells.js";
import { explainedShare, prepareTarget } from "../../profile/statistics/explained-share.js";
import { featureColumns } from "../columns.js";
import { shareField } from "../share-field.js";
import { percent, quote } from "../wording.js";

export const postOutcomeTime = defineFinder({
  id: "post-outcome-time",
  version: 1,
  summary: "Times that are written only after the outcome",
  config: z.strictObject({
    laterShare: shareField(0.05, "Share of times later than the row's own time from which to warn"),
    explainedShare: shareField(0.8, "Explained share of the target that is a leak"),
  }),
  find(input, config) {
    const { target, roles, sample, frame } = input;
    const prepared = target && prepareTarget(target.values, sample);
    const reference = roles.time === undefined ? undefined : frame.columns.get(roles.time);
    const findings: Finding[] = [];
    for (const { profile, column } of featureColumns(input)) {
      if (column.kind !== "datetime" || profile.name === roles.time || profile.count === 0) continue;
      const name = quote(profile.name);
      const fix = {
        state: "proposed" as const,
        action: `Leave it out with \`data.ignore: [${profile.name}]\`, or keep only what was known at prediction time.`,
      };
      const explained =
        prepared && timing(column, reference, sample).map((cells) => explainedShare(cells, prepared));
      const most = Math.max(0, ...(explained ?? []));
      if (target && most >= config.explainedShare) {
        findings.push({
          id: "post-outcome-time",
          severity: "critical",
          column: profile.name,
          message: `The time ${name}, or whether it is filled, gives the target ${quote(target.name)} away (${percent(most)} of it explained). Such a time is written when the outcome happens and is not known before.`,
          evidence: { explainedShare: most, missingShare: profile.missingShare, sampleRows: sample.length },
          fix,
        });
        continue;
      }
      const later = reference?.kind === "datetime" ? laterShare(column, reference, sample) : 0;
      if (later > config.laterShare) {
        findings.push({
          id: "post-outcome-time",
          severity: "warning",
          column: profile.name,
          message: `${name} is later than ${quote(roles.time!)} in ${percent(later)} of rows. If a prediction is made at ${quote(roles.time!)}, this time is not known yet.`,
          evidence: { laterShare: later, reference: roles.time, sampleRows: sample.length },
          fix,
        });
      }
    }
    return findings;
  },
});

/** Filled or not; and how long after the row's own time. */
function timing(column: DatetimeColumn, reference: Column | undefined, sample: Int32Array) {
  const filled = missingCells(column, sample);
  if (reference?.kind !== "datetime") return [filled];
  const delays = Float64Array.from(sample, (row) => column.values[row]! - reference.values[row]!);
  return [filled, numberCells(delays)];
}

function laterShare(column: DatetimeColumn, reference: DatetimeColumn, sample: Int32Array): number {
  let known = 0;
  let later = 0;
  for (const row of sample) {
    const delay = column.values[row]! - reference.values[row]!;
    if (Number.isNaN(delay)) continue;
    known++;
    if (delay > 0) later++;
  }
  return known === 0 ? 0 : later / known;
}
