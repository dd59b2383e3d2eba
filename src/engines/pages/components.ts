/** The parts pages are made of. All text is escaped; all take and give `Html`. */

import { type Html, type HtmlValue, html } from "./html.js";

export type Tone = "good" | "warn" | "bad" | "info" | "plain";

export interface Tile {
  readonly name: string;
  readonly value: string;
  /** A second, smaller line: the interval, the rows behind the figure. */
  readonly detail?: HtmlValue;
}

export function tiles(items: readonly Tile[]): Html {
  return html`<div class="tiles">${items.map(
    ({ name, value, detail }) =>
      html`<dl class="tile"><dt>${name}</dt><dd>${value}${detail && html`<span class="small">${detail}</span>`}</dd></dl>`,
  )}</div>`;
}

export interface TableColumn<Row> {
  readonly name: string;
  readonly cell: (row: Row, index: number) => HtmlValue;
  /** Right-aligned figures. */
  readonly number?: boolean;
  /** The column that names the row. */
  readonly heading?: boolean;
  /** Left out where no row has anything in it. */
  readonly optional?: boolean;
  /** Sentences or lists: on a phone the rows of the table become stacks of names and values. */
  readonly prose?: boolean;
}

export interface TableOptions<Row> {
  readonly caption?: string;
  readonly marked?: (row: Row, index: number) => boolean;
}

export function table<Row>(
  rows: readonly Row[],
  columns: readonly TableColumn<Row>[],
  { caption, marked }: TableOptions<Row> = {},
): Html {
  const numeric = (column: TableColumn<Row>) => (column.number ? "number" : "text");
  const stacks = columns.some(({ prose: holdsProse }) => holdsProse);
  const cellOf = (column: TableColumn<Row>, row: Row, index: number) => {
    const value = column.cell(row, index);
    // A number alone would not name its row once the head of the table is gone.
    const name =
      stacks && column.name !== "" && (column.number || !column.heading) && html` data-name="${column.name}"`;
    return column.heading
      ? html`<th scope="row" class="${numeric(column)}"${name}>${value}</th>`
      : html`<td class="${numeric(column)}"${name}>${value}</td>`;
  };
  const isEmpty = (column: TableColumn<Row>) =>
    column.optional &&
    rows.every((row, index) => ["", "–"].includes(html`${column.cell(row, index)}`.markup));
  const shown = columns.filter((column) => !isEmpty(column));
  const headOf = (column: TableColumn<Row>) =>
    column.name === ""
      ? html`<td></td>`
      : html`<th scope="col" class="${numeric(column)}">${column.name}</th>`;
  const head = shown.map(headOf);
  const body = rows.map((row, index) => {
    const cells = shown.map((column) => cellOf(column, row, index));
    return html`<tr class="${marked?.(row, index) ? "marked" : "plain"}">${cells}</tr>`;
  });
  const named = shown.some((column) => column.name !== "");
  return html`<div class="scroll" tabindex="0"><table class="${stacks ? "stacks" : "plain"}">${caption && html`<caption>${caption}</caption>`}${
    named && html`<thead><tr>${head}</tr></thead>`
  }<tbody>${body}</tbody></table></div>`;
}

/** Names and values, one pair a line. */
export function facts(pairs: readonly (readonly [string, HtmlValue])[]): Html {
  return table(pairs, [
    { name: "", cell: ([name]) => name, heading: true },
    { name: "", cell: ([, value]) => value },
  ]);
}

/** Figures side by side where the page is wide enough. */
export function figures(items: readonly (Html | undefined | false)[]): Html {
  return html`<div class="figures">${items}</div>`;
}

export function badge(text: string, tone: Tone): Html {
  return html`<span class="badge ${tone}">${text}</span>`;
}

export function callout(tone: Tone, ...paragraphs: HtmlValue[]): Html {
  return html`<div class="callout ${tone}">${paragraphs.map((paragraph) => html`<p>${paragraph}</p>`)}</div>`;
}

/** What to do, the first thing first. */
export function steps(title: string, items: readonly Html[]): Html | undefined {
  if (items.length === 0) return undefined;
  return html`<div class="steps"><p>${title}</p><ol>${items.map((item) => html`<li>${item}</li>`)}</ol></div>`;
}

export function note(text: HtmlValue): Html {
  return html`<p class="note">${text}</p>`;
}

/** Collapsed on screen, open on paper. */
export function collapsible(summary: HtmlValue, body: Html, open = false): Html {
  return open
    ? html`<details open><summary>${summary}</summary>${body}</details>`
    : html`<details><summary>${summary}</summary>${body}</details>`;
}

export function code(text: string): Html {
  return html`<pre tabindex="0"><code>${text}</code></pre>`;
}

/** A sentence whose parts between backticks are code. */
export function prose(text: string): Html {
  return html`${text.split("`").map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))}`;
}

/** A long hexadecimal name, breakable anywhere. */
export function hashText(text: string): Html {
  return html`<span class="hash">${text}</span>`;
}

/** A bar inside a table cell; `share` in 0..1. */
export function shareBar(share: number, widthPx = 90): Html {
  const width = Math.round(Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0)) * widthPx);
  return html`<span class="bar" style="width:${width}px"></span>`;
}
