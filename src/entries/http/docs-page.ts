import { code, prose, table } from "../../engines/pages/components.js";
import { type Html, html } from "../../engines/pages/html.js";
import { type PageSection, page } from "../../engines/pages/page.js";
import { QUERN_VERSION } from "../../foundation/base/version.js";
import type { ServedModel } from "../../foundation/contracts/serving.js";
import { exampleRow } from "./example-row.js";
import type { Route } from "./route.js";

/** What the server offers, for people: the table of routes and the models, without script or network. */
export function docsPage(routes: readonly Route[], models: readonly ServedModel[]): string {
  const sections: PageSection[] = [
    { id: "models", title: "Models", body: modelList(models) },
    { id: "routes", title: "Routes", body: routeTable(routes) },
    {
      id: "errors",
      title: "Errors",
      body: html`<p>An error answers with its HTTP status and <code>{"error": {"code", "message", "hint",
        "details"}}</code>; under <code>/v2</code> with <code>{"error": "text"}</code>.</p>`,
    },
  ];
  const subtitle = html`Version ${QUERN_VERSION}. The same in machine-readable form: <a href="/openapi.json">openapi.json</a>.`;
  return page({ language: "en", title: "Quern prediction server", subtitle, sections });
}

function modelList(models: readonly ServedModel[]): Html {
  if (models.length === 0) return html`<p>No model is served.</p>`;
  return html`<p>In the examples, <code>$SERVER</code> is the address of this page without <code>/docs</code>.</p>${models.map(
    (model) => {
      const { name, version, task, target, inputs } = model.manifest;
      return html`<h3>${name} (version ${version}, ${model.state})</h3>
<p>Predicts ${target} (${task}).</p>
${code(`curl -H 'Content-Type: application/json' -d '${quotedRow(model)}' $SERVER/predict/${encodeURIComponent(name)}`)}
${table(inputs, [
  { name: "Column", cell: ({ column }) => column.name, heading: true },
  { name: "Kind", cell: ({ column }) => column.kind },
  { name: "May be left out", cell: ({ optional }) => (optional ? "yes" : "no") },
])}`;
    },
  )}`;
}

/** Stands between single quotes of a shell. */
const quotedRow = (model: ServedModel): string => JSON.stringify(exampleRow(model)).replaceAll("'", "'\\''");

function routeTable(routes: readonly Route[]): Html {
  return table(routes, [
    { name: "Route", cell: ({ method, path }) => html`<code>${method} ${path}</code>`, heading: true },
    { name: "Permission", cell: ({ permission }) => permission },
    { name: "What it does", cell: ({ summary }) => prose(summary), prose: true },
  ]);
}
