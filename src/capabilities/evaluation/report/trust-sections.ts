/** How far the numbers and the data can be trusted: coverage, suspicious labels, twins, strange rows, folds. */
import { barChart, barChartHeight } from "../../../engines/pages/charts/bar.js";
import { callout, facts, figures, note, type TableColumn, table } from "../../../engines/pages/components.js";
import { figure } from "../../../engines/pages/figure.js";
import { formatCount, formatPercent } from "../../../engines/pages/format.js";
import { type Html, html, shorten } from "../../../engines/pages/html.js";
import type {
  BoundedFigure,
  ConformalReport,
  LabelErrors,
  RowPair,
  StrangeRow,
  SuspectLabel,
} from "../../../foundation/contracts/trust.js";
import { valueList } from "./value-list.js";
import { type ReportView, type SectionMaker, writeFigure, writeInterval, writePValue } from "./view.js";

const SHOWN_ROWS = 20;
/** A smaller share of twins changes no figure that matters. */
const FEW_TWINS = 0.02;
const MOST_VALUES = 8;

export const conformalSection: SectionMaker = (view) => {
  const { evaluation, texts } = view;
  const reports = evaluation.conformal ?? [];
  if (reports.length === 0) return undefined;
  const size = (report: ConformalReport) =>
    report.conformal.kind === "set" ? texts.meanSetSize : texts.meanWidth;
  const short = reports.some(({ conformal, measured }) => (measured?.covered.high ?? 1) < conformal.level);
  const columns: TableColumn<ConformalReport>[] = [
    {
      name: texts.promised,
      cell: ({ conformal }) => formatPercent(conformal.level),
      number: true,
      heading: true,
    },
    { name: texts.covered, cell: ({ measured }) => shareOrDash(measured?.covered.value), number: true },
    { name: texts.interval95, cell: ({ measured }) => shareInterval(measured?.covered), number: true },
    { name: texts.rows, cell: ({ measured }) => formatCount(measured?.rows ?? 0), number: true },
    { name: size(reports[0]!), cell: ({ meanSize }) => writeFigure(meanSize), number: true },
    { name: texts.method, cell: ({ conformal }) => methodName(view, conformal) },
    { name: texts.calibrationRows, cell: ({ conformal }) => formatCount(conformal.rows), number: true },
  ];
  const outOfFold = reports.some(({ conformal }) => conformal.calibratedOn === "out-of-fold");
  const body = html`${note(texts.conformalNote)}${short && callout("warn", texts.coverageShort)}${table(reports, columns)}${
    outOfFold && note(texts.calibratedOutOfFold)
  }${classCoverage(view, reports)}`;
  return { id: "conformal", title: texts.conformal, body };
};

function methodName({ texts }: ReportView, conformal: ConformalReport["conformal"]): string {
  const name = texts[conformal.method];
  return conformal.kind === "set" && conformal.byClass ? `${name}, ${texts.withinClasses}` : name;
}

/** Classes in rows, levels in columns; one chart a level. */
function classCoverage({ texts }: ReportView, reports: readonly ConformalReport[]): Html | undefined {
  const sets = reports.filter(({ byClass }) => byClass.length > 0);
  if (sets.length === 0) return undefined;
  const level = ({ conformal }: ConformalReport) => formatPercent(conformal.level);
  const charts = sets.map((report, index) => {
    const items = report.sizes.flatMap((rows, size) =>
      rows > 0 ? [{ label: String(size), value: rows }] : [],
    );
    return figure(
      barChart({ items, name: texts.rowsAxis }),
      { id: `chart-sets-${index}`, height: barChartHeight(items.length) },
      { title: `${texts.setSizes} (${level(report)})`, note: texts.classesInSet },
    );
  });
  return html`<h3>${texts.coverageByClass}</h3>${table(sets[0]!.byClass, [
    { name: texts.class, cell: (one) => shorten(one.class), heading: true },
    { name: texts.rows, cell: (one) => formatCount(one.rows), number: true },
    ...sets.map((report) => ({
      name: level(report),
      cell: (_: unknown, index: number) => coverageCell(report.byClass[index]?.covered),
      number: true,
    })),
  ])}${figures(charts)}`;
}

function coverageCell(covered: BoundedFigure | undefined): Html {
  return html`${shareOrDash(covered?.value)}<br><span class="small muted">${shareInterval(covered)}</span>`;
}

