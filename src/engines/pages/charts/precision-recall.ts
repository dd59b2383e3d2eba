import type { ChartOption } from "./echarts.js";
import { type LineSeries, lineChart } from "./line.js";
import type { AxisNames } from "./theme.js";

/** x = recall, y = precision. */
export interface PrecisionRecallData {
  readonly names: AxisNames;
  readonly series: readonly LineSeries[];
  /** Share of positive rows: what chance reaches. */
  readonly chance?: { readonly name: string; readonly share: number };
}

export function precisionRecallChart({ names, series, chance }: PrecisionRecallData): ChartOption {
  const unit = { min: 0, max: 1 };
  const reference = chance && {
    name: chance.name,
    points: [
      [0, chance.share],
      [1, chance.share],
    ] as const,
  };
  return lineChart({ names, series, ...(reference ? { reference } : {}), x: unit, y: unit });
}
