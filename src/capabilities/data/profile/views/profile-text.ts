import { formatPercent } from "../../../../foundation/base/number-text.js";
import { cutTo, displayWidth, pad, wrap } from "../../../../foundation/base/terminal-text.js";
import type { ColumnProfile, Profile } from "../../../../foundation/contracts/profile.js";
import { figure, sparkline, valueSummary } from "./column-summary.js";

export interface TextOptions {
  /** Terminal columns; default 100, at least 60. */
  readonly width?: number;
}

interface TextColumn {
  readonly title: string;
  readonly align: "left" | "right";
  readonly cell: (column: ColumnProfile) => string;
  /** Columns it never exceeds. */
  readonly limit: number;
}

const SPARK_WIDTH = 15;
/** Columns kept for the summary of values. */
const SUMMARY_WIDTH = 14;
const MARKS = { critical: "!!", warning: "! ", info: "  " } as const;

/** The profile for a terminal: plain text, aligned also where values are Chinese, no wider than asked. */
export function profileText(profile: Profile, options: TextOptions = {}): string {
  const width = Math.max(60, options.width ?? 100);
  return [
    ...heading(profile, width),
    "",
    ...columnTable(profile, width),
    ...findingLines(profile, width),
    "",
  ].join("\n");
}

function heading({ rows, columns, duplicates, target }: Profile, width: number): string[] {
  const lines = [`${figure(rows)} rows, ${figure(columns.length)} columns`];
  if (duplicates.rows > 0)
    lines[0] += `, ${duplicates.exact ? "" : "about "}${figure(duplicates.rows)} repeated rows`;
  if (target?.classes) {
    const shares = target.classes.slice(0, 6).map(({ label, share }) => `${label} ${formatPercent(share)}`);
    const more = target.classes.length > 6 ? `, ${target.classes.length - 6} more` : "";
    lines.push(cutTo(`Target ${target.name} (${target.task}): ${shares.join(", ")}${more}`, width));
  } else if (target) lines.push(cutTo(`Target ${target.name} (${target.task})`, width));
  return lines;
}

function columnTable({ columns }: Profile, width: number): string[] {
  const parts: TextColumn[] = [
    { title: "column", align: "left", limit: 28, cell: ({ name }) => name },
    { title: "kind", align: "left", limit: 8, cell: ({ kind }) => kind },
    {
      title: "missing",
      align: "right",
      limit: 7,
      cell: ({ missing, missingShare }) => (missing === 0 ? "" : shareText(missingShare)),
    },
    {
      title: "unique",
      align: "right",
      limit: 11,
      cell: ({ unique, uniqueExact }) => `${uniqueExact ? "" : "~"}${figure(unique)}`,
    },
    { title: "", align: "left", limit: SPARK_WIDTH, cell: (column) => sparkline(column, SPARK_WIDTH) },
  ];
  if (columns.some(({ association }) => association !== undefined)) {
    parts.push({
      title: "tells",
      align: "right",
      limit: 6,
      cell: ({ association }) => (association === undefined ? "" : shareText(association)),
    });
  }
  const widths = parts.map((part) =>
    Math.min(
      part.limit,
      Math.max(displayWidth(part.title), ...columns.map((column) => displayWidth(part.cell(column)))),
    ),
  );
  const over = (): number => widths.reduce((sum, part) => sum + part + 2, 0) + SUMMARY_WIDTH - width;
  // A narrow terminal takes from the names first, then from the bars.
  widths[0] = Math.max(Math.min(widths[0]!, 10), widths[0]! - Math.max(0, over()));
  widths[4] = Math.max(0, widths[4]! - Math.max(0, over()));
  const rest = Math.max(0, SUMMARY_WIDTH - over());
  const line = (cells: readonly string[], last: string): string =>
    [...cells.map((cell, i) => pad(cell, widths[i]!, parts[i]!.align)), cutTo(last, rest)]
      .join("  ")
      .trimEnd();
  return [
    line(
      parts.map(({ title }) => title),
      "values",
    ),
    ...columns.map((column) =>
      line(
        parts.map(({ cell }) => cell(column)),
        valueSummary(column),
      ),
    ),
  ];
}

function shareText(share: number): string {
  if (share > 0 && share < 0.001) return "<0.1%";
  return formatPercent(share);
}

function findingLines({ findings, sampleRows, rows }: Profile, width: number): string[] {
  if (findings.length === 0) return ["", "Nothing to report."];
  const lines = ["", `${findings.length} ${findings.length === 1 ? "finding" : "findings"}:`];
  for (const finding of findings) {
    const text = wrap(finding.message, width - 3).map(
      (part, i) => `${i === 0 ? MARKS[finding.severity] : "  "} ${part}`,
    );
    const { action } = finding.fix;
    const fix =
      action === "" ? [] : wrap(action, width - 5).map((part, i) => `   ${i === 0 ? "→" : " "} ${part}`);
    lines.push(...text, ...fix);
  }
  if (sampleRows < rows)
    lines.push("", `Statistics of pairs and the target come from ${figure(sampleRows)} sampled rows.`);
  return lines;
}
