import { escapeHtml, type Html, trustedMarkup } from "../html.js";
import { type ChartOption, drawSvg } from "./echarts.js";
import { GRID_LINE, INK, MUTED, PAPER } from "./theme.js";

export interface ChartFrame {
  /** Unique in its page; letters, digits and hyphens. Makes the SVG's inner ids, so equal data give equal bytes. */
  readonly id: string;
  /** What the chart shows, for readers who cannot see it. */
  readonly label: string;
  /** CSS pixels. */
  readonly width?: number;
  readonly height?: number;
}

const THEMED: Readonly<Record<string, string>> = {
  [INK]: "--chart-ink",
  [MUTED]: "--chart-muted",
  [GRID_LINE]: "--chart-grid",
  [PAPER]: "--chart-paper",
};

/** Draws a chart as inline SVG that follows the page's theme and scales down to the width it is given. */
export function renderChart(option: ChartOption, frame: ChartFrame): Html {
  const { width = 480, height = 300 } = frame;
  const svg = drawSvg(option, width, height).replace(/<style[^>]*>[\s\S]*?<\/style>/g, "");
  // Texts are escaped by the renderer, so what stands between < and > is the renderer's own.
  const tidy = svg.replace(/<[^>]*>/g, (tag) => tidyTag(tag, frame.id));
  const head = `<svg role="img" aria-label="${escapeHtml(frame.label)}" class="chart" `;
  return trustedMarkup(tidy.replace(/<svg /, head));
}

function tidyTag(tag: string, id: string): string {
  return tag
    .replace(/ (?:class|ecmeta_\w+|pointer-events|xmlns|xmlns:xlink|version|baseProfile)="[^"]*"/g, "")
    .replace(/font-family:[^;"]*;?/g, "")
    .replace(/(["#])zr\d+-/g, `$1${id}-`)
    .replace(/ (fill|stroke)="(#[0-9a-f]{6})"/g, (whole, attribute: string, color: string) =>
      THEMED[color] ? ` ${attribute}="var(${THEMED[color]},${color})"` : whole,
    );
}
