import { withMinus } from "../format.js";
import { shorten } from "../html.js";
import type { AxisScale } from "./axis-scale.js";
import type { ChartOption } from "./echarts.js";
import { fitLabels, textWidth } from "./fit-labels.js";

/**
 * Series colours: Okabe and Ito's palette (2008) without its yellow and black, a little darker where white paper
 * needs it; told apart by all common forms of colour blindness, and in grey by lightness.
 */
export const SERIES_COLORS = ["#0072b2", "#d55e00", "#009e73", "#b0559b", "#56a4d9", "#b98200"] as const;

/** Parts of a chart that follow the page's light or dark theme; `render-chart` turns them into variables. */
export const INK = "#24303b";
export const MUTED = "#66727e";
export const GRID_LINE = "#dde3e8";
export const PAPER = "#fefefe";

/** One hue, light to dark, for shares. */
export const SEQUENTIAL = ["#eef5fb", "#bcd9ee", "#73b2dc", "#2b83bf", "#0a568c"] as const;
/** Two hues around zero, for correlations. */
export const DIVERGING = ["#b35806", "#f1a340", "#f3f1ee", "#6f9fce", "#1f4e8c"] as const;

export const FONT_SIZE = 12;
/** Of names along an axis. */
export const LABEL_SIZE = FONT_SIZE - 1;

/** The margins of a grid hold its tick labels. */
export const CONTAIN_LABELS = { outerBoundsMode: "same", outerBoundsContain: "axisLabel" } as const;

/** What every chart shares; a definition adds axes and series. */
export function baseOption(): ChartOption {
  return {
    animation: false,
    color: [...SERIES_COLORS],
    textStyle: { fontSize: FONT_SIZE, color: INK },
    grid: { left: 12, right: 18, top: 30, bottom: 30, ...CONTAIN_LABELS },
  };
}

export interface AxisNames {
  readonly x: string;
  readonly y: string;
}

/**
 * A text of the user's, short enough for a chart. One that every object has as a property (`__proto__`) gets a
 * space without width: the chart library keeps texts as keys of plain objects, and would change `Object.prototype`.
 */
export function chartText(text: string, limit?: number): string {
  return guardText(shorten(text, limit));
}

/** As `chartText`, for a text that is short already. */
export function guardText(text: string): string {
  return text in Object.prototype ? `${text}\u200b` : text;
}

interface AxisOptions {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly log?: boolean;
  /** Fit the data; do not insist on zero. */
  readonly fit?: boolean;
  readonly percent?: boolean;
  /** Counts: no ticks between whole numbers. */
  readonly whole?: boolean;
  /** How the data were placed; default: as they are. */
  readonly scale?: AxisScale;
}

const axisStyle = {
  axisLine: { show: true, onZero: false, lineStyle: { color: MUTED } },
  axisTick: { show: false },
  axisLabel: { color: MUTED, fontSize: LABEL_SIZE, hideOverlap: true },
  splitLine: { show: true, lineStyle: { color: GRID_LINE } },
  nameTextStyle: { color: INK, fontSize: FONT_SIZE },
};

/** Short tick labels: 1.2k, 3M, 0.25, 40%; none beyond the range of doubles. */
export function tickLabel(value: number, percent = false): string {
  if (!Number.isFinite(value)) return "";
  if (percent) return `${trimNumber(value * 100)}%`;
  const size = Math.abs(value);
  if (size >= 1e12 || (size > 0 && size < 1e-4)) return withMinus(value.toExponential(1).replace(".0e", "e"));
  if (size >= 1e9) return `${trimNumber(value / 1e9)}G`;
  if (size >= 1e6) return `${trimNumber(value / 1e6)}M`;
  if (size >= 1e4) return `${trimNumber(value / 1e3)}k`;
  return trimNumber(value);
}

function trimNumber(value: number): string {
  return withMinus(String(Number(value.toPrecision(4))));
}

