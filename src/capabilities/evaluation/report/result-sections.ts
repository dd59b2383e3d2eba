/** All metrics, goals and comparisons; the models that were tried. */
import { barChart, barChartHeight } from "../../../engines/pages/charts/bar.js";
import { badge, note, type TableColumn, table } from "../../../engines/pages/components.js";
import { figure } from "../../../engines/pages/figure.js";
import { formatCount, formatSeconds } from "../../../engines/pages/format.js";
import { type Html, html, shorten } from "../../../engines/pages/html.js";
import { metricName } from "../../../engines/pages/metric-names.js";
import type { Comparison, ReportLeaderboardRow } from "../../../foundation/contracts/evaluation.js";
import {
  type ReportView,
  type SectionMaker,
  settingsText,
  writeFigure,
  writeInterval,
  writePValue,
} from "./view.js";

const MOST_BARS = 15;
/** A long search has a section of its own. */
const MOST_ROWS = 200;

export const resultsSection: SectionMaker = (view) => {
  const { evaluation, texts } = view;
  const resamples = evaluation.metrics[evaluation.metric]?.resamples ?? 0;
  return {
    id: "results",
    title: texts.results,
    body: html`${note(html`${rowsNote(view)} ${resamples > 0 && texts.resultsNote(formatCount(resamples))}`)}${metricTable(view)}${goalTable(view)}${comparisonTable(view)}`,
  };
};

/** Whether the rows can be believed: other data than the usual splits speaks for itself. */
function rowsNote({ evaluation, texts }: ReportView): string | undefined {
  if (evaluation.split === "test") return texts.rowsUnseen;
  if (evaluation.split === "cross-validation") return texts.rowsCrossValidated;
  return evaluation.split === "validation" || evaluation.split === "train" ? texts.rowsUsed : undefined;
}

function metricTable({ evaluation, texts, language }: ReportView): Html {
  return table(
    Object.entries(evaluation.metrics),
    [
      { name: texts.metric, cell: ([id, one]) => metricName(id, one.title, language), heading: true },
      { name: texts.value, cell: ([, one]) => writeFigure(one.value), number: true },
      { name: texts.interval95, cell: ([, one]) => writeInterval(one.low, one.high), number: true },
      { name: texts.baseline, cell: ([id]) => writeFigure(evaluation.baseline[id]), number: true },
      {
        name: texts.betterIs,
        cell: ([, one]) => (one.direction === "maximize" ? texts.higher : texts.lower),
      },
    ],
    { marked: ([id]) => id === evaluation.metric },
  );
}

function goalTable({ input, texts }: ReportView): Html | undefined {
  if (input.goals.length === 0) return undefined;
  const columns: TableColumn<(typeof input.goals)[number]>[] = [
    { name: texts.goal, cell: (goal) => `${goal.name} ${goal.goal}`, heading: true },
    { name: texts.value, cell: (goal) => writeFigure(goal.value), number: true },
    {
      name: texts.status,
      cell: (goal) => (goal.met ? badge(texts.met, "good") : badge(texts.notMet, "bad")),
    },
  ];
  return html`<h3>${texts.goalList}</h3>${table(input.goals, columns)}`;
}

function comparisonTable(view: ReportView): Html | undefined {
  const { evaluation, texts } = view;
  if (evaluation.comparisons.length === 0) return undefined;
  const columns: TableColumn<Comparison>[] = [
    {
      name: texts.comparison,
      cell: (one) => (one.with === "baseline" ? texts.baseline : one.with),
      heading: true,
    },
    { name: texts.previousValue, cell: (one) => writeFigure(one.other), number: true },
    { name: texts.improvement, cell: (one) => writeFigure(one.improvement), number: true },
    { name: texts.interval95, cell: (one) => writeInterval(one.low, one.high), number: true },
    { name: texts.pValue, cell: (one) => writePValue(one.pValue), number: true },
    { name: texts.verdict, cell: (one) => verdictBadge(one, view) },
  ];
  return html`<h3>${texts.comparison}</h3>${table(evaluation.comparisons, columns)}`;
}

function verdictBadge({ verdict }: Comparison, { texts }: ReportView): Html {
  if (verdict === "better") return badge(texts.verdictBetter, "good");
  return verdict === "worse" ? badge(texts.verdictWorse, "bad") : badge(texts.verdictUnclear, "warn");
}

export const leaderboardSection: SectionMaker = (view) => {
  const { input, texts, metric } = view;
  if (input.leaderboard.length === 0) return undefined;
  const columns: TableColumn<ReportLeaderboardRow>[] = [
    { name: texts.trainer, cell: (row) => row.trainer, heading: true },
    { name: metric, cell: (row) => writeFigure(row.value), number: true },
    { name: texts.seconds, cell: (row) => formatSeconds(row.seconds), number: true },
    { name: texts.trial, cell: (row) => formatCount(row.trial), number: true },
    { name: texts.status, cell: (row) => statusBadge(row, view) },
    { name: texts.settings, cell: (row) => row.error ?? shorten(settingsText(row.config), 160), prose: true },
  ];
  return {
    id: "leaderboard",
    title: texts.leaderboard,
    body: html`${note(texts.leaderboardNote(metric))}${leaderboardChart(view)}${table(
      bestFirst(view).slice(0, MOST_ROWS),
      columns,
      {
        marked: (row) => row.chosen,
      },
    )}`,
  };
};

function statusBadge(row: ReportLeaderboardRow, { texts }: ReportView): Html | undefined {
  if (row.error !== undefined) return badge(texts.failed, "bad");
  return row.chosen ? badge(texts.chosen, "info") : undefined;
}

/** Those that failed last. */
function bestFirst({ input, evaluation }: ReportView): ReportLeaderboardRow[] {
  const sign = evaluation.metrics[evaluation.metric]?.direction === "minimize" ? -1 : 1;
  const merit = (row: ReportLeaderboardRow) =>
    row.value === null ? Number.NEGATIVE_INFINITY : sign * row.value;
  return [...input.leaderboard].sort((a, b) =>
    merit(a) === merit(b) ? a.trial - b.trial : merit(b) - merit(a),
  );
}

function leaderboardChart(view: ReportView): Html | undefined {
  const { metric, texts } = view;
  const judged = bestFirst(view)
    .filter((row) => row.value !== null)
    .slice(0, MOST_BARS);
  if (judged.length < 2) return undefined;
  const some = judged.some((row) => row.chosen) && judged.some((row) => !row.chosen);
  const items = judged.map((row) => ({ label: row.trainer, value: row.value!, marked: some && row.chosen }));
  const option = barChart({ items, name: metric, fit: true });
  return figure(
    option,
    { id: "chart-leaderboard", height: barChartHeight(items.length) },
    { title: texts.modelsByMetric(metric), note: some ? texts.chosenMarked : undefined },
  );
}
