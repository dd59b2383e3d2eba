/** Classification: ranking curves, decisions and what they bring, calibration. */
import { calibrationChart } from "../../../engines/pages/charts/calibration.js";
import { confusionChart } from "../../../engines/pages/charts/confusion.js";
import { gainChart, liftChart } from "../../../engines/pages/charts/gain.js";
import { heatMapHeight } from "../../../engines/pages/charts/heat-map.js";
import { precisionRecallChart } from "../../../engines/pages/charts/precision-recall.js";
import { rocChart } from "../../../engines/pages/charts/roc.js";
import { figures, note, type TableColumn, table, tiles } from "../../../engines/pages/components.js";
import { figure } from "../../../engines/pages/figure.js";
import { formatCount, formatPercent } from "../../../engines/pages/format.js";
import { type Html, html } from "../../../engines/pages/html.js";
import type { Curve, Evaluation, ThresholdRow } from "../../../foundation/contracts/evaluation.js";
import { capital, type ReportView, type SectionMaker, writeFigure, writeInterval } from "./view.js";

export const curvesSection: SectionMaker = ({ evaluation, texts }) => {
  const { roc, precisionRecall, gain, lift } = evaluation.curves;
  if (roc.length === 0) return undefined;
  const series = (curves: readonly Curve[], figureName: string) =>
    curves.map((curve) => ({
      name: curve.value === null ? curve.class : `${curve.class}: ${figureName} ${curve.value.toFixed(3)}`,
      points: curve.points,
      band: curve.band,
    }));
  const several = roc.length > 1;
  const rocOption = rocChart({
    names: { x: texts.falsePositiveRate, y: texts.truePositiveRate },
    chance: texts.chance,
    series: series(roc, "AUC"),
  });
  const precisionOption = precisionRecallChart({
    names: { x: texts.recall, y: texts.precision },
    series: series(precisionRecall, "AP"),
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
        { id: "chart-roc" },
        { title: texts.roc, note: roc[0]?.band ? texts.rocNote : undefined },
      ),
      figure(precisionOption, { id: "chart-precision-recall" }, { title: texts.precisionRecall }),
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
  const confusion = figure(
    option,
    { id: "chart-confusion", height: heatMapHeight(classes.length) },
    { title: texts.confusion, note: texts.confusionNote },
  );
  return {
    id: "decisions",
    title: texts.decisions,
    body: html`${thresholdNote(view)}${figures([confusion, classTable(view)])}${gainPart(view)}${thresholdPart(view)}`,
  };
};

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
      cell: (row: (typeof rows)[number]) => String(row.values[decided] ?? 0),
      number: true,
    })),
  ];
  return html`<h3>${texts.gain}</h3>${note(texts.gainNote)}${tiles([
    {
      name: texts.gainPerRow,
      value: writeFigure(gain.perRow.value),
      detail: writeInterval(gain.perRow.low, gain.perRow.high),
    },
    { name: texts.gainAtDefault, value: writeFigure(gain.atDefault) },
    { name: texts.gainWithoutModel, value: writeFigure(gain.withoutModel) },
  ])}${table(rows, columns, { caption: texts.gainTable })}`;
}

function thresholdPart({ evaluation, texts }: ReportView): Html | undefined {
  const { thresholds, threshold } = evaluation;
  if (thresholds.length === 0) return undefined;
  const columns: TableColumn<ThresholdRow>[] = [
    {
      name: texts.threshold,
      cell: (row) => row.threshold.toFixed(3).replace(/0$/, ""),
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
      ? [{ name: texts.gainPerRow, cell: (row: ThresholdRow) => writeFigure(row.gain), number: true }]
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
        series: list.map((one) => ({ name: nameOf(one), points: one.points })),
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
