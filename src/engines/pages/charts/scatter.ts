import { type AxisScale, axisScale } from "./axis-scale.js";
import type { ChartOption } from "./echarts.js";
import {
  type AxisNames,
  baseOption,
  legend,
  legendText,
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
  /** The numbers along x are counts. */
  readonly whole?: boolean;
}

export function scatterChart({ names, series, reference, whole = false }: ScatterData): ChartOption {
  const several = series.length > 1;
  const points = [...series.flatMap((one) => [...one.points]), ...(reference ?? [])];
  const [x, y] = [0, 1].map((at) =>
    axisScale(
      points.map((point) => point[at]!),
      true,
    ),
  ) as [AxisScale, AxisScale];
  const place = (at: readonly [number, number]): number[] => [x.place(at[0]), y.place(at[1])];
  return {
    ...baseOption(),
    ...(several ? { legend: legend(series.map((one) => one.name)) } : {}),
    xAxis: xValueAxis(names.x, { fit: true, whole, scale: x }),
    yAxis: yValueAxis(names.y, { fit: true, scale: y }),
    series: [
      ...series.map(({ name, points }, index) => ({
        ...STILL,
        type: "scatter",
        name: legendText(name),
        symbolSize: points.length > 800 ? 3 : 5,
        itemStyle: {
          color: SERIES_COLORS[index % SERIES_COLORS.length],
          opacity: points.length > 300 ? 0.4 : 0.65,
        },
        data: points.map(place),
      })),
      ...(reference ? [dashedLine(reference.map(place))] : []),
    ],
  } as ChartOption;
}

function dashedLine(points: readonly (readonly number[])[]): object {
  return {
    ...STILL,
    type: "line",
    showSymbol: false,
    z: 4,
    lineStyle: { color: MUTED, type: "dashed", width: 1.6 },
    data: points.map((point) => [...point]),
  };
}
