/** What the model was made from, and what is wrong with it. */
import { barChart, barChartHeight } from "../../../engines/pages/charts/bar.js";
import {
  badge,
  callout,
  collapsible,
  facts,
  prose,
  type TableColumn,
  type Tone,
  table,
} from "../../../engines/pages/components.js";
import { figure } from "../../../engines/pages/figure.js";
import { formatCount, formatPercent } from "../../../engines/pages/format.js";
import { type Html, html } from "../../../engines/pages/html.js";
import { word } from "../../../engines/pages/words.js";
import type { ReportColumn } from "../../../foundation/contracts/evaluation.js";
import type { Finding } from "../../../foundation/contracts/finding.js";
import type { ReportView, SectionMaker } from "./view.js";

const MOST_CLASSES = 20;

export const dataSection: SectionMaker = (view) => {
  const { input, texts, language } = view;
  const { data } = input;
  const { kind, train, validation, test } = data.split;
  const columns: TableColumn<ReportColumn>[] = [
    { name: texts.column, cell: (column) => column.name, heading: true },
    { name: texts.kind, cell: (column) => word(column.kind, language) },
    { name: texts.missing, cell: (column) => formatPercent(column.missing), number: true },
    { name: texts.unique, cell: (column) => formatCount(column.unique), number: true },
    { name: texts.role, cell: (column) => word(column.role, language) },
  ];
  return {
    id: "data",
    title: texts.data,
    body: html`${facts([
      [texts.source, data.source],
      [texts.rows, formatCount(data.rows)],
      [texts.columns, formatCount(data.columns.length)],
      [
        texts.split,
        texts.splitDetail(
          word(kind, language),
          formatCount(train),
          formatCount(validation),
          formatCount(test),
        ),
      ],
    ])}${classBalance(view)}${collapsible(
      texts.columnList(formatCount(data.columns.length)),
      table(data.columns, columns),
    )}`,
  };
};

function classBalance({ input, texts }: ReportView): Html | undefined {
  const { classRows } = input.data;
  const total = classRows.reduce((sum, one) => sum + one.rows, 0);
  if (classRows.length === 0 || total === 0) return undefined;
  const isCut = classRows.length > MOST_CLASSES;
  const items = (isCut ? [...classRows].sort((a, b) => b.rows - a.rows) : classRows)
    .slice(0, MOST_CLASSES)
    .map((one) => ({ label: one.class, value: one.rows / total }));
  return figure(
    barChart({ items, name: texts.shareOfRows, percent: true }),
    { id: "chart-classes", height: barChartHeight(items.length) },
    {
      title: texts.classBalance,
      note: isCut
        ? texts.largestClasses(formatCount(MOST_CLASSES), formatCount(classRows.length))
        : undefined,
    },
  );
}

const TONES: Readonly<Record<Finding["severity"], Tone>> = { critical: "bad", warning: "warn", info: "info" };
const RANKS: readonly Finding["severity"][] = ["critical", "warning", "info"];

export const findingsSection: SectionMaker = ({ input, texts }) => {
  const title = texts.findings;
  if (input.findings.length === 0) return { id: "findings", title, body: callout("good", texts.noFindings) };
  const ranked = [...input.findings].sort((a, b) => RANKS.indexOf(a.severity) - RANKS.indexOf(b.severity));
  const state = (finding: Finding) =>
    finding.fix.state === "none"
      ? undefined
      : badge(texts[finding.fix.state], finding.fix.state === "applied" ? "good" : "plain");
  const columns: TableColumn<Finding>[] = [
    { name: texts.severity, cell: (one) => badge(texts[one.severity], TONES[one.severity]) },
    { name: texts.column, cell: (one) => one.column ?? "", heading: true },
    {
      name: texts.finding,
      cell: (one) => html`${prose(one.message)} <span class="muted">(${one.id})</span>`,
    },
    { name: texts.action, cell: (one) => html`${state(one)} ${prose(one.fix.action)}`, prose: true },
  ];
  return { id: "findings", title, body: table(ranked, columns) };
};