function shareOrDash(share: number | null | undefined): string {
  return share === null || share === undefined ? "–" : formatPercent(share);
}

function shareInterval(figure: BoundedFigure | undefined): string {
  if (!figure || figure.low === null || figure.high === null) return "–";
  return `${formatPercent(figure.low)} … ${formatPercent(figure.high)}`;
}

export const labelErrorsSection: SectionMaker = (view) => {
  const { texts } = view;
  const errors = view.evaluation.labelErrors;
  if (!errors) return undefined;
  const section = { id: "label-errors", title: texts.labelErrors };
  const rows = formatCount(errors.rows);
  if (errors.found === 0) return { ...section, body: callout("good", texts.noLabelErrors(rows)) };
  const how =
    errors.limit === null ? texts.labelErrorsByClass : texts.labelErrorsByResidual(String(errors.limit));
  const columns: TableColumn<SuspectLabel>[] = [
    { name: texts.row, cell: (one) => String(one.row), number: true, heading: true },
    { name: texts.givenLabel, cell: (one) => shorten(one.given) },
    { name: texts.suggestedLabel, cell: (one) => shorten(one.suggested) },
    {
      name: errors.limit === null ? texts.givenProbability : texts.deviations,
      cell: (one) => (errors.limit === null ? formatPercent(one.score) : writeFigure(one.score)),
      number: true,
    },
    { name: texts.otherValues, cell: (one) => valueList(one.values.slice(0, MOST_VALUES)), prose: true },
  ];
  const body = html`${note(`${texts.labelErrorsNote(formatCount(errors.found), rows)} ${how}`)}${table(
    errors.suspects.slice(0, SHOWN_ROWS),
    columns,
  )}${noiseTable(view, errors)}`;
  return { ...section, body };
};

function noiseTable({ texts }: ReportView, { noise }: LabelErrors): Html | undefined {
  if (!noise || noise.classes.length > 12) return undefined;
  const columns: TableColumn<string>[] = [
    { name: texts.trueClass, cell: (name) => shorten(name), heading: true },
    ...noise.classes.map((given, g) => ({
      name: `${texts.labelledAs} ${shorten(given, 24)}`,
      cell: (_: string, truth: number) => formatPercent(noise.matrix[g]![truth]!),
      number: true,
    })),
  ];
  return html`<h3>${texts.noiseMatrix}</h3>${table(noise.classes, columns)}`;
}

export const nearDuplicatesSection: SectionMaker = (view) => {
  const { evaluation, texts } = view;
  const { nearDuplicates, twins } = evaluation;
  if (!nearDuplicates && !twins) return undefined;
  const { crossing } = nearDuplicates ?? {};
  const count = (value: number | undefined) => (value === undefined ? "–" : formatCount(value));
  const counts =
    nearDuplicates &&
    html`${note(texts.nearDuplicatesNote)}${!nearDuplicates.complete && callout("warn", texts.notComplete)}${facts(
      [
        [texts.equalRows, count(nearDuplicates.equalRows)],
        [texts.nearRows, count(nearDuplicates.nearRows)],
        [texts.conflictRows, count(nearDuplicates.conflictRows)],
        [
          texts.crossingRows,
          texts.crossingDetail(
            count(crossing?.equalRows),
            count(crossing?.nearRows),
            count(crossing?.testRows),
          ),
        ],
      ],
    )}`;
  const body = html`${twinTable(view)}${counts}${pairTable(view, texts.conflictList, nearDuplicates?.conflicts)}${pairTable(
    view,
    texts.crossingList,
    crossing?.pairs,
  )}`;
  return { id: "near-duplicates", title: texts.nearDuplicates, body };
};

function twinTable({ evaluation, texts, metric }: ReportView): Html | undefined {
  const { twins } = evaluation;
  if (!twins || twins.twinRows === 0) return undefined;
  const total = twins.twinRows + twins.otherRows;
  const rows = [
    // As the other sections say it: the interval of the same rows.
    { name: texts.allRows, rows: total, value: evaluation.metrics[evaluation.metric] ?? twins.all },
    { name: texts.twinRowsOnly, rows: twins.twinRows, value: twins.withTwin },
    { name: texts.otherRowsOnly, rows: twins.otherRows, value: twins.withoutTwin },
  ];
  const share = formatPercent(twins.twinRows / total);
  const [all, honest] = [writeFigure(twins.all.value), writeFigure(twins.withoutTwin.value)];
  const tone = twins.twinRows / total < FEW_TWINS ? "info" : "warn";
  return html`${callout(tone, texts.twinsWarning(share, metric, all, honest))}${table(
    rows,
    [
      { name: "", cell: (row) => row.name, heading: true },
      { name: texts.rows, cell: (row) => formatCount(row.rows), number: true },
      { name: metric, cell: (row) => writeFigure(row.value.value), number: true },
      { name: texts.interval95, cell: (row) => writeInterval(row.value.low, row.value.high), number: true },
    ],
    { marked: (_, index) => index === 2 },
  )}`;
}

