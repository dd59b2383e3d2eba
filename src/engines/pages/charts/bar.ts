import { axisScale } from "./axis-scale.js";
import type { ChartOption } from "./echarts.js";
import { fitLabels } from "./fit-labels.js";
import { intervalSeries } from "./shapes.js";
import {
  baseOption,
  CONTAIN_LABELS,
  categoryAxis,
  chartText,
  INK,
  LABEL_SIZE,
  SERIES_COLORS,
  STILL,
  xValueAxis,
} from "./theme.js";

export interface BarItem {
  readonly label: string;
  readonly value: number;
  /** Interval around the value. */
  readonly low?: number | undefined;
  readonly high?: number | undefined;
  /** Drawn in the second colour: the chosen one, the conspicuous one. */
  readonly marked?: boolean;
}

/** Horizontal bars, first item on top: rankings, importance, most frequent values. */
export interface BarData {
  readonly items: readonly BarItem[];
  readonly name: string;
  readonly percent?: boolean;
  /** The axis fits the values instead of starting at zero: then dots are drawn, as bars would mislead. */
  readonly fit?: boolean;
}

/** Of the usual 480 pixels more than half is left for the bars. */
const LABEL_WIDTH = 200;

/** The height at which every bar has room. */
export function barChartHeight(items: number): number {
  return 70 + 22 * Math.max(2, items);
}

export function barChart({ items, name, percent = false, fit = false }: BarData): ChartOption {
  const intervals = items
    .map((item, index) => [index, item.low, item.high] as const)
    .filter((row): row is readonly [number, number, number] => row[1] !== undefined && row[2] !== undefined);
  const scale = axisScale(
    [...items.map((item) => item.value), ...intervals.flatMap(([, low, high]) => [low, high])],
    fit,
  );
  const placed = intervals.map(([index, low, high]) => [index, scale.place(low), scale.place(high)]);
  return {
    ...baseOption(),
    grid: { left: 22, right: 24, top: 8, bottom: 34, ...CONTAIN_LABELS },
    xAxis: xValueAxis(name, { percent, fit, scale }),
    yAxis: {
      ...categoryAxis(
        fitLabels(
          items.map((item) => chartText(item.label, 200)),
          LABEL_WIDTH,
          LABEL_SIZE,
        ),
        { width: LABEL_WIDTH + 20, every: true },
      ),
      inverse: true,
    },
    series: [
      {
        ...STILL,
        ...(fit ? { type: "scatter", symbolSize: 11 } : { type: "bar", barMaxWidth: 16 }),
        data: items.map((item, index) => ({
          value: fit ? [scale.place(item.value), index] : scale.place(item.value),
          itemStyle: { color: SERIES_COLORS[item.marked ? 1 : 0] },
        })),
      },
      ...(intervals.length > 0 ? [intervalSeries(placed, INK, "x")] : []),
    ],
  } as ChartOption;
}
