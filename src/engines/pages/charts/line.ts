import { shorten } from "../html.js";
import type { ChartOption } from "./echarts.js";
import { bandSeries } from "./shapes.js";
import {
  type AxisNames,
  baseOption,
  CONTAIN_LABELS,
  legend,
  legendLines,
  MUTED,
  SERIES_COLORS,
  STILL,
  xValueAxis,
  yValueAxis,
} from "./theme.js";

export interface LineSeries {
  readonly name: string;
  /** [x, y], in order of x. */
  readonly points: readonly (readonly [number, number])[];
  /** [x, low, high]: an interval around the line. */
  readonly band?: readonly (readonly [number, number, number])[] | undefined;
  readonly dots?: boolean;
  /** Curves of counts change at points only. */
  readonly step?: boolean;
}

export interface LineData {
  readonly names: AxisNames;
  readonly series: readonly LineSeries[];
  /** A dashed line to compare with: chance, perfect agreement, the baseline. */
  readonly reference?: {
    readonly name: string;
    readonly points: readonly (readonly [number, number])[];
  };
  /** A vertical mark: the chosen threshold or iteration. */
  readonly mark?: { readonly x: number; readonly label: string } | undefined;
  readonly x?: {
    readonly min?: number;
    readonly max?: number;
    readonly percent?: boolean;
    readonly log?: boolean;
  };
  readonly y?: {
    readonly min?: number;
    readonly max?: number;
    readonly percent?: boolean;
    readonly log?: boolean;
  };
}

export function lineChart(data: LineData): ChartOption {
  const { names, series, reference } = data;
  const shown = [...series.map((one) => one.name), ...(reference ? [reference.name] : [])];
  return {
    ...baseOption(),
    grid: { left: 12, right: 18, top: 30 + 18 * legendLines(shown), bottom: 34, ...CONTAIN_LABELS },
    ...(shown.length > 1 ? { legend: { ...legend(shown), left: 4, right: "auto" } } : {}),
    xAxis: xValueAxis(names.x, { fit: true, ...data.x }),
    yAxis: yValueAxis(names.y, { fit: true, ...data.y }),
    series: [
      ...series.flatMap((one, index) => drawSeries(one, index, index === 0 ? data.mark : undefined)),
      ...(reference ? [referenceSeries(reference)] : []),
    ],
  } as ChartOption;
}

function drawSeries(one: LineSeries, index: number, mark: LineData["mark"]): object[] {
  const color = SERIES_COLORS[index % SERIES_COLORS.length]!;
  const line = {
    ...STILL,
    type: "line",
    name: shorten(one.name),
    z: 3,
    step: one.step ? "end" : false,
    showSymbol: one.dots ?? false,
    symbol: "circle",
    symbolSize: 6,
    lineStyle: { width: 2, color, type: index % 2 === 1 && index > 1 ? "dotted" : "solid" },
    itemStyle: { color },
    data: one.points.map((point) => [...point]),
    ...(mark ? { markLine: verticalMark(mark) } : {}),
  };
  return one.band && one.band.length > 1 ? [bandSeries(one.band, color), line] : [line];
}

function verticalMark(mark: { x: number; label: string }): object {
  return {
    ...STILL,
    symbol: "none",
    lineStyle: { color: MUTED, type: "dashed", width: 1.2 },
    label: { formatter: () => shorten(mark.label), color: MUTED, position: "insideEndTop" },
    data: [{ xAxis: mark.x }],
  };
}

function referenceSeries(reference: NonNullable<LineData["reference"]>): object {
  return {
    ...STILL,
    type: "line",
    name: shorten(reference.name),
    showSymbol: false,
    symbol: "circle",
    z: 2,
    lineStyle: { color: MUTED, type: "dashed", width: 1.4 },
    itemStyle: { color: MUTED },
    data: reference.points.map((point) => [...point]),
  };
}
