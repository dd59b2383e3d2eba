/** The first lines of a monitoring report, for a reader who knows no metric: how the model does, and what to do next. */
import { prose, steps } from "../../../engines/pages/components.js";
import { formatCount } from "../../../engines/pages/format.js";
import { type Html, html } from "../../../engines/pages/html.js";
import { type MetricContext, metricMeaning } from "../../../engines/pages/metric-meanings.js";
import type { Language } from "../../../engines/pages/texts.js";
import type { MonitorResult } from "../../../foundation/contracts/monitoring.js";
import type { MonitorTexts } from "./texts.js";

/** A longer list is no advice. */
const MOST_STEPS = 3;

export function monitorLead(
  result: MonitorResult,
  context: MetricContext,
  { texts, language }: { readonly texts: MonitorTexts; readonly language: Language },
): Html {
  const said = result.window.rows === 0 ? [] : performanceSaid(result, context, texts, language);
  return html`${said.length > 0 && html`<p class="lead">${said.join(language === "zh" ? "" : " ")}</p>`}${steps(
    texts.next,
    nextSteps(result, texts),
  )}`;
}

function performanceSaid(
  { performance }: MonitorResult,
  context: MetricContext,
  texts: MonitorTexts,
  language: Language,
): string[] {
  const decisive = performance?.metrics[0];
  if (!decisive || decisive.value === null) return [texts.unlabelled];
  const meaning = metricMeaning(decisive.name, context, language);
  const before = decisive.reference.value;
  return [
    ...(meaning ? [meaning.sentence(decisive.value)] : []),
    ...(meaning && before !== null ? [texts.atTrainingWas(meaning.write(before))] : []),
    decisive.alarm ? texts.clearlyWorse : texts.notWorse,
  ];
}

/** The most urgent first. */
function nextSteps(
  { model, window, drift, performance, queue, alerts: open }: MonitorResult,
  texts: MonitorTexts,
): Html[] {
  if (window.rows === 0) return [html`${prose(texts.nextLog(model))}`];
  const isWorse = performance?.metrics[0]?.alarm ?? false;
  const alarms = drift?.checks.filter(({ alarm }) => alarm).length ?? 0;
  const waiting = queue?.waiting ?? 0;
  const found = [
    isWorse && prose(texts.nextRetrain(model)),
    alarms > 0 && html`<a href="#drift">${texts.nextDrift(formatCount(alarms))}</a>`,
    open.length > 0 && !isWorse && alarms === 0 && html`${texts.nextAlerts(formatCount(open.length))}`,
    !performance && prose(texts.nextLabels(model)),
    waiting > 0 && prose(texts.nextQueue(formatCount(waiting), model)),
  ].filter((one) => one !== false);
  return found.length === 0 ? [html`${texts.nextNothing}`] : found.slice(0, MOST_STEPS);
}
