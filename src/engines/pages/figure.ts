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
  // A wide one scrolls on a narrow screen, by the keyboard as well.
  return html`<figure class="${text.wide ? "wide" : "half"}"${text.wide && html` tabindex="0"`}><figcaption>${text.title}${
    text.note && html`<span class="small">${text.note}</span>`
  }</figcaption>${renderChart(option, { ...frame, label: text.title })}</figure>`;
}
