import { formatPercent } from "../../../foundation/base/number-text.js";
import type { ChartOption } from "./echarts.js";
import { heatMapChart, heatMapHeight } from "./heat-map.js";
import { type AxisNames, tickLabel } from "./theme.js";

export interface ConfusionData {
  readonly names: AxisNames;
  readonly classes: readonly string[];
  /** `counts[actual][predicted]`, may be weighted. */
  readonly counts: readonly (readonly number[])[];
}

/** Names of more classes have no room beside one another: columns are numbered as the rows are. */
const MOST_NAMED = 8;
/** More take the whole width of the page. */
const MOST_HALF = 14;
/** Cells of more are too small for a number. */
const MOST_COUNTED = 30;
const WIDE_PX = 940;

/** Whether columns have numbers in place of names, and the room the chart needs. */
export function confusionFrame(classes: number): {
  readonly numbered: boolean;
  readonly wide: boolean;
  readonly width: number;
  readonly height: number;
} {
  const wide = classes > MOST_HALF;
  const height = wide ? Math.min(1400, 80 + 26 * classes) : heatMapHeight(classes);
  return { numbered: classes > MOST_NAMED, wide, width: wide ? WIDE_PX : 480, height };
}

/** Coloured by share of the actual class; the count stands in the cell. */
export function confusionChart({ names, classes, counts }: ConfusionData): ChartOption {
  const { numbered, wide } = confusionFrame(classes.length);
  const shares = counts.map((row) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count) => (total > 0 ? count / total : 0));
  });
  const text = (row: number, column: number) => {
    const value = counts[row]![column]!;
    const count = tickLabel(Math.round(value * 10) / 10);
    if (classes.length <= 6) return `${count}\n${formatPercent(shares[row]![column]!)}`;
    return wide && value === 0 ? "" : count;
  };
  return heatMapChart({
    names,
    columns: numbered ? classes.map((_, index) => String(index + 1)) : classes,
    rows: numbered ? classes.map((name, index) => `${index + 1}. ${name}`) : classes,
    values: shares,
    scale: "share",
    upright: numbered,
    ...(wide ? { rowWidth: 240 } : {}),
    ...(classes.length <= MOST_COUNTED ? { text } : {}),
  });
}
