import { barChart, barChartHeight } from "../../../../engines/pages/charts/bar.js";
import { heatMapChart, heatMapHeight } from "../../../../engines/pages/charts/heat-map.js";
import { histogramChart } from "../../../../engines/pages/charts/histogram.js";
import {
  badge,
  figures,
  note,
  prose,
  shareBar,
  type Tone,
  table,
  tiles,
} from "../../../../engines/pages/components.js";
import { figure } from "../../../../engines/pages/figure.js";
import { formatCount, formatNumber, formatPercent } from "../../../../engines/pages/format.js";
import { type Html, html, shorten } from "../../../../engines/pages/html.js";
import { type PageSection, page } from "../../../../engines/pages/page.js";
import type { Language } from "../../../../engines/pages/texts.js";
import { word } from "../../../../engines/pages/words.js";
import type { Severity } from "../../../../foundation/contracts/finding.js";
import type { ColumnProfile, Profile } from "../../../../foundation/contracts/profile.js";
import { chineseMessage } from "../../findings/chinese-messages.js";
import { moment, sparkline, valueSummary } from "./column-summary.js";
import { type ProfileTexts, profileTexts } from "./page-texts.js";

const TONES: Readonly<Record<Severity, Tone>> = { critical: "bad", warning: "warn", info: "info" };
/** Charts beyond this make a page too heavy to open. */
const DRAWN_COLUMNS = 120;
const HEAT_MAP_COLUMNS = 20;
const LISTED_PAIRS = 25;
const LISTED_CLASSES = 40;

/** A self-contained HTML page of a profile. Equal profiles give equal bytes. */
export function profilePage(profile: Profile, language: Language, name?: string): string {
  const texts = profileTexts(language);
  const sections = [
    findingsSection(profile, texts, language),
    profile.target && targetSection(profile.target, texts, language),
    overviewSection(profile, texts, language),
    detailsSection(profile, texts),
    correlationSection(profile, texts),
  ];
  return page({
    language,
    title: name === undefined ? texts.title : `${texts.title}: ${shorten(name, 80)}`,
    subtitle: html`${texts.size(formatCount(profile.rows), formatCount(profile.columns.length))}`,
    lead: summary(profile, texts),
    sections: sections.filter((section) => section !== undefined),
    ...(profile.sampleRows < profile.rows && {
      footer: html`${texts.sampleNote(formatCount(profile.sampleRows))}`,
    }),
  });
}

function summary({ rows, columns, duplicates, findings }: Profile, texts: ProfileTexts): Html {
  const cells = columns.reduce((sum, { missing }) => sum + missing, 0);
  const severe = findings.filter(({ severity }) => severity !== "info").length;
  return tiles([
    { name: texts.rows, value: formatCount(rows) },
    { name: texts.columns, value: formatCount(columns.length) },
    { name: texts.missingCells, value: formatPercent(rows === 0 ? 0 : cells / (rows * columns.length)) },
    {
      name: texts.repeated,
      value: `${duplicates.exact ? "" : texts.about}${formatCount(duplicates.rows)}`,
      detail: formatPercent(duplicates.share),
    },
    {
      name: texts.findings,
      value: formatCount(findings.length),
      detail: `${texts.critical} / ${texts.warning}: ${severe}`,
    },
  ]);
}

function findingsSection({ findings }: Profile, texts: ProfileTexts, language: Language): PageSection {
  const said = findings.map((finding) => ({
    finding,
    ...(language === "zh"
      ? chineseMessage(finding)
      : { message: finding.message, action: finding.fix.action }),
  }));
  const body = table(said, [
    { name: "", cell: ({ finding }) => badge(texts[finding.severity], TONES[finding.severity]) },
    { name: texts.finding, cell: ({ message }) => prose(message), prose: true },
    { name: texts.whatToDo, cell: ({ action }) => html`<span class="small">${prose(action)}</span>` },
  ]);
  return {
    id: "findings",
    title: texts.findings,
    body: findings.length === 0 ? note(texts.noFindings) : body,
  };
}

function targetSection(
  target: NonNullable<Profile["target"]>,
  texts: ProfileTexts,
  language: Language,
): PageSection {
  const classes = (target.classes ?? []).slice(0, LISTED_CLASSES);
  const body = html`<p>${target.name} · ${word(target.task, language)} · ${texts.missing}: ${formatCount(target.missing)}</p>${
    classes.length > 0 &&
    table(classes, [
      { name: texts.class, cell: ({ label }) => shorten(label, 60), heading: true },
      { name: texts.count, cell: ({ count }) => formatCount(count), number: true },
      { name: texts.share, cell: ({ share }) => formatPercent(share), number: true },
      { name: "", cell: ({ share }) => shareBar(share) },
    ])
  }`;
  return { id: "target", title: texts.target, body };
}