function limits({ min, max, fit, whole, scale }: AxisOptions): object {
  const place = (value: number): number => scale?.place(value) ?? value;
  return {
    ...(min === undefined ? {} : { min: place(min) }),
    ...(max === undefined ? {} : { max: place(max) }),
    scale: fit ?? false,
    ...(whole ? { minInterval: 1 } : {}),
  };
}

export function xValueAxis(name: string, options: AxisOptions = {}) {
  return {
    ...axisStyle,
    ...limits(options),
    type: options.log ? ("log" as const) : ("value" as const),
    name: chartText(name, 60),
    nameLocation: "middle" as const,
    nameGap: 28,
    axisLabel: {
      ...axisStyle.axisLabel,
      formatter: (place: number) => tickLabel(options.scale?.valueAt(place) ?? place, options.percent),
    },
  };
}

/** The name stands above the axis, so that it needs no rotated text. */
export function yValueAxis(name: string, options: AxisOptions = {}) {
  return {
    ...axisStyle,
    ...limits(options),
    type: options.log ? ("log" as const) : ("value" as const),
    name: chartText(name, 60),
    nameLocation: "end" as const,
    nameGap: 10,
    nameTextStyle: { ...axisStyle.nameTextStyle, align: "left" as const },
    axisLabel: {
      ...axisStyle.axisLabel,
      formatter: (place: number) => tickLabel(options.scale?.valueAt(place) ?? place, options.percent),
    },
  };
}

/** Names along an axis; long ones are cut. `every` forces a label for each. */
export function categoryAxis(labels: readonly string[], options: { width?: number; every?: boolean } = {}) {
  return {
    ...axisStyle,
    type: "category" as const,
    data: labels.map((label) => chartText(label, 200)),
    splitLine: { show: false },
    axisLabel: {
      ...axisStyle.axisLabel,
      ...(options.every ? { interval: 0, hideOverlap: false } : {}),
      width: options.width ?? 110,
      overflow: "truncate" as const,
      ellipsis: "…",
    },
  };
}

const LEGEND_WIDTH = 460;
const LEGEND_GAP = 14;
const LEGEND_SIGN = 18;
/** From one line of a legend to the next. */
const LEGEND_LINE = FONT_SIZE + LEGEND_GAP;
/** A broken line beside its name. */
const DASHES = "path://M0 0h7v2.4h-7zM10 0h7v2.4h-7zM20 0h7v2.4h-7z";

/** A name that has room in a legend. */
export function legendText(name: string): string {
  return guardText(fitLabels([shorten(name, 200)], LEGEND_WIDTH - 50, FONT_SIZE)[0]!);
}

/** Entries side by side on top; for charts with two series or more. */
export function legend(names: readonly string[], dashed?: string) {
  return {
    data: names.map((name) => ({
      name: legendText(name),
      ...(name === dashed ? { icon: DASHES } : {}),
    })),
    top: 0,
    right: 4,
    itemWidth: LEGEND_SIGN,
    itemHeight: 9,
    itemGap: LEGEND_GAP,
    icon: "roundRect",
    textStyle: { color: INK, fontSize: FONT_SIZE },
  };
}

/** Height of a legend in a chart of the usual width, by estimate; one entry alone needs no legend. */
export function legendHeight(names: readonly string[]): number {
  if (names.length < 2) return 0;
  let lines = 1;
  let used = 0;
  for (const name of names) {
    const width = LEGEND_SIGN + 5 + LEGEND_GAP + textWidth(legendText(name), FONT_SIZE);
    if (used > 0 && used + width > LEGEND_WIDTH) {
      lines++;
      used = 0;
    }
    used += width;
  }
  return 18 + LEGEND_LINE * (lines - 1);
}

/** Echarts animates, highlights and shows pointers; printed pages need none of it. */
export const STILL = { silent: true, animation: false, emphasis: { disabled: true } } as const;
