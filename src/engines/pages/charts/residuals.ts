import type { ChartOption } from "./echarts.js";
import { scatterChart } from "./scatter.js";
import type { AxisNames } from "./theme.js";

/** Points are [predicted, actual - predicted]. */
export interface ResidualData {
  readonly names: AxisNames;
  readonly points: readonly (readonly [number, number])[];
}

export function residualChart({ names, points }: ResidualData): ChartOption {
  const xs = points.map((point) => point[0]);
  const reference =
    points.length > 0
      ? ([
          [min(xs), 0],
          [max(xs), 0],
        ] as const)
      : undefined;
  return scatterChart({ names, series: [{ name: names.y, points }], ...(reference ? { reference } : {}) });
}

/** Normal quantiles against ordered residuals; on the line, the errors are normal. */
export function quantileChart({ names, points }: ResidualData): ChartOption {
  const middle = points.slice(Math.floor(points.length / 4), Math.ceil((points.length * 3) / 4));
  const [from, to] = [middle[0], middle.at(-1)];
  const slope = from && to && to[0] > from[0] ? (to[1] - from[1]) / (to[0] - from[0]) : 0;
  const at = (x: number) => [x, (from?.[1] ?? 0) + slope * (x - (from?.[0] ?? 0))] as const;
  const [first, last] = [points[0], points.at(-1)];
  const reference = first && last ? [at(first[0]), at(last[0])] : undefined;
  return scatterChart({ names, series: [{ name: names.y, points }], ...(reference ? { reference } : {}) });
}

const min = (values: readonly number[]) => values.reduce((least, value) => Math.min(least, value), Infinity);
const max = (values: readonly number[]) => values.reduce((most, value) => Math.max(most, value), -Infinity);
