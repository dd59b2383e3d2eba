import { z } from "zod";
import { defineFinder, type FinderInput } from "../../../../foundation/contracts/finder.js";
import type { Finding } from "../../../../foundation/contracts/finding.js";
import type { Column } from "../../../../foundation/contracts/frame.js";
import type { ColumnProfile } from "../../../../foundation/contracts/profile.js";
import type { Split } from "../../../../foundation/contracts/split.js";
import { cellsOf } from "../../profile/statistics/cells.js";
import { explainedShare, prepareTarget } from "../../profile/statistics/explained-share.js";
import { textOf } from "../columns.js";
import { shareField } from "../share-field.js";
import { formatCount, percent, quote } from "../wording.js";

export const groupLeak = defineFinder({
  id: "group-leak",
  version: 1,
  summary: "Groups whose rows are on both sides of a split, and columns that look like groups",
  config: z.strictObject({
    explainedShare: shareField(
      0.2,
      "Explained share of the target from which a column of small groups matters",
    ),
    criticalShare: shareField(0.1, "Share of test rows with a known group from which scores mislead"),
  }),
  find(input, config) {
    const { roles, frame, splits } = input;
    const named = roles.group === undefined ? undefined : frame.columns.get(roles.group);
    if (named) return crossing(roles.group!, named, splits ?? [], config.criticalShare);
    return input.profile.columns.flatMap((profile) => {
      const column = frame.columns.get(profile.name);
      return column && profile.name !== input.target?.name
        ? possibleGroup(profile, column, input, config.explainedShare)
        : [];
    });
  },
});

function crossing(name: string, column: Column, splits: readonly Split[], criticalShare: number): Finding[] {
  let worst = { rows: 0, total: 1, split: "" };
  for (const split of splits) {
    const trained = new Set(Array.from(split.train, (row) => textOf(column, row)));
    trained.delete("");
    const rows = split.test.filter((row) => trained.has(textOf(column, row))).length;
    if (rows * worst.total > worst.rows * split.test.length)
      worst = { rows, total: split.test.length, split: split.name };
  }
  if (worst.rows === 0) return [];
  const share = worst.rows / worst.total;
  return [
    {
      id: "group-leak",
      severity: share >= criticalShare ? "critical" : "warning",
      column: name,
      message: `${percent(share)} of the test rows belong to a ${quote(name)} that is in the training rows too. The model can recognise them, so the score will not hold for a new ${quote(name)}.`,
      evidence: worst,
      fix: { state: "proposed", action: `Use \`split: { kind: group, group: ${name} }\`.` },
    },
  ];
}

/** A column of many values with a few rows each, whose rows resemble each other in the target. */
function possibleGroup(profile: ColumnProfile, column: Column, input: FinderInput, limit: number): Finding[] {
  const { target, sample } = input;
  const grouping = profile.kind === "id" || profile.kind === "category";
  const small = profile.unique > Math.max(20, profile.count / 50) && profile.unique < 0.9 * profile.count;
  const prepared = target && grouping && small ? prepareTarget(target.values, sample) : undefined;
  const cells = prepared && cellsOf(column, sample);
  if (!target || !prepared || !cells) return [];
  const explained = explainedShare(cells, prepared);
  if (explained < limit) return [];
  return [
    {
      id: "possible-group",
      severity: "warning",
      column: profile.name,
      message: `Rows with the same ${quote(profile.name)} (${formatCount(profile.unique)} values, ${(profile.count / profile.unique).toFixed(1)} rows each) resemble each other in ${quote(target.name)}: it explains ${percent(explained)} of it on rows held back. If predictions are wanted for a new ${quote(profile.name)}, a split at random scores too well.`,
      evidence: { unique: profile.unique, explainedShare: explained, sampleRows: sample.length },
      fix: {
        state: "proposed",
        action: `Set \`data.group: ${profile.name}\`, which keeps each group in one part.`,
      },
    },
  ];
}
