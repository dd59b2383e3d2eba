import type { ChartOption } from "./echarts.js";
import { fitLabels } from "./fit-labels.js";
import {
  type AxisNames,
  baseOption,
  CONTAIN_LABELS,
  categoryAxis,
  chartText,
  DIVERGING,
  guardText,
  INK,
  LABEL_SIZE,
  PAPER,
  SEQUENTIAL,
  STILL,
} from "./theme.js";

export interface HeatMapData {
  readonly names?: AxisNames;
  readonly columns: readonly string[];
  /** First row on top. */
  readonly rows: readonly string[];
  /** `values[row][column]`; NaN is left empty. */
  readonly values: readonly (readonly number[])[];
  /** Text in the cell; absent: none. */
  readonly text?: (row: number, column: number) => string;
  /** `share`: 0..1; `signed`: -1..1. */
  readonly scale: "share" | "signed";
  /** Pixels for the names of rows. */
  readonly rowWidth?: number;
  /** Names of columns are short enough to stand upright. */
  readonly upright?: boolean;
}

/** The height at which every row has room. */
export function heatMapHeight(rows: number): number {
  return Math.min(900, 110 + 34 * Math.max(3, rows));
}

export function heatMapChart(data: HeatMapData): ChartOption {
  const { names, columns, rows, values, text, scale, rowWidth = 120, upright = false } = data;
  const low = scale === "share" ? 0 : -1;
  const isRotated = columns.length > 8 && !upright;
  const columnWidth = Math.max(upright ? 24 : 36, Math.floor(370 / columns.length));
  const cells = values.flatMap((line, row) =>
    line.flatMap((value, column) => (Number.isFinite(value) ? [cell(row, column, value, scale, text)] : [])),
  );
  const axisName = { nameTextStyle: { color: INK, fontSize: 12, fontWeight: "bold" as const } };
  return {
    ...baseOption(),
    grid: { left: 14, right: 14, top: names ? 34 : 12, bottom: names ? 30 : 8, ...CONTAIN_LABELS },
    xAxis: {
      ...categoryAxis(
        fitLabels(
          columns.map((column) => chartText(column, 200)),
          isRotated ? 90 : columnWidth,
          LABEL_SIZE,
        ),
        {
          width: columnWidth,
          every: columns.length <= 30,
        },
      ),
      ...(names ? { ...axisName, name: names.x, nameLocation: "middle", nameGap: 30 } : {}),
      ...(isRotated ? { axisLabel: rotatedLabel } : {}),
    },
    yAxis: {
      ...categoryAxis(
        fitLabels(
          rows.map((row) => chartText(row, 200)),
          rowWidth,
          LABEL_SIZE,
        ),
        { width: rowWidth + 20, every: rows.length <= 40 },
      ),
      inverse: true,
      ...(names
        ? {
            nameTextStyle: { ...axisName.nameTextStyle, align: "left" },
            name: names.y,
            nameLocation: "start",
          }
        : {}),
    },
    visualMap: {
      show: false,
      min: low,
      max: 1,
      dimension: 2,
      inRange: { color: [...(scale === "share" ? SEQUENTIAL : DIVERGING)] },
    },
    series: [{ ...STILL, type: "heatmap", data: cells, itemStyle: { borderColor: PAPER, borderWidth: 1 } }],
  } as ChartOption;
}

const rotatedLabel = { rotate: 45, interval: 0, width: 90, overflow: "truncate", color: INK, fontSize: 10 };

function cell(
  row: number,
  column: number,
  value: number,
  scale: "share" | "signed",
  text: HeatMapData["text"],
) {
  const dark = scale === "share" ? value > 0.55 : Math.abs(value) > 0.7;
  return {
    value: [column, row, value],
    label: {
      show: text !== undefined,
      // Cells keep their own colours in dark pages, so their text does too.
      color: dark ? "#ffffff" : "#1b2530",
      fontSize: 11,
      formatter: () => guardText(text?.(row, column) ?? ""),
    },
  };
}
