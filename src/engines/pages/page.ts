import { type Html, html, trustedMarkup } from "./html.js";
import { PAGE_STYLE } from "./style.js";
import type { Language } from "./texts.js";

/** A part of the page that the contents list links to. */
export interface PageSection {
  /** Letters, digits and hyphens; unique in the page. */
  readonly id: string;
  readonly title: string;
  readonly body: Html;
}

export interface PageContent {
  readonly language: Language;
  readonly title: string;
  readonly subtitle?: Html;
  /** What a reader must see first; before the first section. */
  readonly lead?: Html;
  readonly sections: readonly PageSection[];
  readonly footer?: Html;
}

/** No script, no network, no frames, no forms: the page can do nothing but be read. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** So few are found without a list of contents above them. */
const FEW_SECTIONS = 3;

/** One self-contained HTML document. Equal content gives equal bytes. */
export function page(content: PageContent): string {
  const { language, title, subtitle, lead, sections, footer } = content;
  const contents = html`<ol>${sections.map(({ id, title: name }) => html`<li><a href="#${id}">${name}</a></li>`)}</ol>`;
  const contentsName = language === "zh" ? "目录" : "Contents";
  return html`<!DOCTYPE html>
<html lang="${language === "zh" ? "zh-CN" : "en"}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trustedMarkup(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${trustedMarkup(PAGE_STYLE)}</style>
</head>
<body>
<div class="frame">
<nav class="contents" aria-label="${contentsName}">${contents}</nav>
<main>
<header class="title"><h1>${title}</h1>${subtitle && html`<p>${subtitle}</p>`}</header>
${sections.length > FEW_SECTIONS && html`<details class="contents"><summary>${contentsName}</summary>${contents}</details>`}
${lead}
${sections.map(
  (section) =>
    html`<section aria-labelledby="${section.id}"><h2 id="${section.id}">${section.title}</h2>${section.body}</section>\n`,
)}
${footer && html`<footer>${footer}</footer>`}
</main>
</div>
</body>
</html>
`.toString();
}
