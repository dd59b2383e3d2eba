/** Classification: ranking curves, decisions and what they bring, calibration. */
import { calibrationChart } from "../../../engines/pages/charts/calibration.js";
import { confusionChart, confusionFrame } from "../../../engines/pages/charts/confusion.js";
import { fitLabels } from "../../../engines/pages/charts/fit-labels.js";
import { gainChart, liftChart } from "../../../engines/pages/charts/gain.js";
import { lineChartHeight } from "../../../engines/pages/charts/line.js";
import { precisionRecallChart } from "../../../engines/pages/charts/precision-recall.js";
import { rocChart } from "../../../engines/pages/charts/roc.js";
import { FONT_SIZE } from "../../../engines/pages/charts/theme.js";
import { figures, note, type TableColumn, table, tiles } from "../../../engines/pages/components.js";
import { figure } from "../../../engines/pages/figure.js";
import { formatCount, formatNumber, formatPercent } from "../../../engines/pages/format.js";
import { type Html, html } from "../../../engines/pages/html.js";
import type { Curve, Evaluation, ThresholdRow } from "../../../foundation/contracts/evaluation.js";
import { alike, capital, type ReportView, type SectionMaker, writeFigure } from "./view.js";

/** Pixels for the name of a class in a legend. */
const CLASS_WIDTH = 270;
const MOST_CONFUSIONS = 10;
/** The matrix of fewer classes says it at a glance. */
const MANY_CLASSES = 6;

export const curvesSection: SectionMaker = ({ evaluation, texts }) => {
  const { roc, precisionRecall, gain, lift } = evaluation.curves;
  if (roc.length === 0) return undefined;
  const series = (curves: readonly Curve[], figureName: string) => {
    const classes = fitLabels(
      curves.map((curve) => curve.class),
      CLASS_WIDTH,
      FONT_SIZE,
    );
    return curves.map((curve, index) => ({
      name:
        curve.value === null ? classes[index]! : `${classes[index]}: ${figureName} ${curve.value.toFixed(3)}`,
      points: curve.points,
      band: curve.band,
    }));
  };
  const [rocSeries, precisionSeries] = [series(roc, "AUC"), series(precisionRecall, "AP")];
  const height = lineChartHeight([...rocSeries.map(({ name }) => name), texts.chance]);
  const several = roc.length > 1;
  const rocOption = rocChart({
    names: { x: texts.falsePositiveRate, y: texts.truePositiveRate },
    chance: texts.chance,
    series: rocSeries,
  });
  const precisionOption = precisionRecallChart({
    names: { x: texts.recall, y: texts.precision },
    series: precisionSeries,
    ...(several ? {} : { chance: { name: texts.chance, share: positiveShare(evaluation) } }),
  });
  const rest = { chance: texts.chance };
  const [gainCurve, liftCurve] = [gain[0], lift[0]];
  return {
    id: "curves",
    title: texts.curves,
    body: figures([
      figure(
        rocOption,
        { id: "chart-roc", height },
        { title: texts.roc, note: roc[0]?.band ? texts.rocNote : undefined },
      ),
      figure(precisionOption, { id: "chart-precision-recall", height }, { title: texts.precisionRecall }),
      !several &&
        gainCurve &&
        figure(
          gainChart({ ...rest, ...named(gainCurve), names: { x: texts.rowsTaken, y: texts.positivesFound } }),
          { id: "chart-gain" },
          { title: texts.gainCurve },
        ),
      !several &&
        liftCurve &&
        figure(
          liftChart({ ...rest, ...named(liftCurve), names: { x: texts.rowsTaken, y: texts.lift } }),
          { id: "chart-lift" },
          { title: texts.liftCurve },
        ),
    ]),
  };
};

function named(curve: Curve) {
  return { name: curve.class, points: curve.points };
}

function positiveShare({ confusion }: Evaluation): number {
  const [negatives = [], positives = []] = confusion?.counts ?? [];
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return sum(positives) / Math.max(1, sum(negatives) + sum(positives));
}

export const decisionsSection: SectionMaker = (view) => {
  const { evaluation, texts } = view;
  if (!evaluation.confusion) return undefined;
  const { classes, counts } = evaluation.confusion;
  const option = confusionChart({ names: { x: texts.predicted, y: texts.actual }, classes, counts });
  const { numbered, wide, width, height } = confusionFrame(classes.length);
  const confusion = figure(
    option,
    { id: "chart-confusion", width, height },
    { title: texts.confusion, note: numbered ? texts.confusionNumbered : texts.confusionNote, wide },
  );
  return {
    id: "decisions",
    title: texts.decisions,
    body: html`${thresholdNote(view)}${figures([confusion, classTable(view)])}${frequentConfusions(view)}${gainPart(view)}${thresholdPart(view)}`,
  };
};

/** Of many classes, where the model errs most often. */
function frequentConfusions({ evaluation, texts }: ReportView): Html | undefined {
  const { classes, counts } = evaluation.confusion!;
  if (classes.length <= MANY_CLASSES) return undefined;
  const errors = counts
    .flatMap((row, actual) => {
      const total = row.reduce((sum, count) => sum + count, 0);
      return row.map((count, predicted) => ({ actual, predicted, count, share: count / total }));
    })
    .filter(({ actual, predicted, count }) => actual !== predicted && count > 0)
    .sort((a, b) => b.count - a.count || b.share - a.share || a.actual - b.actual);
  if (errors.length === 0) return undefined;
  return html`<h3>${texts.confusions}</h3>${table(errors.slice(0, MOST_CONFUSIONS), [
    { name: texts.actual, cell: ({ actual }) => classes[actual], heading: true },
    { name: capital(texts.predicted), cell: ({ predicted }) => classes[predicted] },
    { name: texts.rows, cell: ({ count }) => formatNumber(count), number: true },
    { name: texts.shareOfActual, cell: (one) => formatPercent(one.share), number: true },
  ])}`;
}

