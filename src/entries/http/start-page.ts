import { code, prose, table } from "../../engines/pages/components.js";
import { type Html, html } from "../../engines/pages/html.js";
import { page } from "../../engines/pages/page.js";
import type { Language } from "../../engines/pages/texts.js";
import { word } from "../../engines/pages/words.js";
import { QUERN_VERSION } from "../../foundation/base/version.js";
import type { ServedModel } from "../../foundation/contracts/serving.js";
import { predictCommand } from "./docs-page.js";
import { pageTexts } from "./page-texts.js";
import type { Route } from "./route.js";

/** For a person who opens the printed address: what answers here, and where to go on. */
export function startPage(
  routes: readonly Route[],
  models: readonly ServedModel[],
  language: Language,
): string {
  const texts = pageTexts(language);
  const [first] = models;
  const listed =
    models.length === 0
      ? html`<p>${texts.noModels}</p>`
      : table(models, [
          {
            name: texts.model,
            cell: ({ manifest }) => `${manifest.name}@${manifest.version}`,
            heading: true,
          },
          { name: texts.predicts, cell: ({ manifest }) => manifest.target },
          { name: texts.task, cell: ({ manifest }) => word(manifest.task, language) },
          { name: texts.state, cell: ({ state }) => state },
        ]);
  const asked =
    first && html`<h3>${texts.ask}</h3><p>${prose(texts.addressNote)}</p>${code(predictCommand(first))}`;
  const has = (path: string) => routes.some((route) => route.method === "GET" && route.path === path);
  const link = (path: string, text: string) =>
    has(path) && html`<li><a href="${path}">${path}</a>: ${text}</li>`;
  const links: (Html | false | undefined)[] = [
    link("/docs", texts.docs),
    link("/openapi.json", texts.openapi),
    link("/metrics", texts.metrics),
    link("/health/ready", texts.ready),
    first &&
      has("/api/labels/:model") &&
      html`<li><code>GET /api/labels/${first.manifest.name}</code>: ${texts.labels}</li>`,
    first && html`<li>${prose(texts.monitor(first.manifest.name))}</li>`,
  ];
  return page({
    language,
    title: texts.title,
    subtitle: html`${texts.about} ${texts.version(QUERN_VERSION)}`,
    sections: [
      { id: "models", title: texts.models, body: html`${listed}${asked}` },
      { id: "more", title: texts.goOn, body: html`<ul>${links}</ul>` },
    ],
  });
}
