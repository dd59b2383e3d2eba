/** A chart with its title; apart from the other components because it loads the chart renderer. */
import type { ChartOption } from "./charts/echarts.js";
import { type ChartFrame, renderChart } from "./charts/render-chart.js";
import { type Html, html } from "./html.js";

export interface FigureText {
  readonly title: string;
  readonly note?: string | undefined;
  /** Takes the whole width instead of half. */
  readonly wide?: boolean;
}

export function figure(option: ChartOption, frame: Omit<ChartFrame, "label">, text: FigureText): Html {
  return html`<figure class="${text.wide ? "wide" : "half"}"><figcaption>${text.title}${
    text.note && html`<span class="small">${text.note}</span>`
  }</figcaption>${renderChart(option, { ...frame, label: text.title })}</figure>`;
}
