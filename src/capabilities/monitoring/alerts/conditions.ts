import { metricName } from "../../../engines/pages/metric-names.js";
import type { Language } from "../../../engines/pages/texts.js";
import type {
  DriftReport,
  EstimatedPerformance,
  MonitorResult,
  WatchedMetric,
} from "../../../foundation/contracts/monitoring.js";
import type { AlertCondition } from "../../../foundation/contracts/monitoring-store.js";
import { type AlertTexts, alertTexts } from "./texts.js";

type Observed = Pick<MonitorResult, "drift" | "performance" | "estimated" | "unknownClasses" | "sealed">;

/** What is the case, each under a key that stays the same while it is. Lost performance first. */
export function conditionsOf(
  { drift, performance, estimated, unknownClasses, sealed }: Observed,
  language: Language,
): AlertCondition[] {
  const texts = alertTexts(language);
  const lost = performance?.metrics.filter(({ alarm }) => alarm) ?? [];
  const named = (metric: string, title = metric): string =>
    language === "en" ? metric : metricName(metric, title, language);
  return [
    ...lost.map((metric) => performanceCondition(metric, named(metric.name, metric.title), texts)),
    ...(estimated ? estimatedCondition(estimated, named(estimated.metric), texts) : []),
    ...unknownCondition(unknownClasses, texts),
    ...(drift ? driftConditions(drift, texts) : []),
    ...(sealed.damaged > 0
      ? [
          {
            key: "log-damaged",
            severity: "info" as const,
            message: texts.logDamaged(String(sealed.damaged)),
            evidence: { ...sealed },
          },
        ]
      : []),
  ];
}

const written = (value: number | null): string =>
  value === null ? "?" : String(Number(value.toPrecision(4)));

function performanceCondition(metric: WatchedMetric, named: string, texts: AlertTexts): AlertCondition {
  const { name, value, low, high, reference, rows } = metric;
  const interval = `[${written(low)}, ${written(high)}]`;
  return {
    key: `performance/${name}`,
    severity: "page",
    message: texts.performance(named, written(value), interval, String(rows), written(reference.value)),
    evidence: { ...metric },
  };
}

function estimatedCondition(
  estimated: EstimatedPerformance,
  named: string,
  texts: AlertTexts,
): AlertCondition[] {
  if (estimated.validity.verdict !== "contradicted") return [];
  const { realised, estimated: expected, rows } = estimated.validity;
  return [
    {
      key: "estimate-contradicted",
      severity: "ticket",
      message: texts.estimateContradicted(named, written(expected), String(rows), written(realised)),
      evidence: { ...estimated },
    },
  ];
}

/** What a model cannot answer is no drift of what it is asked: only its next version can know the class. */
function unknownCondition(classes: Observed["unknownClasses"], texts: AlertTexts): AlertCondition[] {
  if (classes.length === 0) return [];
  const rows = classes.reduce((sum, { rows }) => sum + rows, 0);
  const shown = classes.map(({ label, rows }) => texts.labelCount(JSON.stringify(label), String(rows)));
  return [
    {
      key: "labels-unknown",
      severity: "ticket",
      message: texts.labelsUnknown(rows, someOf(shown, texts)),
      evidence: { classes: classes.slice(0, 50) },
    },
  ];
}

/** One alert for the table, one for each prediction column: fifty columns that moved are one event. */
function driftConditions({ checks, ...report }: DriftReport, texts: AlertTexts): AlertCondition[] {
  const condition = (role: "input" | "prediction", say: AlertTexts["inputsChanged"]): AlertCondition[] => {
    const alarms = checks.filter((check) => check.alarm && check.role === role);
    if (alarms.length === 0) return [];
    const columns = [...new Set(alarms.map(({ column }) => column ?? texts.allColumns))];
    return [
      {
        key: `drift/${role}`,
        severity: "ticket",
        message: say(someOf(columns, texts), String(report.currentRows), String(report.referenceRows)),
        evidence: { level: report.level, checks: alarms.slice(0, 50) },
      },
    ];
  };
  return [...condition("prediction", texts.predictionsChanged), ...condition("input", texts.inputsChanged)];
}

const MOST_SHOWN = 5;
const someOf = (items: readonly string[], texts: AlertTexts): string =>
  texts.listed(items.slice(0, MOST_SHOWN)) + (items.length > MOST_SHOWN ? texts.andMore : "");
