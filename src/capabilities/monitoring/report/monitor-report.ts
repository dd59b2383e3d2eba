import { badge, callout, type Tone, table } from "../../../engines/pages/components.js";
import { formatCount, formatTime } from "../../../engines/pages/format.js";
import { type Html, html } from "../../../engines/pages/html.js";
import { page } from "../../../engines/pages/page.js";
import type { Language } from "../../../engines/pages/texts.js";
import type { MonitorResult } from "../../../foundation/contracts/monitoring.js";
import { driftSection } from "./drift-section.js";
import { monitorLead } from "./lead.js";
import { estimatedSection, groupsSection, performanceSection } from "./performance-sections.js";
import { type MonitorTexts, monitorTexts } from "./texts.js";

export interface MonitorReportFacts {
  readonly target: string;
  /** Of two classes the positive one. */
  readonly positive?: string | undefined;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** The release that wrote it. */
  readonly quern: string;
}

/** One self-contained page. Equal results give equal bytes. */
export function monitorReport(result: MonitorResult, facts: MonitorReportFacts, language: Language): string {
  const texts = monitorTexts(language);
  const { window, reference, drift } = result;
  const span =
    window.from === null || window.to === null
      ? ""
      : ` · ${texts.span(formatTime(window.from), formatTime(window.to))}`;
  const sections = [
    ...(drift ? [driftSection(drift, texts)] : []),
    ...(window.rows > 0 ? [performanceSection(result, texts, language)] : []),
    estimatedSection(result, texts, language),
    groupsSection(result, texts),
  ];
  return page({
    language,
    title: texts.title(`${result.model}@${result.version}`),
    subtitle: html`${facts.target} · ${texts.subtitle(formatCount(window.rows), window.source)}${span} · ${texts.comparedWith(formatCount(reference.rows), reference.source)}`,
    lead: html`${monitorLead(result, facts, { texts, language })}${window.rows === 0 && callout("warn", texts.nothingLogged)}${alertList(result, texts)}`,
    sections: sections.filter((section) => section !== undefined),
    footer: html`${texts.madeBy(facts.quern)} ${formatTime(facts.createdAt)}`,
  });
}

const TONES: Record<MonitorResult["alerts"][number]["severity"], Tone> = {
  page: "bad",
  ticket: "warn",
  info: "info",
};

function alertList({ alerts }: MonitorResult, texts: MonitorTexts): Html {
  if (alerts.length === 0) return callout("good", texts.allWell);
  return table(
    alerts,
    [
      { name: texts.severity, cell: ({ severity }) => badge(texts[severity], TONES[severity]) },
      { name: texts.finding, cell: ({ message }) => message, heading: true, prose: true },
      { name: texts.since, cell: ({ firstAt }) => formatTime(firstAt) },
      { name: texts.times, cell: ({ times }) => formatCount(times), number: true },
    ],
    { caption: texts.alerts },
  );
}
