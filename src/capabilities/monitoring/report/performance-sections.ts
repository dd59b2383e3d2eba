import { lineChart } from "../../../engines/pages/charts/line.js";
import {
  badge,
  facts,
  note,
  type TableColumn,
  type Tone,
  table,
  tiles,
} from "../../../engines/pages/components.js";
import { figure } from "../../../engines/pages/figure.js";
import { formatCount, formatNumber, formatPercent, formatSeconds } from "../../../engines/pages/format.js";
import { type Html, html } from "../../../engines/pages/html.js";
import { metricName } from "../../../engines/pages/metric-names.js";
import type { PageSection } from "../../../engines/pages/page.js";
import type { Language } from "../../../engines/pages/texts.js";
import type { Cohort, MonitorResult, WatchedMetric } from "../../../foundation/contracts/monitoring.js";
import type { MonitorTexts } from "./texts.js";

const DAY_MS = 86_400_000;
type Bounded = { value: number | null; low: number | null; high: number | null };

const written = (value: number | null): string => (value === null ? "–" : formatNumber(value));
const between = ({ low, high }: Bounded): string =>
  low === null || high === null ? "–" : `${formatNumber(low)} … ${formatNumber(high)}`;

export function performanceSection(
  { performance, cohorts }: MonitorResult,
  texts: MonitorTexts,
  language: Language,
): PageSection {
  const body = performance
    ? html`${tiles([
        {
          name: texts.labelled,
          value: formatCount(performance.labelled),
          detail: `${formatPercent(performance.coverage)} ${texts.coverage}`,
        },
        {
          name: texts.delay,
          value: delay(performance.delayMs.median),
          detail: `${texts.delayDetail} ${delay(performance.delayMs.p90)}`,
        },
      ])}${metricsTable(performance.metrics, texts, language)}`
    : note(texts.noLabels);
  const decisive = performance?.metrics[0];
  const name = decisive ? metricName(decisive.name, decisive.title, language) : texts.metric;
  return {
    id: "performance",
    title: texts.performance,
    body: html`${body}${overTime(cohorts, name, texts)}`,
  };
}

const delay = (milliseconds: number | null): string =>
  milliseconds === null ? "–" : formatSeconds(milliseconds / 1000);

function metricsTable(metrics: readonly WatchedMetric[], texts: MonitorTexts, language: Language): Html {
  return table(
    metrics,
    [
      { name: texts.metric, cell: ({ name, title }) => metricName(name, title, language), heading: true },
      { name: texts.value, cell: ({ value }) => written(value), number: true },
      { name: texts.interval, cell: between, number: true },
      { name: texts.atTraining, cell: ({ reference }) => written(reference.value), number: true },
      {
        name: texts.verdict,
        cell: ({ alarm }) => (alarm ? badge(texts.worse, "bad") : texts.asBefore),
      },
    ],
    { marked: ({ alarm }) => alarm },
  );
}

function overTime(cohorts: readonly Cohort[], name: string, texts: MonitorTexts): Html | undefined {
  const used = cohorts.filter(({ rows }) => rows > 0);
  if (used.length === 0) return undefined;
  const end = cohorts.at(-1)!.to;
  const at = ({ from, to }: Cohort) => ((from + to) / 2 - end) / DAY_MS;
  const line = (figureOf: (cohort: Cohort) => Bounded | null) => ({
    points: used.flatMap((cohort): [number, number][] => {
      const value = figureOf(cohort)?.value ?? null;
      return value === null ? [] : [[at(cohort), value]];
    }),
    band: used.flatMap((cohort): [number, number, number][] => {
      const { low = null, high = null } = figureOf(cohort) ?? {};
      return low === null || high === null ? [] : [[at(cohort), low, high]];
    }),
  });
  const series = [
    { name: texts.realised, dots: true, ...line((cohort) => cohort) },
    { name: texts.estimatedBand, ...line(({ estimated }) => estimated) },
  ].filter(({ points }) => points.length > 0);
  const columns: TableColumn<Cohort>[] = [
    { name: texts.time, cell: (cohort) => formatNumber(-at(cohort), 3), number: true },
    { name: texts.rows, cell: ({ rows }) => formatCount(rows), number: true },
    { name: texts.labelled, cell: ({ labelled }) => formatCount(labelled), number: true },
    { name: name, cell: ({ value }) => written(value), number: true },
    { name: texts.interval, cell: between, number: true },
    { name: texts.estimatedBand, cell: ({ estimated }) => written(estimated?.value ?? null), number: true },
    {
      name: texts.calibrationError,
      cell: ({ calibrationError }) => written(calibrationError),
      number: true,
    },
  ];
  const chart =
    series.length === 0
      ? undefined
      : figure(
          lineChart({ names: { x: texts.time, y: name }, series }),
          { id: "cohorts", width: 940, height: 300 },
          { title: texts.overTime, wide: true },
        );
  return html`${chart}${table(used, columns)}`;
}

export function estimatedSection(
  { estimated }: MonitorResult,
  texts: MonitorTexts,
  language: Language,
): PageSection | undefined {
  if (!estimated) return undefined;
  const { validity } = estimated;
  const tones: Record<typeof validity.verdict, Tone> = {
    agrees: "good",
    contradicted: "bad",
    unknown: "plain",
  };
  return {
    id: "estimated",
    title: texts.estimated,
    body: html`${note(texts.estimateNote)}${facts([
      [
        metricName(estimated.metric, estimated.metric, language),
        `${written(estimated.value)} [${between(estimated)}]`,
      ],
      [texts.atTraining, written(estimated.reference)],
      [texts.rows, formatCount(estimated.rows)],
      [
        texts.check,
        html`${badge(texts[validity.verdict], tones[validity.verdict])} ${written(validity.estimated)} / ${written(validity.realised)} (${formatCount(validity.rows)})`,
      ],
    ])}`,
  };
}

export function groupsSection(
  { groups, cohorts }: MonitorResult,
  texts: MonitorTexts,
): PageSection | undefined {
  if (groups.length === 0) return undefined;
  return {
    id: "groups",
    title: texts.groups,
    body: html`${note(texts.groupsNote)}${table(groups, [
      { name: texts.column, cell: ({ column }) => column },
      { name: texts.group, cell: ({ group }) => group, heading: true },
      { name: texts.rows, cell: ({ rows }) => formatCount(rows), number: true },
      { name: texts.decided, cell: ({ share }) => written(share.value), number: true },
      { name: texts.interval, cell: ({ share }) => between(share), number: true },
      { name: texts.metric, cell: ({ metric }) => written(metric.value), number: true },
      { name: texts.interval, cell: ({ metric }) => between(metric), number: true },
    ])}${gapsOverTime(cohorts, texts)}`,
  };
}

function gapsOverTime(cohorts: readonly Cohort[], texts: MonitorTexts): Html | undefined {
  const end = cohorts.at(-1)?.to ?? 0;
  const rows = cohorts.flatMap(({ from, to, gaps }) =>
    gaps.map((gap) => ({ ...gap, days: (end - (from + to) / 2) / DAY_MS })),
  );
  if (rows.length === 0) return undefined;
  return html`${note(texts.gapsNote)}${table(rows, [
    { name: texts.time, cell: ({ days }) => formatNumber(days, 3), number: true },
    { name: texts.column, cell: ({ column }) => column },
    { name: texts.gap, cell: ({ highest, lowest }) => `${highest} − ${lowest}`, heading: true },
    { name: texts.value, cell: ({ value }) => written(value), number: true },
    { name: texts.interval, cell: between, number: true },
  ])}`;
}
