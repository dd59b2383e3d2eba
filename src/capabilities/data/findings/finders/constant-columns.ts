import { z } from "zod";
import { defineFinder } from "../../../../foundation/contracts/finder.js";
import type { Finding } from "../../../../foundation/contracts/finding.js";
import type { ColumnProfile } from "../../../../foundation/contracts/profile.js";
import { featureColumns } from "../columns.js";
import { shareField } from "../share-field.js";
import { quote, rows } from "../wording.js";

/** More constant columns than this make one finding. */
const LISTED_APART = 3;

export const constantColumns = defineFinder({
  id: "constant-column",
  version: 1,
  summary: "Columns with one value, or nearly",
  config: z.strictObject({
    nearShare: shareField(0.995, "Share of one value from which a column is nearly constant", 0.5),
  }),
  find(input, { nearShare }) {
    if (input.profile.rows < 2) return [];
    const columns = featureColumns(input).map(({ profile }) => profile);
    const constant = columns.filter(
      ({ count, unique, missing }) => count > 0 && unique === 1 && missing === 0,
    );
    const near = columns.filter(
      ({ top, topSampleRows, count, unique }) =>
        unique > 1 && topSampleRows === undefined && (top?.[0]?.count ?? 0) >= nearShare * count,
    );
    return [
      ...(constant.length > LISTED_APART ? [manyConstant(constant)] : constant.map(constantFinding)),
      ...nearFinding(near),
    ];
  },
});

function constantFinding({ name, top }: ColumnProfile): Finding {
  const only = top?.[0]?.value;
  return {
    id: "constant-column",
    severity: "warning",
    column: name,
    message: `Column ${quote(name)} has one value in every row${only === undefined ? "" : `, ${quote(only)}`}; a model cannot learn from it.`,
    evidence: { unique: 1, ...(only !== undefined && { value: only }) },
    fix: {
      state: "proposed",
      action: `Leave it out with \`data.ignore: [${name}]\`, or check why it never changes.`,
    },
  };
}

function manyConstant(columns: readonly ColumnProfile[]): Finding {
  const names = columns.map(({ name }) => name);
  const more = names.length > 8 ? ` and ${names.length - 8} more` : "";
  return {
    id: "constant-column",
    severity: "warning",
    message: `${names.length} columns have one value in every row, and a model cannot learn from them: ${names.slice(0, 8).map(quote).join(", ")}${more}.`,
    evidence: { columns: names.slice(0, 200) },
    fix: { state: "proposed", action: "Leave them out with `data.ignore`, or check why they never change." },
  };
}

/** One finding for all of them: they do no harm, and a list of ten would hide what does. */
function nearFinding(columns: readonly ColumnProfile[]): Finding[] {
  if (columns.length === 0) return [];
  const listed = columns.map(({ name, count, top }) => ({
    column: name,
    value: top![0]!.value,
    others: count - top![0]!.count,
  }));
  const words = listed.slice(0, 5).map(({ column, others }) => `${quote(column)} (${rows(others)} differ)`);
  const more = listed.length > 5 ? ` and ${listed.length - 5} more` : "";
  return [
    {
      id: "near-constant-column",
      severity: "info",
      ...(columns.length === 1 && { column: columns[0]!.name }),
      message: `Almost always the same value: ${words.join(", ")}${more}.`,
      evidence: { columns: listed.slice(0, 50) },
      fix: { state: "none", action: "They do no harm; leave them out if the rare values carry no meaning." },
    },
  ];
}
