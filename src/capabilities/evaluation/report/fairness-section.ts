/** Fairness: figures by group, with sizes and intervals. */
import { badge, note, type TableColumn, table } from "../../../engines/pages/components.js";
import { formatCount, formatPercent } from "../../../engines/pages/format.js";
import { type Html, html, shorten } from "../../../engines/pages/html.js";
import type {
  BoundedFigure,
  Fairness,
  FairnessGap,
  GroupFigures,
} from "../../../foundation/contracts/trust.js";
import { type ReportView, type SectionMaker, writeFigure, writeInterval } from "./view.js";

export const fairnessSection: SectionMaker = (view) => {
  const { evaluation, texts } = view;
  const columns = evaluation.fairness ?? [];
  if (columns.length === 0) return undefined;
  const parts = columns.map((one) => {
    const name =
      one.class === null ? shorten(one.column) : texts.fairnessOf(shorten(one.column), shorten(one.class));
    const rule = texts.minimumRows(formatCount(one.minimumRows), shorten(groupName(one.reference, view)));
    return html`<h3>${name}</h3>${note(rule)}${groupTable(view, one)}${gapTable(view, one)}`;
  });
  return { id: "fairness", title: texts.fairness, body: html`${note(texts.fairnessNote)}${parts}` };
};

function groupName(name: string, { texts }: ReportView): string {
  return name === "∅" ? texts.noValue : name;
}

function groupTable(view: ReportView, fairness: Fairness): Html {
  const { texts } = view;
  const ids = Object.keys(fairness.groups[0]?.figures ?? {});
  const names: Readonly<Record<string, string>> = {
    selectionRate: texts.selectionRate,
    baseRate: texts.baseRate,
    truePositiveRate: texts.truePositiveRate,
    falsePositiveRate: texts.falsePositiveRate,
    precision: texts.groupPrecision,
    calibrationGap: texts.calibrationGap,
    meanResidual: texts.meanResidualOfGroup,
    meanAbsoluteError: texts.meanAbsoluteErrorOfGroup,
  };
  const columns: TableColumn<GroupFigures>[] = [
    {
      name: texts.group,
      cell: (one) => html`${shorten(groupName(one.group, view))} ${mark(view, fairness, one)}`,
      heading: true,
    },
    { name: texts.rows, cell: (one) => formatCount(one.rows), number: true },
    ...ids.map((id) => ({
      name: Object.hasOwn(names, id) ? names[id]! : id,
      cell: (one: GroupFigures) => figureCell(one.figures[id], fairness.class !== null),
      number: true,
    })),
  ];
  return table(fairness.groups, columns);
}

function mark(
  { texts }: ReportView,
  { reference }: Fairness,
  { group, tooSmall }: GroupFigures,
): Html | undefined {
  if (tooSmall) return badge(texts.tooSmall, "warn");
  return group === reference ? badge(texts.reference, "plain") : undefined;
}

function figureCell(figure: BoundedFigure | undefined, share: boolean): Html {
  const write = (value: number | null | undefined) =>
    share && value !== null && value !== undefined ? formatPercent(value) : writeFigure(value);
  if (!figure || figure.value === null) return html`–`;
  const interval =
    figure.low === null || figure.high === null ? "" : `${write(figure.low)} … ${write(figure.high)}`;
  return html`${write(figure.value)}<br><span class="small muted">${interval}</span>`;
}

function gapTable(view: ReportView, { gaps }: Fairness): Html | undefined {
  const { texts } = view;
  if (gaps.length === 0) return undefined;
  const names: Readonly<Record<string, string>> = {
    "demographic-parity": texts["demographic-parity"],
    "equal-opportunity": texts["equal-opportunity"],
    "equalized-odds": texts["equalized-odds"],
    "predictive-parity": texts["predictive-parity"],
    calibration: texts["calibration-by-group"],
    "mean-residual": texts["mean-residual"],
    "mean-absolute-error": texts["mean-absolute-error"],
  };
  const columns: TableColumn<FairnessGap>[] = [
    {
      name: texts.criterion,
      cell: ({ criterion }) => (Object.hasOwn(names, criterion) ? names[criterion]! : criterion),
      heading: true,
    },
    { name: texts.largestDifference, cell: ({ difference }) => writeFigure(difference.value), number: true },
    {
      name: texts.interval95,
      cell: ({ difference }) => writeInterval(difference.low, difference.high),
      number: true,
    },
    { name: texts.ratio, cell: ({ ratio }) => writeFigure(ratio?.value), number: true },
    {
      name: texts.between,
      cell: ({ between }) => between.map((name) => shorten(groupName(name, view), 24)).join(" / "),
    },
  ];
  return table(gaps, columns);
}
