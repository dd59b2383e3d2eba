import { code, prose, table } from "../../engines/pages/components.js";
import { type Html, html } from "../../engines/pages/html.js";
import { type PageSection, page } from "../../engines/pages/page.js";
import type { Language } from "../../engines/pages/texts.js";
import { word } from "../../engines/pages/words.js";
import { QUERN_VERSION } from "../../foundation/base/version.js";
import type { ServedModel } from "../../foundation/contracts/serving.js";
import { exampleRow } from "./example-row.js";
import { pageTexts } from "./page-texts.js";
import type { Route } from "./route.js";
import { routeSummary } from "./route-summaries.js";

/** What the server offers, for people: the table of routes and the models, without script or network. */
export function docsPage(
  routes: readonly Route[],
  models: readonly ServedModel[],
  language: Language,
): string {
  const texts = pageTexts(language);
  const sections: PageSection[] = [
    { id: "models", title: texts.models, body: modelList(models, language) },
    { id: "routes", title: texts.routes, body: routeTable(routes, language) },
    { id: "errors", title: texts.errors, body: html`<p>${prose(texts.errorsNote)}</p>` },
  ];
  const subtitle = html`${texts.version(QUERN_VERSION)} ${texts.machineReadable} <a href="/openapi.json">openapi.json</a>`;
  return page({ language, title: texts.title, subtitle, sections });
}

function modelList(models: readonly ServedModel[], language: Language): Html {
  const texts = pageTexts(language);
  if (models.length === 0) return html`<p>${texts.noModels}</p>`;
  return html`<p>${prose(texts.addressNote)}</p>${models.map((model) => {
    const { name, version, task, target, inputs } = model.manifest;
    return html`<h3>${texts.modelTitle(name, String(version), model.state)}</h3>
<p>${texts.predictsTarget(target, word(task, language))}</p>
${code(predictCommand(model))}
${table(inputs, [
  { name: texts.column, cell: ({ column }) => column.name, heading: true },
  { name: texts.kind, cell: ({ column }) => word(column.kind, language) },
  { name: texts.optional, cell: ({ optional }) => (optional ? texts.yes : texts.no) },
])}`;
  })}`;
}

/** A request that any shell can send. */
export function predictCommand(model: ServedModel): string {
  const row = JSON.stringify(exampleRow(model)).replaceAll("'", "'\\''");
  return `curl -H 'Content-Type: application/json' -d '${row}' $SERVER/predict/${encodeURIComponent(model.manifest.name)}`;
}

function routeTable(routes: readonly Route[], language: Language): Html {
  const texts = pageTexts(language);
  return table(routes, [
    { name: texts.route, cell: ({ method, path }) => html`<code>${method} ${path}</code>`, heading: true },
    { name: texts.permission, cell: ({ permission }) => permission },
    { name: texts.summary, cell: (route) => prose(routeSummary(route, language)), prose: true },
  ]);
}
