import { type AxisScale, axisScale } from "./axis-scale.js";
import type { ChartOption } from "./echarts.js";
import { bandSeries } from "./shapes.js";
import {
  type AxisNames,
  baseOption,
  CONTAIN_LABELS,
  chartText,
  legend,
  legendHeight,
  legendText,
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
    readonly whole?: boolean;
    readonly log?: boolean;
  };
  readonly y?: {
    readonly min?: number;
    readonly max?: number;
    readonly percent?: boolean;
    readonly whole?: boolean;
    readonly log?: boolean;
  };
}

/** The height at which a legend of several lines leaves the plot its own. */
export function lineChartHeight(names: readonly string[]): number {
  return 282 + Math.max(18, legendHeight(names));
}

export function lineChart(data: LineData): ChartOption {
  const { names, series, reference } = data;
  const shown = [...series.map((one) => one.name), ...(reference ? [reference.name] : [])];
  const [x, y] = scalesOf(data);
  return {
    ...baseOption(),
    grid: { left: 12, right: 18, top: 30 + legendHeight(shown), bottom: 34, ...CONTAIN_LABELS },
    ...(shown.length > 1 ? { legend: { ...legend(shown, reference?.name), left: 4, right: "auto" } } : {}),
    xAxis: xValueAxis(names.x, { fit: true, ...data.x, scale: x }),
    yAxis: yValueAxis(names.y, { fit: true, ...data.y, scale: y }),
    series: [
      ...series.flatMap((one, index) =>
        drawSeries(
          placed(one, x, y),
          index,
          index === 0 && data.mark ? { ...data.mark, x: x.place(data.mark.x) } : undefined,
        ),
      ),
      ...(reference ? [referenceSeries(placed(reference, x, y))] : []),
    ],
  } as ChartOption;
}

function scalesOf({ series, reference, mark, x, y }: LineData): [AxisScale, AxisScale] {
  const points = [...series, ...(reference ? [reference] : [])].flatMap((one) => [...one.points]);
  const bands = series.flatMap((one) => [...(one.band ?? [])]);
  const ends = (axis: LineData["x"]): number[] => [axis?.min ?? Number.NaN, axis?.max ?? Number.NaN];
  const across = [...points, ...bands].map((point) => point[0]);
  const along = [...points.map((point) => point[1]), ...bands.flatMap(([, low, high]) => [low, high])];
  return [
    axisScale(x?.log ? [] : [...across, mark?.x ?? Number.NaN, ...ends(x)], true),
    axisScale(y?.log ? [] : [...along, ...ends(y)], true),
  ];
}

function placed<Series extends Pick<LineSeries, "points" | "band">>(
  one: Series,
  x: AxisScale,
  y: AxisScale,
): Series {
  return {
    ...one,
    points: one.points.map(([at, value]) => [x.place(at), y.place(value)] as const),
    ...(one.band && {
      band: one.band.map(([at, low, high]) => [x.place(at), y.place(low), y.place(high)] as const),
    }),
  };
}

function drawSeries(one: LineSeries, index: number, mark: LineData["mark"]): object[] {
  const color = SERIES_COLORS[index % SERIES_COLORS.length]!;
  const line = {
    ...STILL,
    type: "line",
    name: legendText(one.name),
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
    label: { formatter: () => chartText(mark.label), color: MUTED, position: "insideEndTop" },
    data: [{ xAxis: mark.x }],
  };
}

function referenceSeries(reference: NonNullable<LineData["reference"]>): object {
  return {
    ...STILL,
    type: "line",
    name: legendText(reference.name),
    showSymbol: false,
    symbol: "circle",
    z: 2,
    lineStyle: { color: MUTED, type: "dashed", width: 1.4 },
    itemStyle: { color: MUTED },
    data: reference.points.map((point) => [...point]),
  };
}
