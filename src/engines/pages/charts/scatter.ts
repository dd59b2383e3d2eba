import { shorten } from "../html.js";
import type { ChartOption } from "./echarts.js";
import {
  type AxisNames,
  baseOption,
  legend,
  MUTED,
  SERIES_COLORS,
  STILL,
  xValueAxis,
  yValueAxis,
} from "./theme.js";

export interface ScatterData {
  readonly names: AxisNames;
  readonly series: readonly {
    readonly name: string;
    readonly points: readonly (readonly [number, number])[];
  }[];
  /** A dashed line through these points. */
  readonly reference?: readonly (readonly [number, number])[];
}

export function scatterChart({ names, series, reference }: ScatterData): ChartOption {
  const several = series.length > 1;
  return {
    ...baseOption(),
    ...(several ? { legend: legend(series.map((one) => one.name)) } : {}),
    xAxis: xValueAxis(names.x, { fit: true }),
    yAxis: yValueAxis(names.y, { fit: true }),
    series: [
      ...series.map(({ name, points }, index) => ({
        ...STILL,
        type: "scatter",
        name: shorten(name),
        symbolSize: points.length > 800 ? 3 : 5,
        itemStyle: {
          color: SERIES_COLORS[index % SERIES_COLORS.length],
          opacity: points.length > 300 ? 0.4 : 0.65,
        },
        data: points.map((point) => [...point]),
      })),
      ...(reference ? [dashedLine(reference)] : []),
    ],
  } as ChartOption;
}

function dashedLine(points: readonly (readonly [number, number])[]): object {
  return {
    ...STILL,
    type: "line",
    showSymbol: false,
    z: 4,
    lineStyle: { color: MUTED, type: "dashed", width: 1.6 },
    data: points.map((point) => [...point]),
  };
}
