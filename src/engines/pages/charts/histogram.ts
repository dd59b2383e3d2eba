import { axisScale } from "./axis-scale.js";
import type { ChartOption } from "./echarts.js";
import { rectangleSeries } from "./shapes.js";
import {
  type AxisNames,
  baseOption,
  legend,
  legendText,
  SERIES_COLORS,
  xValueAxis,
  yValueAxis,
} from "./theme.js";

/** Counts between neighbouring edges: `edges.length = counts.length + 1`, ascending. */
export interface HistogramData {
  readonly names: AxisNames;
  readonly edges: readonly number[];
  /** One or a few; the first is filled, the others are outlines over it. */
  readonly series: readonly { readonly name: string; readonly counts: readonly number[] }[];
  readonly percent?: boolean;
}

export function histogramChart({ names, edges, series, percent = false }: HistogramData): ChartOption {
  const several = series.length > 1;
  const scale = axisScale(edges, true);
  const places = edges.map(scale.place);
  return {
    ...baseOption(),
    ...(several ? { legend: legend(series.map((one) => one.name)) } : {}),
    xAxis: {
      ...quietEnds(xValueAxis(names.x, { min: edges[0], max: edges.at(-1), fit: true, scale })),
      splitLine: { show: false },
    },
    yAxis: yValueAxis(names.y, { percent }),
    series: series.map((one, index) => ({
      ...rectangleSeries(
        one.counts.map((count, bin) => [places[bin]!, places[bin + 1]!, 0, count]),
        SERIES_COLORS[index % SERIES_COLORS.length]!,
        { opacity: several ? 0.6 : 0.9, outline: index > 0 },
      ),
      name: legendText(one.name),
    })),
  } as ChartOption;
}

/** The outer edges are rarely round numbers, so they get no label. */
function quietEnds<Axis extends { axisLabel: object }>(axis: Axis): Axis {
  return { ...axis, axisLabel: { ...axis.axisLabel, showMinLabel: false, showMaxLabel: false } };
}
