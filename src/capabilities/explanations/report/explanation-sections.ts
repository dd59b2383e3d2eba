/** A page's sections on explanation: each a function of the document, or nothing where there is nothing to show. */
import { barChart, barChartHeight } from "../../../engines/pages/charts/bar.js";
import { lineChart } from "../../../engines/pages/charts/line.js";
import { figures, note, table } from "../../../engines/pages/components.js";
import { figure } from "../../../engines/pages/figure.js";
import { formatCount, formatNumber, formatPercent, formatTime } from "../../../engines/pages/format.js";
import { type Html, html, shorten } from "../../../engines/pages/html.js";
import { type PageSection, page } from "../../../engines/pages/page.js";
import type { Language } from "../../../engines/pages/texts.js";
import type {
  Counterfactual,
  Dependence,
  ExplanationDocument,
  RowExplanation,
  RuleCondition,
} from "../../../foundation/contracts/explanation.js";
import { type ExplanationTexts, explanationTexts } from "./explanation-texts.js";

const MOST_COLUMNS = 20;
const MOST_ROWS = 10;
const SHOWN_CONTRIBUTIONS = 4;
const NOTED_EXTRAPOLATION = 0.1;
/** Of predictions and contributions: no reader acts on the fourth. */
const DIGITS = 3;

/** Sections for a report; empty parts of the document leave none. */
export function explanationSections(document: ExplanationDocument, language: Language): PageSection[] {
  const texts = explanationTexts(language);
  const makers = [
    contributionsSection,
    dependenceSection,
    interactionsSection,
    counterfactualsSection,
    rulesSection,
  ];
  return makers.flatMap((make) => make(document, texts) ?? []);
}

/** One HTML page of the sections alone. */
export function explanationReport(
  document: ExplanationDocument,
  facts: { readonly model: string; readonly source: string },
  language: Language,
): string {
  const texts = explanationTexts(language);
  return page({
    language,
    title: texts.title(facts.model),
    subtitle: html`${facts.source}`,
    sections: explanationSections(document, language),
  });
}

type SectionMaker = (document: ExplanationDocument, texts: ExplanationTexts) => PageSection | undefined;

const contributionsSection: SectionMaker = ({ contributions }, texts) => {
  if (!contributions) return undefined;
  const { basis, meanAbsolute, rows, additivity } = contributions;
  const { method, exact, space, backgroundRows, fidelity } = basis;
  const precision = texts.precision(exact, fidelity === undefined ? undefined : formatPercent(fidelity));
  const items = meanAbsolute.slice(0, MOST_COLUMNS).map(({ column, value }) => ({ label: column, value }));
  const chart = figure(
    barChart({ items, name: texts[space] }),
    { id: "chart-contributions", height: barChartHeight(items.length) },
    { title: texts.contributions, note: texts.contributionsNote(rows.length) },
  );
  const shown = rows.slice(0, MOST_ROWS);
  const listed = table(
    shown,
    [
      { name: texts.row, cell: (row) => row.id ?? formatCount(row.row + 1), heading: true },
      { name: texts.prediction, cell: (row) => predictionText(row), number: true },
      { name: texts.strongest, cell: (row) => strongest(row, basis.columns), prose: true },
    ],
    { caption: texts.rowsTitle },
  );
  const basisNote = texts.basis(method, precision, texts[space], backgroundRows);
  const exactness = `${texts.additivity(formatNumber(additivity.largestGap, 2))} ${texts.causes}`;
  const body = html`<p>${texts.howToRead}</p>${figures([chart])}${listed}${note(basisNote)}${note(exactness)}`;
  return { id: "contributions", title: texts.contributions, body };
};

function predictionText({ class: about, prediction }: RowExplanation): string {
  const figureText = prediction === null ? "–" : formatNumber(prediction, DIGITS);
  return about === null ? figureText : `${shorten(about, 20)} ${figureText}`;
}

function strongest({ contributions }: RowExplanation, columns: readonly string[]): string {
  return contributions
    .map((value, k) => ({ value, name: columns[k]! }))
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
    .slice(0, SHOWN_CONTRIBUTIONS)
    .map(({ name, value }) => `${shorten(name, 30)} ${value > 0 ? "+" : ""}${formatNumber(value, DIGITS)}`)
    .join(", ");
}

const dependenceSection: SectionMaker = ({ dependence }, texts) => {
  if (dependence.length === 0) return undefined;
  const body = html`${figures(dependence.map((one, k) => dependenceFigure(one, k, texts)))}`;
  return { id: "dependence", title: texts.dependence, body };
};

