import { z } from "zod";
import { defineFinder, type FinderInput } from "../../../../foundation/contracts/finder.js";
import type { Finding } from "../../../../foundation/contracts/finding.js";
import { createFrame } from "../../../../foundation/contracts/frame.js";
import type { Target } from "../../../../foundation/contracts/target.js";
import { featureColumns, rowNumbers } from "../columns.js";
import { findNearDuplicates } from "../near/find-near-duplicates.js";
import { shareField } from "../share-field.js";
import { rowsOf } from "../wording.js";

/** Beyond this the comparison would take longer than the rest of the look at the data. */
const MOST_ROWS = 50_000;
const MOST_PAIRS = 10_000;

/** What `conflicting-labels` and `split-duplicates` say of equal rows, for rows that are nearly equal. */
export const nearDuplicates = defineFinder({
  id: "near-duplicates",
  version: 1,
  summary: "Rows that nearly equal others: contradicting labels, or one of them in the test part",
  config: z.strictObject({
    warningShare: shareField(0.01, "Share of rows from which to warn"),
  }),
  find(input, { warningShare }) {
    const { target, frame } = input;
    if (!target || frame.rows > MOST_ROWS) return [];
    const features = createFrame(
      featureColumns(input).map(({ profile, column }) => [profile.name, column] as const),
      frame.rows,
    );
    const { learning, test } = partsOf(input, target.values);
    const search = { features, target: target.values, learning, test, most: MOST_PAIRS };
    const { document } = findNearDuplicates(search);
    const near = document.conflicts.filter(({ equal }) => !equal);
    const conflicting = new Set(near.flatMap((pair) => pair.rows)).size;
    const { nearRows: crossing, testRows } = document.crossing;
    const severity = (count: number, of: number): Finding["severity"] =>
      count / of >= warningShare ? "warning" : "info";
    return [
      ...(conflicting > 0
        ? [conflictFinding(input, target.name, conflicting, document.rows, severity, near)]
        : []),
      ...(crossing > 0 ? [crossingFinding(crossing, testRows, severity)] : []),
    ];
  },
});

type Judge = (count: number, of: number) => Finding["severity"];

/** Rows with a label; without a split all are learnt from. */
function partsOf({ splits, frame }: FinderInput, target: Target): { learning: Int32Array; test: Int32Array } {
  const known = (row: number) =>
    target.task === "regression" ? !Number.isNaN(target.values[row]!) : target.codes[row]! >= 0;
  const split = splits?.[0];
  if (!split)
    return {
      learning: Int32Array.from({ length: frame.rows }, (_, row) => row).filter(known),
      test: new Int32Array(0),
    };
  const test = split.test.filter(known);
  const judged = new Set(test);
  const learning = Int32Array.from([...split.train, ...split.validation]);
  return { learning: learning.filter((row) => known(row) && !judged.has(row)), test };
}

function conflictFinding(
  input: FinderInput,
  target: string,
  count: number,
  total: number,
  severity: Judge,
  pairs: readonly { readonly rows: readonly [number, number] }[],
): Finding {
  return {
    id: "near-duplicate-conflicts",
    severity: severity(count, total),
    message: `${rowsOf(count, total)} nearly equal another row but have another ${JSON.stringify(target)}: one of the two labels is likely wrong, or the column that tells them apart is missing.`,
    evidence: {
      rows: count,
      share: count / total,
      ...rowNumbers(
        input,
        pairs.slice(0, 3).flatMap((pair) => pair.rows),
      ),
    },
    fix: { state: "proposed", action: "Look at these pairs and correct their labels." },
  };
}

function crossingFinding(count: number, testRows: number, severity: Judge): Finding {
  return {
    id: "split-near-duplicates",
    severity: severity(count, testRows),
    message: `${rowsOf(count, testRows)} of the test part nearly equal a learning row. If they come from one source (the same person, item or measurement), the score is too good.`,
    evidence: { rows: count, share: count / testRows, testRows },
    fix: { state: "proposed", action: "Name their source in `data.group`, so that it stays in one part." },
  };
}
