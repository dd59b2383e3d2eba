import { axisScale } from "./axis-scale.js";
import type { ChartOption } from "./echarts.js";
import { baseOption, categoryAxis, SERIES_COLORS, STILL, yValueAxis } from "./theme.js";

export interface BoxData {
  readonly name: string;
  /** `five`: lower whisker, first quartile, median, third quartile, upper whisker. */
  readonly boxes: readonly {
    readonly label: string;
    readonly five: readonly [number, number, number, number, number];
  }[];
}

export function boxChart({ name, boxes }: BoxData): ChartOption {
  const scale = axisScale(
    boxes.flatMap((box) => [...box.five]),
    true,
  );
  return {
    ...baseOption(),
    xAxis: categoryAxis(
      boxes.map((box) => box.label),
      { width: Math.max(40, Math.floor(420 / Math.max(1, boxes.length))) },
    ),
    yAxis: yValueAxis(name, { fit: true, scale }),
    series: [
      {
        ...STILL,
        type: "boxplot",
        itemStyle: { color: "#bcd9ee", borderColor: SERIES_COLORS[0], borderWidth: 1.4 },
        data: boxes.map((box) => box.five.map(scale.place)),
      },
    ],
  };
}
