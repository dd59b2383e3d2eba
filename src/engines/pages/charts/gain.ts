import type { ChartOption } from "./echarts.js";
import { lineChart } from "./line.js";
import type { AxisNames } from "./theme.js";

/** x = share of rows taken, highest scores first; y = gain (share of positives found) or lift. */
export interface GainData {
  readonly names: AxisNames;
  readonly name: string;
  readonly chance: string;
  readonly points: readonly (readonly [number, number])[];
}

export function gainChart({ names, name, chance, points }: GainData): ChartOption {
  return lineChart({
    names,
    series: [{ name, points }],
    reference: {
      name: chance,
      points: [
        [0, 0],
        [1, 1],
      ],
    },
    x: { min: 0, max: 1, percent: true },
    y: { min: 0, max: 1, percent: true },
  });
}

/** How many times as many positives as among rows taken at random. */
export function liftChart({ names, name, chance, points }: GainData): ChartOption {
  return lineChart({
    names,
    series: [{ name, points }],
    reference: {
      name: chance,
      points: [
        [0, 1],
        [1, 1],
      ],
    },
    x: { min: 0, max: 1, percent: true },
    y: { min: 0 },
  });
}