function pairTable({ texts }: ReportView, title: string, pairs: readonly RowPair[] = []): Html | undefined {
  if (pairs.length === 0) return undefined;
  const side = (at: 0 | 1) => (pair: RowPair) => `${pair.rows[at]} (${shorten(pair.labels[at], 24)})`;
  const difference = ([name, a, b]: RowPair["differences"][number], index: number) =>
    html`${index > 0 && ", "}<span class="muted">${shorten(name, 30)}</span> ${shorten(a, 24)} → ${shorten(b, 24)}`;
  const differences = (pair: RowPair) =>
    pair.equal ? texts.nothingDiffers : html`<span class="small">${pair.differences.map(difference)}</span>`;
  return html`<h3>${title}</h3>${table(pairs.slice(0, SHOWN_ROWS), [
    { name: texts.firstRow, cell: side(0), heading: true },
    { name: texts.secondRow, cell: side(1) },
    { name: texts.differences, cell: differences, prose: true },
  ])}`;
}

export const noveltySection: SectionMaker = ({ evaluation, texts }) => {
  const { novelty } = evaluation;
  if (!novelty) return undefined;
  const rows = formatCount(novelty.rows);
  const verdict =
    novelty.found > 0
      ? callout("warn", texts.noveltyFound(formatCount(novelty.found), rows))
      : callout("good", texts.noNovelty(rows));
  const columns: TableColumn<StrangeRow>[] = [
    { name: texts.row, cell: (one) => String(one.row), number: true, heading: true },
    { name: texts.distance, cell: (one) => writeFigure(one.distance), number: true },
    { name: texts.pValue, cell: (one) => writePValue(one.pValue), number: true },
    { name: texts.strangeValues, cell: (one) => valueList(one.values.slice(0, MOST_VALUES)), prose: true },
  ];
  const body = html`${verdict}${facts([
    [texts.noveltyShare, texts.noveltyShareDetail(formatPercent(novelty.shareAtFivePercent))],
  ])}<h3>${texts.strangest}</h3>${note(
    texts.noveltyNote(formatPercent(novelty.falseDiscoveryRate, 0), formatCount(novelty.calibrationRows)),
  )}${table(novelty.strangest.slice(0, SHOWN_ROWS), columns)}`;
  return { id: "novelty", title: texts.novelty, body };
};

export const crossValidationSection: SectionMaker = ({ evaluation, texts }) => {
  const summary = evaluation.crossValidation;
  if (!summary) return undefined;
  const { nested, values } = summary;
  const folds = Array.from({ length: summary.folds }, (_, fold) => fold);
  const body = html`${note(texts.crossValidationNote(formatCount(summary.folds), formatCount(summary.repeats)))}${facts(
    [
      [texts.mean, writeFigure(summary.mean)],
      [texts.interval95, writeInterval(summary.low, summary.high)],
      [texts.foldDeviation, writeFigure(summary.foldDeviation)],
      ...(summary.repeats > 1
        ? [[texts.repeatDeviation, writeFigure(summary.repeatDeviation)] as const]
        : []),
      ...(nested
        ? [
            [texts.innerValue, writeFigure(nested.inner)] as const,
            [texts.optimism, writeFigure(nested.optimism)] as const,
          ]
        : []),
    ],
  )}${nested && note(texts.optimismNote)}${table(values, [
    { name: texts.repetition, cell: (_, repeat) => formatCount(repeat + 1), number: true, heading: true },
    ...folds.map((fold) => ({
      name: texts.fold(formatCount(fold + 1)),
      cell: (row: readonly (number | null)[]) => writeFigure(row[fold]),
      number: true,
    })),
  ])}`;
  return { id: "cross-validation", title: texts.crossValidation, body };
};
