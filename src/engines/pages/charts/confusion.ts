import type { ChartOption } from "./echarts.js";
import { heatMapChart } from "./heat-map.js";
import { type AxisNames, tickLabel } from "./theme.js";

export interface ConfusionData {
  readonly names: AxisNames;
  readonly classes: readonly string[];
  /** `counts[actual][predicted]`, may be weighted. */
  readonly counts: readonly (readonly number[])[];
}

/** Coloured by share of the actual class; the count stands in the cell. */
export function confusionChart({ names, classes, counts }: ConfusionData): ChartOption {
  const shares = counts.map((row) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count) => (total > 0 ? count / total : 0));
  });
  const text = (row: number, column: number) => {
    const count = tickLabel(Math.round(counts[row]![column]! * 10) / 10);
    return classes.length <= 6 ? `${count}\n${(shares[row]![column]! * 100).toFixed(1)}%` : count;
  };
  const readable = classes.length <= 14 ? { text } : {};
  return heatMapChart({
    names,
    columns: classes,
    rows: classes,
    values: shares,
    scale: "share",
    ...readable,
  });
}
