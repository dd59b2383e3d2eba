import { z } from "zod";
import { spearman } from "../../../../foundation/base/correlation.js";
import { defineFinder, type FinderInput } from "../../../../foundation/contracts/finder.js";
import type { Finding } from "../../../../foundation/contracts/finding.js";
import type { Column } from "../../../../foundation/contracts/frame.js";
import type { ColumnProfile } from "../../../../foundation/contracts/profile.js";
import type { Target } from "../../../../foundation/contracts/target.js";
import { cellsOf } from "../../profile/statistics/cells.js";
import { featureColumns } from "../columns.js";
import { shareField } from "../share-field.js";
import { percent, quote } from "../wording.js";

/**
 * A column that nearly determines the target is either the target in disguise or known only afterwards.
 * Two signs, both from rows the column's cells were not fitted on (see `explainedShare`):
 * it explains practically everything; or it explains most, and leaves far less open than the next best column.
 * Strong honest predictors come in company (petal length and width), a leak stands alone, so only a column that
 * stands alone, or is the target under another name or scale, is critical.
 */
export const targetLeak = defineFinder({
  id: "target-leak",
  version: 1,
  summary: "Columns that give the target away",
  config: z.strictObject({
    certain: shareField(0.985, "Explained share that is practically everything", 0.9),
    suspicious: shareField(0.8, "Explained share worth a look, classes", 0.5),
    suspiciousNumber: shareField(0.95, "Explained share worth a look, numbers", 0.5),
    standsOut: shareField(0.3, "What it leaves open, as a share of what the next best column leaves open"),
  }),
  find(input, config) {
    const { target } = input;
    if (!target) return [];
    const candidates = featureColumns(input)
      .filter(({ profile }) => profile.association !== undefined && !sharedByFewRows(profile))
      .sort((a, b) => b.profile.association! - a.profile.association!);
    const suspicious = target.values.task === "regression" ? config.suspiciousNumber : config.suspicious;
    const findings: Finding[] = [];
    for (const [index, { profile, column }] of candidates.entries()) {
      const explained = profile.association!;
      if (explained < suspicious) break;
      const next = candidates[index + 1]?.profile.association ?? 0;
      const form = describe(column, target.values, input);
      const alone = 1 - explained <= config.standsOut * (1 - next);
      const disguised = form.id !== "determines";
      if (!alone && !disguised && explained < config.certain) continue;
      const critical = disguised || (alone && explained >= config.certain);
      findings.push({
        id: "target-leak",
        severity: critical ? "critical" : "warning",
        column: profile.name,
        message: critical
          ? `Column ${quote(profile.name)} ${form.words} the target ${quote(target.name)}: alone it explains ${percent(explained)} of it on rows held back. If it would not be known when a prediction is made, every score is an illusion.`
          : `Column ${quote(profile.name)} alone explains ${percent(explained)} of the target ${quote(target.name)} on rows held back, the next best column ${percent(next)}. Check that it is known when a prediction is made, and not filled in afterwards.`,
        evidence: {
          explainedShare: explained,
          nextBest: next,
          form: form.id,
          sampleRows: input.sample.length,
        },
        fix: {
          state: "proposed",
          action: `Leave it out with \`data.ignore: [${profile.name}]\` unless it is known at prediction time.`,
        },
      });
    }
    return findings;
  },
});

/** Values shared by a handful of rows each: that is a matter of groups, see `group-leak`. */
function sharedByFewRows(profile: ColumnProfile): boolean {
  return (
    (profile.kind === "category" || profile.kind === "text") &&
    profile.unique > Math.max(20, profile.count / 10)
  );
}

/** In what way the column resembles the target. */
function describe(column: Column, target: Target, { sample }: FinderInput): { id: string; words: string } {
  if (target.task === "regression") {
    if (column.kind !== "number" && column.kind !== "datetime")
      return { id: "determines", words: "nearly determines" };
    const known = sample.filter(
      (row) => Number.isFinite(target.values[row]) && Number.isFinite(column.values[row]!),
    );
    if (
      known.every(
        (row) =>
          column.values[row] === target.values[row] ||
          column.values[row] === Math.fround(target.values[row]!),
      )
    )
      return { id: "copy", words: "is a copy of" };
    const order = spearman(
      Array.from(known, (row) => column.values[row]!),
      Array.from(known, (row) => target.values[row]!),
    );
    if (Math.abs(order) > 0.99999)
      return { id: "monotone", words: "puts the rows in just the same order as" };
    return { id: "determines", words: "nearly determines" };
  }
  const cells = cellsOf(column, sample);
  if (!cells) return { id: "determines", words: "nearly determines" };
  const pairs = new Set<number>();
  const classes = new Set<number>();
  for (const [position, row] of sample.entries()) {
    const code = target.codes[row]!;
    if (code < 0) continue;
    classes.add(code);
    pairs.add(cells.codes[position]! * target.classes.length + code);
  }
  const oneToOne = pairs.size === classes.size;
  return oneToOne
    ? { id: "renamed", words: "is the same as, perhaps under other names," }
    : { id: "determines", words: "nearly determines" };
}
