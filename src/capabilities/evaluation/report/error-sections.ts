/** Where the model is wrong: residuals, groups of rows, single rows. */
import { histogramChart } from "../../../engines/pages/charts/histogram.js";
import { quantileChart, residualChart } from "../../../engines/pages/charts/residuals.js";
import { callout, facts, figures, note, type TableColumn, table } from "../../../engines/pages/components.js";
import { figure } from "../../../engines/pages/figure.js";
import { formatCount, formatNumber, formatPercent } from "../../../engines/pages/format.js";
import { type Html, html, shorten } from "../../../engines/pages/html.js";
import type { Slice, WorstRow } from "../../../foundation/contracts/evaluation.js";
import { saliencyOf } from "./saliency.js";
import { valueList } from "./value-list.js";
import { type ReportView, type SectionMaker, writeFigure, writeInterval, writePValue } from "./view.js";

/** Values shown beside a worst row, the most telling columns first. */
const MOST_VALUES = 12;

export const residualsSection: SectionMaker = ({ evaluation, texts }) => {
  const { residuals } = evaluation;
  if (!residuals) return undefined;
  const { edges, counts } = residuals.histogram;
  const histogram = histogramChart({
    names: { x: texts.residual, y: texts.rowsAxis },
    edges,
    series: [{ name: texts.residual, counts }],
  });
  return {
    id: "residuals",
    title: texts.residuals,
    body: html`${note(texts.residualNote)}${facts([
      [texts.meanResidual, writeFigure(residuals.mean)],
      [texts.deviation, writeFigure(residuals.standardDeviation)],
    ])}${figures([
      figure(
        residualChart({ names: { x: texts.prediction, y: texts.residual }, points: residuals.points }),
        { id: "chart-residuals" },
        { title: texts.residualsByPrediction },
      ),
      figure(histogram, { id: "chart-residual-histogram" }, { title: texts.residualHistogram }),
      residuals.quantiles.length > 2 &&
        figure(
          quantileChart({
            names: { x: texts.normalQuantile, y: texts.standardResidual },
            points: residuals.quantiles,
          }),
          { id: "chart-residual-quantiles" },
          { title: texts.residualQuantiles },
        ),
    ])}`,
  };
};

export const slicesSection: SectionMaker = (view) => {
  const { evaluation, texts } = view;
  if (evaluation.slicesTested === 0) return undefined;
  const found = evaluation.slices.filter((slice) => slice.origin === "found");
  const given = evaluation.slices.filter((slice) => slice.origin === "given");
  const tested = formatCount(evaluation.slicesTested);
  const part = (title: string, slices: readonly Slice[]) =>
    slices.length > 0 && html`<h3>${title}</h3>${sliceTable(view, slices)}`;
  const body = html`${found.length > 0 ? note(texts.slicesNote(tested)) : callout("good", texts.noSlices(tested))}
${part(texts.foundSlices, found)}${part(texts.givenSlices, given)}`;
  return { id: "slices", title: texts.slices, body };
};

function sliceTable({ texts, metric }: ReportView, slices: readonly Slice[]): Html {
  const condition = ({ column, value }: Slice["conditions"][number]) =>
    html`<code>${shorten(column)}</code>: ${value === "∅" ? texts.noValue : shorten(value, 60)}`;
  const columns: TableColumn<Slice>[] = [
    {
      name: texts.group,
      cell: (slice) => slice.conditions.map((one, index) => [index > 0 && html`<br>`, condition(one)]),
      heading: true,
    },
    {
      name: texts.rows,
      cell: (slice) => `${formatCount(slice.rows)} (${formatPercent(slice.share)})`,
      number: true,
    },
    { name: metric, cell: (slice) => writeFigure(slice.value), number: true },
    { name: texts.elsewhere, cell: (slice) => writeFigure(slice.rest), number: true },
    { name: texts.lossDifference, cell: (slice) => writeFigure(slice.lossDifference), number: true },
    { name: texts.interval95, cell: (slice) => writeInterval(slice.low, slice.high), number: true },
    { name: texts.pValue, cell: (slice) => writePValue(slice.pValue), number: true },
  ];
  return table(slices, columns);
}

export const worstSection: SectionMaker = ({ evaluation, input, texts }) => {
  if (evaluation.worstStructures) return undefined;
  if (evaluation.worst.length === 0)
    return { id: "worst", title: texts.worst, body: callout("good", texts.noErrors) };
  const drawn = evaluation.worst.flatMap(({ saliency = [] }) => saliency);
  const isExplained = drawn.length > 0;
  const hasActivations = drawn.some(({ kind }) => kind === "activations");
  const isNumber = evaluation.task === "regression";
  const write = (text: string) => (isNumber ? formatNumber(Number(text), 6) : shorten(text));
  const rank = valueRank([...evaluation.importance, ...input.model.importance].map((one) => one.feature));
  const columns: TableColumn<WorstRow>[] = [
    { name: texts.row, cell: (row) => String(row.row), number: true, heading: true },
    { name: texts.actual, cell: (row) => write(row.actual), number: isNumber },
    { name: texts.predicted, cell: (row) => write(row.predicted), number: isNumber },
    {
      name: isNumber ? texts.error : texts.probabilityOfTruth,
      cell: (row) => (isNumber ? formatNumber(row.error, 6) : formatPercent(row.error)),
      number: true,
    },
    ...(evaluation.worst.some((row) => row.images) ? [{ name: texts.images, cell: imagesOf }] : []),
    ...(isExplained ? [{ name: texts.saliency, cell: (row: WorstRow) => saliencyOf(row) }] : []),
    { name: texts.otherValues, cell: (row) => valuesOf(row, rank), prose: true },
  ];

  return {
    id: "worst",
    title: texts.worst,
    body: html`${note(texts.worstNote)}${isExplained && note(hasActivations ? `${texts.saliencyNote} ${texts.activationNote}` : texts.saliencyNote)}${table(evaluation.worst, columns)}`,
  };
};

/** The schema of an evaluation admits nothing but base64 here. */
function imagesOf({ images = [] }: WorstRow): Html {
  return html`${images.map(({ column, png }) => html`<img src="${png}" alt="${shorten(column)}" title="${shorten(column)}"> `)}`;
}

function valueRank(features: readonly string[]): (name: string) => number {
  const ranks = new Map(features.map((name, index) => [name, index] as const).reverse());
  return (name) => ranks.get(name) ?? features.length;
}

function valuesOf(row: WorstRow, rank: (name: string) => number): Html {
  const shown = [...row.values].sort((a, b) => rank(a[0]) - rank(b[0])).slice(0, MOST_VALUES);
  return valueList(shown);
}
