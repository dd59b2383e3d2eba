import { html } from "../../../engines/pages/html.js";
import { page } from "../../../engines/pages/page.js";
import type { Language } from "../../../engines/pages/texts.js";
import type { Evaluation, ReportInput } from "../../../foundation/contracts/evaluation.js";
import { calibrationSection, curvesSection, decisionsSection } from "./class-sections.js";
import { residualsSection, slicesSection, worstSection } from "./error-sections.js";
import { fairnessSection } from "./fairness-section.js";
import { headline } from "./headline.js";
import { lead } from "./lead.js";
import { resultsSection } from "./result-sections.js";
import { structureSection } from "./structure-section.js";
import {
  conformalSection,
  labelErrorsSection,
  nearDuplicatesSection,
  noveltySection,
} from "./trust-sections.js";
import { createView, type SectionMaker } from "./view.js";

/** A registered model on other rows than those of its training. */
export interface EvaluationReportInput {
  readonly name: string;
  readonly version: number;
  readonly target: string;
  /** Name of the data. */
  readonly source: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly evaluation: Evaluation;
  /** The release that wrote it. */
  readonly quern: string;
}

const SECTIONS: readonly SectionMaker[] = [
  resultsSection,
  structureSection,
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
];

/** What the training report says about predictions, without what only a training knows. */
export function evaluationReport(input: EvaluationReportInput, language: Language): string {
  const view = createView(asReportInput(input), language);
  const { texts } = view;
  return page({
    language,
    title: texts.evaluationTitle(`${input.name}@${input.version}`),
    subtitle: html`${texts.subtitle(texts[input.evaluation.task], input.target)} · ${input.source}`,
    lead: html`${lead(view)}${headline(view)}`,
    sections: SECTIONS.flatMap((make) => make(view) ?? []),
    footer: html`${texts.madeBy(input.quern)}`,
  });
}

/** The sections above read nothing of a training; what they do not read is empty. */
function asReportInput({
  name,
  version,
  target,
  source,
  createdAt,
  evaluation,
  quern,
}: EvaluationReportInput): ReportInput {
  return {
    ...{
      name,
      version,
      target,
      createdAt,
      evaluation,
      run: "",
      task: evaluation.task,
      goals: [],
      findings: [],
      leaderboard: [],
      parity: null,
      plan: [],
      steps: [],
    },
    data: {
      source,
      rows: evaluation.rows,
      columns: [],
      split: { kind: "", train: 0, validation: 0, test: evaluation.rows },
      classRows: [],
    },
    model: {
      trainer: "",
      config: {},
      calibration: "none",
      features: 0,
      size: {},
      notes: [],
      importance: [],
      curves: {},
      bestIteration: null,
    },
    reproducibility: {
      seed: 0,
      dataset: "",
      split: "",
      config: "",
      bundle: null,
      versions: { quern },
      threads: 0,
      project: "",
      testOpenings: [],
    },
    usage: { model: `${name}@${version}`, example: {}, port: 0 },
  };
}