function thresholdNote({ evaluation, texts, positive }: ReportView): Html | undefined {
  const { threshold } = evaluation;
  if (!threshold) return undefined;
  const why = {
    default: texts.thresholdByDefault,
    gain: texts.thresholdByGain,
    f1: texts.thresholdByF1,
    given: texts.thresholdGiven,
  }[threshold.chosenBy];
  return html`<p>${texts.thresholdUsed(threshold.value.toFixed(3), positive)} ${why}</p>`;
}

function classTable({ evaluation, texts }: ReportView): Html {
  const columns: TableColumn<Evaluation["perClass"][number]>[] = [
    { name: texts.class, cell: (one) => one.class, heading: true },
    { name: texts.rows, cell: (one) => formatCount(one.rows), number: true },
    { name: capital(texts.precision), cell: (one) => share(one.precision), number: true },
    { name: capital(texts.recall), cell: (one) => share(one.recall), number: true },
    { name: "F1", cell: (one) => share(one.f1), number: true },
    ...(evaluation.task === "multiclass"
      ? [{ name: "AUC", cell: (one: Evaluation["perClass"][number]) => writeFigure(one.auc), number: true }]
      : []),
  ];
  return html`<div><h3>${texts.perClass}</h3>${table(evaluation.perClass, columns)}</div>`;
}

function share(value: number | null): string {
  return value === null ? "–" : formatPercent(value);
}

function gainPart({ evaluation, texts }: ReportView): Html | undefined {
  const { gain, classes } = evaluation;
  if (!gain) return undefined;
  const rows = classes.map((name, actual) => ({ name, values: gain.table[actual] ?? [] }));
  const columns: TableColumn<(typeof rows)[number]>[] = [
    { name: `${texts.actual} \\ ${texts.predicted}`, cell: (row) => row.name, heading: true },
    ...classes.map((name, decided) => ({
      name,
      cell: (row: (typeof rows)[number]) => formatNumber(row.values[decided] ?? 0),
      number: true,
    })),
  ];
  const { value, low, high } = gain.perRow;
  const write = alike([value, low, high, gain.atDefault, gain.withoutModel]);
  return html`<h3>${texts.gain}</h3>${note(texts.gainNote)}${tiles([
    {
      name: texts.gainPerRow,
      value: write(value),
      detail: low === null || high === null ? undefined : texts.interval(write(low), write(high)),
    },
    { name: texts.gainAtDefault, value: write(gain.atDefault) },
    { name: texts.gainWithoutModel, value: write(gain.withoutModel) },
  ])}${table(rows, columns, { caption: texts.gainTable })}`;
}

function thresholdPart({ evaluation, texts }: ReportView): Html | undefined {
  const { thresholds, threshold } = evaluation;
  if (thresholds.length === 0) return undefined;
  const write = alike(thresholds.map(({ gain }) => gain));
  const columns: TableColumn<ThresholdRow>[] = [
    {
      name: texts.threshold,
      cell: (row) => row.threshold.toFixed(3),
      heading: true,
      number: true,
    },
    { name: texts.predictedPositive, cell: (row) => formatPercent(row.share), number: true },
    { name: capital(texts.precision), cell: (row) => share(row.precision), number: true },
    { name: capital(texts.recall), cell: (row) => share(row.recall), number: true },
    { name: capital(texts.falsePositiveRate), cell: (row) => share(row.falsePositiveRate), number: true },
    { name: "F1", cell: (row) => share(row.f1), number: true },
    { name: texts.accuracy, cell: (row) => share(row.accuracy), number: true },
    ...(evaluation.gain
      ? [{ name: texts.gainPerRow, cell: (row: ThresholdRow) => write(row.gain), number: true }]
      : []),
  ];
  const marked = (row: ThresholdRow) => row.threshold === threshold?.value;
  return html`<h3>${texts.thresholdTable}</h3>${table(thresholds, columns, { marked })}`;
}

export const calibrationSection: SectionMaker = ({ evaluation, texts }) => {
  const [first, ...others] = evaluation.calibration.filter((one) => one.points.length > 0);
  if (!first) return undefined;
  const names = { x: texts.predictedProbability, y: texts.observedShare };
  const nameOf = (one: typeof first) => one.class ?? texts.mostProbable;
  const draw = (list: readonly (typeof first)[], id: string) =>
    figure(
      calibrationChart({
        names,
        perfect: texts.perfect,
        // The title says of which class it is.
        series: list.map((one) => ({ name: texts.observedShare, points: one.points })),
      }),
      { id },
      { title: list.map(nameOf).join(", ") },
    );
  return {
    id: "calibration",
    title: texts.calibration,
    body: html`${note(texts.calibrationNote)}${figures([
      draw([first], "chart-calibration"),
      ...others.map((one, index) => draw([one], `chart-calibration-${index}`)),
    ])}`,
  };
};
