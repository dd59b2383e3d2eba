import type { ChartOption } from "./echarts.js";
import { type LineSeries, lineChart } from "./line.js";
import type { AxisNames } from "./theme.js";

/** Receiver operating characteristic: x = false positive rate, y = true positive rate. */
export interface RocData {
  readonly names: AxisNames;
  readonly chance: string;
  readonly series: readonly LineSeries[];
}

export function rocChart({ names, chance, series }: RocData): ChartOption {
  const unit = { min: 0, max: 1 };
  const diagonal = [
    [0, 0],
    [1, 1],
  ] as const;
  return lineChart({ names, series, reference: { name: chance, points: diagonal }, x: unit, y: unit });
}
