import type {
  DriftReport,
  EstimatedPerformance,
  MonitorResult,
  WatchedMetric,
} from "../../../foundation/contracts/monitoring.js";
import type { AlertCondition } from "../../../foundation/contracts/monitoring-store.js";

type Observed = Pick<MonitorResult, "drift" | "performance" | "estimated" | "unknownClasses" | "sealed">;

/** What is the case, each under a key that stays the same while it is. Lost performance first. */
export function conditionsOf({
  drift,
  performance,
  estimated,
  unknownClasses,
  sealed,
}: Observed): AlertCondition[] {
  return [
    ...(performance?.metrics.filter(({ alarm }) => alarm).map(performanceCondition) ?? []),
    ...estimatedCondition(estimated),
    ...unknownCondition(unknownClasses),
    ...(drift ? driftConditions(drift) : []),
    ...(sealed.damaged > 0
      ? [
          {
            key: "log-damaged",
            severity: "info" as const,
            message: `${sealed.damaged} lines of the prediction log were torn or damaged; the others were kept.`,
            evidence: { ...sealed },
          },
        ]
      : []),
  ];
}

const written = (value: number | null): string =>
  value === null ? "?" : String(Number(value.toPrecision(4)));

function performanceCondition(metric: WatchedMetric): AlertCondition {
  const { name, value, low, high, reference, rows } = metric;
  return {
    key: `performance/${name}`,
    severity: "page",
    message: `${name} is ${written(value)} [${written(low)}, ${written(high)}] on ${rows} labelled rows, ${written(reference.value)} at training.`,
    evidence: { ...metric },
  };
}

function estimatedCondition(estimated: EstimatedPerformance | null): AlertCondition[] {
  if (estimated?.validity.verdict !== "contradicted") return [];
  const { realised, estimated: expected, rows } = estimated.validity;
  return [
    {
      key: "estimate-contradicted",
      severity: "ticket",
      message: `${estimated.metric} was expected to be ${written(expected)} on ${rows} labelled rows and is ${written(realised)}: the relation of inputs to target has changed, or the probabilities are not calibrated.`,
      evidence: { ...estimated },
    },
  ];
}

/** What a model cannot answer is no drift of what it is asked: only its next version can know the class. */
function unknownCondition(classes: Observed["unknownClasses"]): AlertCondition[] {
  if (classes.length === 0) return [];
  const rows = classes.reduce((sum, { rows }) => sum + rows, 0);
  const shown = classes.slice(0, 5).map(({ label, rows }) => `${JSON.stringify(label)} (${rows})`);
  return [
    {
      key: "labels-unknown",
      severity: "ticket",
      message: `${rows === 1 ? "1 label names a class" : `${rows} labels name classes`} that the model does not know, and ${rows === 1 ? "counts" : "count"} in no figure: ${shown.join(", ")}${classes.length > 5 ? ", …" : ""}. Correct the labels, or train again with rows of the new class.`,
      evidence: { classes: classes.slice(0, 50) },
    },
  ];
}

/** One alert for the table, one for each prediction column: fifty columns that moved are one event. */
function driftConditions({ checks, ...report }: DriftReport): AlertCondition[] {
  const condition = (role: "input" | "prediction", what: string): AlertCondition[] => {
    const alarms = checks.filter((check) => check.alarm && check.role === role);
    if (alarms.length === 0) return [];
    const columns = [...new Set(alarms.map(({ column }) => column ?? "all columns together"))];
    const shown = columns.slice(0, 5).join(", ") + (columns.length > 5 ? ", …" : "");
    return [
      {
        key: `drift/${role}`,
        severity: "ticket",
        message: `${what} changed: ${shown} (${report.currentRows} rows against ${report.referenceRows}).`,
        evidence: { level: report.level, checks: alarms.slice(0, 50) },
      },
    ];
  };
  return [...condition("prediction", "Predictions have"), ...condition("input", "Inputs have")];
}