function dependenceFigure(one: Dependence, index: number, texts: ExplanationTexts): Html {
  const farthest = Math.max(0, ...one.extrapolated);
  const warning = farthest > NOTED_EXTRAPOLATION ? ` ${texts.extrapolated(formatPercent(farthest, 0))}` : "";
  const text = { title: one.column, note: `${texts.dependenceNote(one.rows)}${warning}` };
  const id = `chart-dependence-${index}`;
  if (one.kind === "category" || one.kind === "boolean") {
    const items = one.grid.map((value, k) => ({ label: String(value), value: one.average[k]! }));
    return figure(
      barChart({ items, name: texts.average, fit: true }),
      { id, height: barChartHeight(items.length) },
      text,
    );
  }
  const at = (values: readonly number[]) => values.map((value, k) => [Number(one.grid[k]), value] as const);
  const centre = one.average.reduce((sum, value) => sum + value, 0) / one.average.length;
  const local = one.accumulated?.map((value) => value + centre);
  const chart = lineChart({
    names: { x: one.column, y: one.class ?? texts.prediction },
    series: [
      { name: texts.average, points: at(one.average) },
      ...(local ? [{ name: texts.accumulated, points: at(local) }] : []),
    ],
  });
  return figure(chart, { id }, text);
}

const interactionsSection: SectionMaker = ({ interactions }, texts) => {
  if (interactions.length === 0) return undefined;
  const body = html`${note(texts.interactionsNote)}${table(interactions, [
    { name: texts.columns, cell: ({ columns }) => columns.join(" × "), heading: true },
    {
      name: texts.strength,
      cell: ({ strength }) => (strength === null ? "–" : formatPercent(strength)),
      number: true,
    },
  ])}`;
  return { id: "interactions", title: texts.interactions, body };
};

const counterfactualsSection: SectionMaker = ({ counterfactuals }, texts) => {
  if (counterfactuals.length === 0) return undefined;
  const body = html`${note(texts.plausibilityNote)}${table(counterfactuals, [
    { name: texts.row, cell: ({ row }) => formatCount(row + 1), heading: true },
    { name: texts.prediction, cell: ({ before }) => formatNumber(before, DIGITS), number: true },
    { name: texts.wanted, cell: ({ wanted }) => wanted },
    { name: texts.changes, cell: (one) => changesText(one, texts), prose: true },
    {
      name: texts.after,
      cell: ({ after }) => (after === null ? "–" : formatNumber(after, DIGITS)),
      number: true,
    },
    {
      name: texts.plausibility,
      cell: ({ plausibility }) => (plausibility === null ? "–" : formatNumber(plausibility, 2)),
      number: true,
    },
  ])}`;
  return { id: "counterfactuals", title: texts.counterfactuals, body };
};

function changesText({ found, changes }: Counterfactual, texts: ExplanationTexts): string {
  if (!found) return texts.notFound;
  const cell = (value: number | string | null): string => {
    if (value === null) return texts.missing;
    return typeof value === "number" ? formatNumber(value) : shorten(value, 30);
  };
  return changes.map(({ column, from, to }) => `${column}: ${cell(from)} → ${cell(to)}`).join("; ");
}

const rulesSection: SectionMaker = ({ rules, dependence }, texts) => {
  if (!rules) return undefined;
  const datetimes = new Set(dependence.filter((one) => one.kind === "datetime").map((one) => one.column));
  const quality = texts.rulesNote(
    rules.fidelity === null ? "–" : formatPercent(Math.max(0, rules.fidelity)),
    rules.heldOut,
  );
  const agreement = rules.agreement === null ? "" : ` ${texts.agreement(formatPercent(rules.agreement))}`;
  const body = html`${note(`${quality}${agreement}`)}${table(rules.rules, [
    {
      name: texts.when,
      cell: ({ conditions }) =>
        conditions.length === 0
          ? texts.otherwise
          : conditions.map((condition) => conditionText(condition, datetimes, texts)).join(" & "),
      heading: true,
      prose: true,
    },
    {
      name: rules.class ?? texts.prediction,
      cell: ({ prediction }) => formatNumber(prediction, DIGITS),
      number: true,
    },
    { name: texts.coverage, cell: ({ coverage }) => formatPercent(coverage), number: true },
  ])}`;
  return { id: "rules", title: texts.rules, body };
};

function conditionText(
  { column, operator, value }: RuleCondition,
  datetimes: ReadonlySet<string>,
  texts: ExplanationTexts,
): string {
  if (operator === "missing") return `${column}: ${texts.missing}`;
  if (Array.isArray(value)) return `${column} = ${value.map((text) => shorten(text, 30)).join(", ")}`;
  const limit = datetimes.has(column) ? formatTime(value ?? 0) : formatNumber(value ?? 0);
  return `${column} ${operator === "<=" ? "≤" : ">"} ${limit}`;
}
