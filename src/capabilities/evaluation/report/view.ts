/** What every section of the report gets: the input, the language, and how figures of metrics are written. */
import { formatCount, formatFixed, formatNumber } from "../../../engines/pages/format.js";
import { metricName } from "../../../engines/pages/metric-names.js";
import type { PageSection } from "../../../engines/pages/page.js";
import type { Language } from "../../../engines/pages/texts.js";
import type { Evaluation, ReportInput } from "../../../foundation/contracts/evaluation.js";
import { leadTexts } from "./lead-texts.js";
import { type ReportTexts as CoreTexts, reportTexts } from "./report-texts.js";
import { searchTexts } from "./search-texts.js";
import { trustTexts } from "./trust-texts.js";

type ReportTexts = CoreTexts &
  ReturnType<typeof leadTexts> &
  ReturnType<typeof searchTexts> &
  ReturnType<typeof trustTexts>;

export interface ReportView {
  readonly input: ReportInput;
  readonly evaluation: Evaluation;
  readonly language: Language;
  readonly texts: ReportTexts;
  /** Name of the decisive metric. */
  readonly metric: string;
  /** The positive class of two. */
  readonly positive: string;
}

/** A section, or nothing where there is nothing to show. */
export type SectionMaker = (view: ReportView) => PageSection | undefined;

export function createView(input: ReportInput, language: Language): ReportView {
  const { evaluation } = input;
  const decisive = evaluation.metrics[evaluation.metric];
  return {
    input,
    evaluation,
    language,
    texts: {
      ...reportTexts(language),
      ...leadTexts(language),
      ...searchTexts(language),
      ...trustTexts(language),
    },
    metric: metricName(evaluation.metric, decisive?.title ?? evaluation.metric, language),
    positive: evaluation.classes[1] ?? "",
  };
}

/** Small figures line up at four decimals; large ones keep five digits. */
export function writeFigure(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  return Math.abs(value) < 10 ? formatFixed(value, 4) : formatNumber(value, 5);
}

export function writeInterval(low: number | null, high: number | null): string {
  if (low === null || high === null) return "–";
  const write = alike([low, high]);
  return `${write(low)} … ${write(high)}`;
}

/** Writes figures that stand together with as many decimals as the largest of them has. */
export function alike(
  values: readonly (number | null | undefined)[],
): (value: number | null | undefined) => string {
  const largest = values.reduce<number>((most, value) => Math.max(most, Math.abs(value ?? 0)), 0);
  if (largest < 10) return writeFigure;
  const decimals = Math.max(0, 3 - Math.floor(Math.log10(largest)));
  return (value) => {
    if (value === null || value === undefined) return "–";
    return decimals === 0 ? formatCount(value) : formatFixed(value, decimals);
  };
}

export function writePValue(value: number | null): string {
  if (value === null) return "–";
  return value < 0.001 ? "< 0.001" : value.toFixed(3);
}

const KNOWN_SPLITS = ["train", "validation", "test", "cross-validation"] as const;

/** The usual splits in the reader's language; other names as they are. */
export function splitName(split: string, texts: ReportTexts): string {
  const known = KNOWN_SPLITS.find((name) => name === split);
  return known ? texts[known] : split;
}

/** `key: value, …` of settings, short values only. */
export function settingsText(config: Readonly<Record<string, unknown>>): string {
  return Object.entries(config)
    .map(([key, value]) => `${key}: ${typeof value === "string" ? value : (JSON.stringify(value) ?? "")}`)
    .join(", ");
}

/** Names of axes begin small, names of table columns do not. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
