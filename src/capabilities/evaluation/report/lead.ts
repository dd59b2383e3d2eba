/** The first lines of a report, for a reader who knows no metric: what the main figure means, and what to do next. */

import { prose, steps } from "../../../engines/pages/components.js";
import { formatCount, formatNumber } from "../../../engines/pages/format.js";
import { type Html, html, shorten } from "../../../engines/pages/html.js";
import { metricMeaning, outOfHundred } from "../../../engines/pages/metric-meanings.js";
import { indexOfLargest } from "../../../foundation/base/largest.js";
import type { ReportView } from "./view.js";

/** A longer list is no advice. */
const MOST_PROBLEMS = 2;
const FIRST_FINDING = 140;
/** Each of these says what the decisions of its task come to; another sentence on them would repeat it. */
const OF_DECISIONS = new Set(["accuracy", "precision", "recall", "gain"]);

export function lead(view: ReportView): Html {
  const said = [...meaning(view), decisions(view), view.evaluation.weighted && view.texts.byWeight];
  const sentences = said.filter((one) => one !== undefined && one !== false);
  return html`${sentences.length > 0 && html`<p class="lead">${sentences.join(view.language === "zh" ? "" : " ")}</p>`}${steps(
    view.texts.next,
    nextSteps(view),
  )}`;
}

function meaning({ evaluation, input, language, texts, positive }: ReportView): string[] {
  const estimate = evaluation.metrics[evaluation.metric];
  const context = { target: input.target, positive: evaluation.task === "binary" ? positive : undefined };
  const words = metricMeaning(evaluation.metric, context, language);
  if (!words || estimate?.value === null || estimate?.value === undefined) return [];
  const { value, low, high } = estimate;
  const baseline = evaluation.baseline[evaluation.metric] ?? null;
  const without = evaluation.task === "tagging" ? texts.fromDictionary : texts.withoutFeatures;
  const bounds = low === null || high === null ? [] : [words.bounds(low, high)];
  return [
    words.sentence(value),
    ...(baseline === null || words.namesChance ? [] : [without(words.write(baseline))]),
    ...bounds.map(([from, to]) => texts.likelyBetween(from, to)),
  ];
}

/** What the answers come to, whatever the metric; nothing where the metric says it itself. */
function decisions(view: ReportView): string | undefined {
  const { evaluation, input, texts, language } = view;
  if (OF_DECISIONS.has(evaluation.metric)) return undefined;
  const share = (id: string): string | undefined => {
    const value = evaluation.metrics[id]?.value ?? null;
    return value === null || id === evaluation.metric ? undefined : outOfHundred(value, language);
  };
  switch (evaluation.task) {
    case "binary":
      return ofTwoClasses(view);
    case "multiclass":
      return ofClasses(view);
    case "regression":
      return evaluation.metric === HALF ? undefined : ofNumbers(view);
    case "tagging": {
      const [right, found] = [share("span-precision"), share("span-recall")];
      return right && found && texts.markedEntities(right, found);
    }
    case "detection": {
      const found = share("mar-100");
      return found && texts.objectsFound(found);
    }
    case "segmentation": {
      const right = share("pixel-accuracy");
      return right && texts.pixelsRight(right);
    }
    case "multilabel": {
      const right = share("subset-accuracy");
      return (
        right &&
        metricMeaning("subset-accuracy", input, language)?.sentence(
          evaluation.metrics["subset-accuracy"]!.value!,
        )
      );
    }
  }
}

function ofTwoClasses({ evaluation, texts, language, positive }: ReportView): string | undefined {
  const counts = evaluation.confusion?.counts;
  if (!counts) return undefined;
  const [trueNegatives, falsePositives] = counts[0] as [number, number];
  const [missed, found] = counts[1] as [number, number];
  const name = shorten(positive);
  if (found + missed === 0) return undefined;
  if (found + falsePositives === 0) return texts.neverPositive(name);
  const write = (part: number, whole: number) => outOfHundred(part / whole, language);
  return texts.decidedPositive(
    name,
    write(found, found + falsePositives),
    write(found, found + missed),
    write(found + missed, found + missed + trueNegatives + falsePositives),
  );
}

function ofClasses({ evaluation, texts, language }: ReportView): string | undefined {
  if (!evaluation.confusion) return undefined;
  const { classes, counts } = evaluation.confusion;
  const rows = counts.map((decided) => decided.reduce((sum, one) => sum + one, 0));
  const all = rows.reduce((sum, one) => sum + one, 0);
  if (all === 0) return undefined;
  const right = counts.reduce((sum, decided, k) => sum + decided[k]!, 0);
  const usual = indexOfLargest(rows);
  const write = (part: number) => outOfHundred(part / all, language);
  return texts.decidedRightly(write(right), shorten(classes[usual]!), write(rows[usual]!));
}

const HALF = "median-absolute-error";

function ofNumbers({ evaluation, input, texts, language }: ReportView): string | undefined {
  const value = evaluation.metrics[HALF]?.value ?? null;
  if (value === null) return undefined;
  const without = evaluation.baseline[HALF] ?? null;
  const sentence = texts.halfWithin(shorten(input.target), formatNumber(value, 3));
  return without === null
    ? sentence
    : `${sentence}${language === "zh" ? "" : " "}${texts.halfWithout(formatNumber(without, 3))}`;
}

/** The two most urgent problems, and how to go on. */
function nextSteps(view: ReportView): Html[] {
  const { input, evaluation, texts } = view;
  const isBetter = evaluation.comparisons.every((one) => one.with !== "baseline" || one.verdict === "better");
  const problems = problemsOf(view, isBetter).slice(0, MOST_PROBLEMS);
  if (!isBetter) return problems;
  const isTabular = ["binary", "multiclass", "regression"].includes(evaluation.task);
  const explains =
    isTabular && input.data.columns.some(({ role, kind }) => role === "feature" && kind !== "image");
  return [
    ...problems,
    html`${prose(texts.nextUse(input.usage.model))}${explains && html` ${prose(texts.nextExplain(input.usage.model))}`}`,
  ];
}

/** The most urgent first. */
function problemsOf({ input, evaluation, texts }: ReportView, isBetter: boolean): Html[] {
  const open = (severity: "critical" | "warning") =>
    input.findings.filter((one) => one.severity === severity && one.fix.state !== "applied");
  const [critical, warnings] = [open("critical"), open("warning")];
  const missed = input.goals.filter((goal) => !goal.met).map((goal) => `${goal.name} ${goal.goal}`);
  const { labelErrors, nearDuplicates, slices } = evaluation;
  const worse = slices.filter(({ origin }) => origin === "found").length;
  const twins = nearDuplicates?.crossing.equalRows ?? 0;
  const listed = (found: typeof critical, text: (count: string, first: string) => string) =>
    found.length > 0 &&
    html`<a href="#findings">${prose(text(formatCount(found.length), shorten(found[0]!.message, FIRST_FINDING)))}</a>`;
  const counted = (count: number, section: string, text: (count: string) => string) =>
    count > 0 && html`<a href="#${section}">${text(formatCount(count))}</a>`;
  return [
    !isBetter && html`${texts.nextNotBetter}`,
    listed(critical, texts.nextCritical),
    missed.length > 0 && html`<a href="#results">${prose(texts.nextGoals(missed.join(", ")))}</a>`,
    counted(labelErrors?.found ?? 0, "label-errors", texts.nextLabels),
    listed(warnings, texts.nextWarnings),
    counted(twins, "near-duplicates", texts.nextTwins),
    counted(worse, "slices", texts.nextSlices),
  ].filter((one) => one !== false);
}