function overviewSection({ columns }: Profile, texts: ProfileTexts, language: Language): PageSection {
  const associated = columns.some(({ association }) => association !== undefined);
  const body = table(columns, [
    { name: texts.column, cell: (column) => shorten(column.name, 60), heading: true },
    { name: texts.kind, cell: (column) => word(column.kind, language) },
    {
      name: texts.missing,
      cell: (column) => (column.missing === 0 ? "" : formatPercent(column.missingShare)),
      number: true,
    },
    {
      name: texts.unique,
      cell: (column) => `${column.uniqueExact ? "" : "~"}${formatCount(column.unique)}`,
      number: true,
    },
    { name: "", cell: (column) => sparkline(column, 15) },
    { name: texts.values, cell: (column) => shorten(valueSummary(column), 80), prose: true },
    ...(associated
      ? [
          {
            name: texts.tells,
            cell: ({ association }: ColumnProfile) =>
              association === undefined ? "" : html`${shareBar(association)} ${formatPercent(association)}`,
          },
        ]
      : []),
  ]);
  return { id: "columns", title: texts.overview, body: html`${body}${associated && note(texts.tellsNote)}` };
}

function detailsSection({ columns }: Profile, texts: ProfileTexts): PageSection {
  const drawable = columns.flatMap((column, index) => columnFigure(column, `column-${index}`, texts) ?? []);
  const shown = drawable.slice(0, DRAWN_COLUMNS);
  const body = html`${
    shown.length < drawable.length &&
    note(texts.shown(formatCount(shown.length), formatCount(drawable.length)))
  }${figures(shown)}`;
  return { id: "distributions", title: texts.details, body };
}

function columnFigure(column: ColumnProfile, id: string, texts: ProfileTexts): Html | undefined {
  const { number, datetime, text, top } = column;
  const title = shorten(column.name, 60);
  if (number && number.histogram.counts.length > 1) {
    const facts = [number.min, number.quantiles.p50, number.mean, number.max, number.standardDeviation];
    const [min, median, mean, max, deviation] = facts.map((value) => formatNumber(value));
    return figure(
      histogramChart({
        names: { x: "", y: texts.count },
        edges: number.histogram.edges,
        series: [{ name: column.name, counts: number.histogram.counts }],
      }),
      { id, height: 210 },
      { title, note: texts.statistics(min!, median!, mean!, max!, deviation!) },
    );
  }
  if (datetime && datetime.histogram.counts.length > 1) return timeFigure(column, id, title, texts);
  if (!top || top.length < 2) return undefined;
  const notes = [
    text
      ? texts.lengths(formatCount(text.minLength), formatNumber(text.meanLength), formatCount(text.maxLength))
      : texts.common,
    column.topSampleRows === undefined ? "" : texts.sampled(formatCount(column.topSampleRows)),
  ];
  return figure(
    barChart({
      items: top.map(({ value, count }) => ({ label: shorten(value, 24), value: count })),
      name: texts.count,
    }),
    { id, height: barChartHeight(top.length) },
    { title, note: notes.filter((part) => part !== "").join(", ") },
  );
}

function timeFigure({ datetime }: ColumnProfile, id: string, title: string, texts: ProfileTexts): Html {
  const { edges, counts, sampleRows } = datetime!.histogram;
  const sampled = sampleRows === undefined ? "" : `, ${texts.sampled(formatCount(sampleRows))}`;
  return figure(
    barChart({
      items: counts.map((count, i) => ({ label: moment(edges[i]!), value: count })),
      name: texts.count,
    }),
    { id, height: barChartHeight(counts.length) },
    { title, note: [texts.range(moment(datetime!.min), moment(datetime!.max)), sampled].join("") },
  );
}

function correlationSection(profile: Profile, texts: ProfileTexts): PageSection | undefined {
  const { correlations } = profile;
  if (correlations.length === 0) return undefined;
  const ranked = correlations.filter(({ measure }) => measure === "spearman");
  const names = [...new Set(ranked.flatMap(({ first, second }) => [first, second]))].slice(
    0,
    HEAT_MAP_COLUMNS,
  );
  const pairs = correlations.filter(({ measure }) => measure !== "pearson").slice(0, LISTED_PAIRS);
  const body = html`${names.length >= 3 && heatMap(names, ranked, profile.correlationRows, texts)}<h3>${texts.strongest}</h3>${table(
    pairs,
    [
      { name: texts.column, cell: ({ first }) => shorten(first, 60), heading: true },
      { name: texts.column, cell: ({ second }) => shorten(second, 60) },
      { name: texts.measure, cell: ({ measure }) => texts[measure] },
      { name: texts.value, cell: ({ value }) => value.toFixed(3), number: true },
    ],
  )}`;
  return { id: "correlations", title: texts.correlations, body };
}

function heatMap(
  names: readonly string[],
  ranked: Profile["correlations"],
  rows: number,
  texts: ProfileTexts,
): Html {
  const place = new Map(names.map((name, index) => [name, index]));
  const values = names.map((_, row) => names.map((__, column) => (row === column ? 1 : Number.NaN)));
  for (const { first, second, value } of ranked) {
    const [row, column] = [place.get(first), place.get(second)];
    if (row === undefined || column === undefined) continue;
    values[row]![column] = value;
    values[column]![row] = value;
  }
  const small = names.length <= 12;
  const labels = names.map((name) => shorten(name, 18));
  return figure(
    heatMapChart({
      columns: labels,
      rows: labels,
      values,
      scale: "signed",
      ...(small && { text: (row: number, column: number) => values[row]![column]!.toFixed(2) }),
    }),
    { id: "correlation-map", width: 760, height: heatMapHeight(names.length) },
    { title: texts.correlations, note: texts.correlationsNote(formatCount(rows)), wide: true },
  );
}
