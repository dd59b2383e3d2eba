import { html } from "../../../engines/pages/html.js";
import { page } from "../../../engines/pages/page.js";
import type { Language } from "../../../engines/pages/texts.js";
import type { ReportInput } from "../../../foundation/contracts/evaluation.js";
import { calibrationSection, curvesSection, decisionsSection } from "./class-sections.js";
import { dataSection, findingsSection } from "./data-sections.js";
import { residualsSection, slicesSection, worstSection } from "./error-sections.js";
import { fairnessSection } from "./fairness-section.js";
import { headline } from "./headline.js";
import { lead } from "./lead.js";
import { modelSection } from "./model-sections.js";
import { planSection, reproducibilitySection, usageSection } from "./provenance-sections.js";
import { leaderboardSection, resultsSection } from "./result-sections.js";
import { ensembleSection, studySection } from "./search-sections.js";
import { structureSection } from "./structure-section.js";
import {
  conformalSection,
  crossValidationSection,
  labelErrorsSection,
  nearDuplicatesSection,
  noveltySection,
} from "./trust-sections.js";
import { createView, type SectionMaker } from "./view.js";

const SECTIONS: readonly SectionMaker[] = [
  resultsSection,
  structureSection,
  crossValidationSection,
  dataSection,
  findingsSection,
  leaderboardSection,
  studySection,
  ensembleSection,
  modelSection,
  curvesSection,
  decisionsSection,
  calibrationSection,
  residualsSection,
  conformalSection,
  slicesSection,
  fairnessSection,
  worstSection,
  labelErrorsSection,
  nearDuplicatesSection,
  noveltySection,
  planSection,
  reproducibilitySection,
  usageSection,
];

/** One self-contained HTML file: no script, no network. Equal input gives equal bytes. */
export function trainingReport(input: ReportInput, language: Language): string {
  const view = createView(input, language);
  const { texts } = view;
  const name = input.version === null ? input.name : `${input.name}@${input.version}`;
  return page({
    language,
    title: texts.title(name),
    subtitle: html`${texts.subtitle(texts[input.task], input.target)}`,
    lead: html`${lead(view)}${headline(view)}`,
    sections: SECTIONS.flatMap((make) => make(view) ?? []),
    footer: html`${texts.madeBy(input.reproducibility.versions.quern ?? "")}`,
  });
}
