import type { ChartOption } from "./echarts.js";
import { lineChart } from "./line.js";
import { intervalSeries, rectangleSeries } from "./shapes.js";
import { type AxisNames, legendText, MUTED, SERIES_COLORS } from "./theme.js";

export interface CalibrationPoint {
  /** Mean predicted probability of the bin. */
  readonly predicted: number;
  /** Share of rows in which it happened, with its interval. */
  readonly observed: number;
  readonly low: number;
  readonly high: number;
  readonly rows: number;
}

export interface CalibrationData {
  readonly names: AxisNames;
  readonly series: readonly { readonly name: string; readonly points: readonly CalibrationPoint[] }[];
  readonly perfect: string;
}

/** Observed share over predicted probability; the bars at the foot show where the rows are. */
export function calibrationChart({ names, series, perfect }: CalibrationData): ChartOption {
  const unit = { min: 0, max: 1 };
  const option = lineChart({
    names,
    series: series.map(({ name, points }) => ({
      name,
      dots: true,
      points: points.map((point) => [point.predicted, point.observed] as const),
    })),
    reference: {
      name: perfect,
      points: [
        [0, 0],
        [1, 1],
      ],
    },
    x: unit,
    y: unit,
  });
  const extra = series.flatMap(({ name, points }, index) => [
    {
      ...intervalSeries(
        points.map((point) => [point.predicted, point.low, point.high]),
        SERIES_COLORS[index % SERIES_COLORS.length]!,
      ),
      name: legendText(name),
    },
  ]);
  const drawn = option.series as object[];
  return { ...option, series: [...drawn, ...extra, rowShares(series[0]?.points ?? [])] } as ChartOption;
}

/** Up to an eighth of the height for the fullest bin. */
function rowShares(points: readonly CalibrationPoint[]): object {
  const most = Math.max(1, ...points.map((point) => point.rows));
  const rows = points.map(({ predicted, rows: count }) => [
    Math.max(0, predicted - 0.012),
    Math.min(1, predicted + 0.012),
    0,
    (count / most) * 0.125,
  ]);
  return { ...rectangleSeries(rows, MUTED, { opacity: 0.35 }), z: 1 };
}
