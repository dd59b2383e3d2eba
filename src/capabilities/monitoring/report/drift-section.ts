import { barChart, barChartHeight } from "../../../engines/pages/charts/bar.js";
import { badge, collapsible, figures, note, table } from "../../../engines/pages/components.js";
import { figure } from "../../../engines/pages/figure.js";
import { formatNumber, formatPercent } from "../../../engines/pages/format.js";
import { type Html, html, shorten } from "../../../engines/pages/html.js";
import type { PageSection } from "../../../engines/pages/page.js";
import type { ColumnDrift, DriftCheck, DriftReport } from "../../../foundation/contracts/monitoring.js";
import type { MonitorTexts } from "./texts.js";

/** All checks with alarms are listed, of the others the nearest to one. */
const LISTED = 30;
const CHARTS = 8;

export function driftSection(drift: DriftReport, texts: MonitorTexts): PageSection {
  const alarms = drift.checks.filter(({ alarm }) => alarm).length;
  const listed = drift.checks.slice(0, Math.max(LISTED, alarms));
  const charted = drift.columns.filter(({ bins }) => bins.length > 0).slice(0, CHARTS);
  return {
    id: "drift",
    title: texts.drift,
    body: html`${note(texts.driftNote(formatPercent(drift.level, 0)))}
      ${checksTable(listed, texts)}
      ${figures(charted.map((column, index) => distributionFigure(column, `drift-${index}`, texts)))}
      ${collapsible(texts.sizes, sizesTable(drift.columns, texts))}`,
  };
}

function nameOf({ column, role }: Pick<DriftCheck, "column" | "role">, texts: MonitorTexts): string {
  if (column === null) return texts.together;
  return role === "prediction" ? `${texts.prediction}: ${shorten(column)}` : shorten(column);
}

/** The tests of a project's own have no words but their ids. */
function questionOf({ check, test }: DriftCheck, texts: MonitorTexts): string {
  if (check === "own") return test;
  return check === "together" ? texts.togetherCheck : texts[check];
}

/** Numbers of the window come as texts with all their digits. */
function exampleText(text: string): string {
  const value = Number(text);
  const isLong = text.trim() !== "" && Number.isFinite(value) && text.length > 8;
  return isLong ? formatNumber(value) : shorten(text, 20);
}

function checksTable(checks: readonly DriftCheck[], texts: MonitorTexts): Html {
  return table(
    checks,
    [
      { name: texts.column, cell: (check) => nameOf(check, texts), heading: true },
      {
        name: texts.question,
        cell: (check) => questionOf(check, texts),
      },
      { name: texts.change, cell: ({ effect }) => formatNumber(effect, 3), number: true },
      { name: texts.threshold, cell: ({ leastEffect }) => formatNumber(leastEffect, 3), number: true },
      {
        name: texts.pValue,
        cell: ({ adjusted }) => (adjusted < 1e-4 ? "< 0.0001" : adjusted.toFixed(4)),
        number: true,
      },
      { name: texts.verdict, cell: ({ alarm }) => (alarm ? badge(texts.alarm, "bad") : texts.fine) },
      { name: texts.examples, cell: ({ examples }) => examples.map(exampleText).join(", ") },
    ],
    { marked: ({ alarm }) => alarm },
  );
}

/** Reference and window one above the other, so that each pair is compared at a glance. */
function distributionFigure(drift: ColumnDrift, id: string, texts: MonitorTexts): Html {
  const items = drift.bins.flatMap(({ label, reference, current }) => [
    { label: `${shorten(label, 18)} · ${texts.reference}`, value: reference },
    { label: `${shorten(label, 18)} · ${texts.current}`, value: current, marked: true },
  ]);
  return figure(
    barChart({ items, name: texts.share, percent: true }),
    { id, width: 460, height: barChartHeight(items.length) },
    { title: nameOf(drift, texts) },
  );
}

function sizesTable(columns: readonly ColumnDrift[], texts: MonitorTexts): Html {
  const figureOf = (value: number | null) => (value === null ? "–" : formatNumber(value, 3));
  return table(columns, [
    { name: texts.column, cell: (column) => nameOf(column, texts), heading: true },
    { name: "PSI", cell: ({ psi }) => figureOf(psi), number: true },
    { name: "Jensen-Shannon", cell: ({ jensenShannon }) => figureOf(jensenShannon), number: true },
    { name: "Wasserstein / σ", cell: ({ wasserstein }) => figureOf(wasserstein), number: true },
    {
      name: texts.missing,
      cell: ({ referenceMissing, currentMissing }) =>
        `${formatPercent(referenceMissing)} → ${formatPercent(currentMissing)}`,
      number: true,
    },
  ]);
}
