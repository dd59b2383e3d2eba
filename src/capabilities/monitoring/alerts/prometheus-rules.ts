import type { Language } from "../../../engines/pages/texts.js";
import { dashboardTexts } from "./texts.js";

/** What a deployment promises. */
export interface ServiceObjective {
  /** Share of requests answered without a fault of the server; 0.999 by default. */
  readonly availability?: number;
  /** Seconds within which 99 of 100 predictions are answered; 0.25 by default. */
  readonly latencySeconds?: number;
}

/** Statuses that are the server's fault, of HTTP and of gRPC. */
const FAULT = "5..|UNAVAILABLE|RESOURCE_EXHAUSTED|DEADLINE_EXCEEDED|INTERNAL|UNKNOWN|DATA_LOSS";

/**
 * Requests for predictions by HTTP and gRPC, which has no routes. A caller's own mistakes spend no budget; streams last as
 * long as their callers like.
 */
export function predictionSeries(suffix: "count" | "bucket", more = ""): string {
  const names = ["quern_http_request_duration_seconds", "quern_grpc_request_duration_seconds"];
  const selected = names.map((name) => `${name}_${suffix}`).join("|");
  const routes = "|/predict/[^/]+|/v2/.*infer|/v1/embeddings|/similar/.*";
  return `{__name__=~"${selected}",method=~"POST|ModelInfer",route=~"${routes}"${more}}`;
}
const WINDOWS = ["5m", "30m", "1h", "6h", "3d"] as const;

/**
 * Multi-window, multi-burn-rate alerts (Google SRE workbook, chapter 5): a rate that would spend 2 % of a month's
 * error budget in an hour, 5 % in six, 10 % in three days; the short window ends the alert soon after the trouble.
 */
const BURNS = [
  { name: "QuernErrorBudgetBurnsFast", rate: 14.4, windows: ["1h", "5m"], severity: "page" },
  { name: "QuernErrorBudgetBurns", rate: 6, windows: ["6h", "30m"], severity: "page" },
  { name: "QuernErrorBudgetBurnsSlowly", rate: 1, windows: ["3d", "6h"], severity: "ticket" },
] as const;

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expression: string;
  readonly forDuration?: string;
  readonly severity?: string;
  readonly summary?: string;
}

/** A rules file for Prometheus, over the metrics of `quern serve`. */
export function prometheusRules(
  language: Language,
  { availability = 0.999, latencySeconds = 0.25 }: ServiceObjective = {},
): string {
  const texts = dashboardTexts(language);
  const budget = Number((1 - availability).toPrecision(12));
  const faults = predictionSeries("count", `,status=~"${FAULT}"`);
  const ratios = WINDOWS.map(
    (window): Rule => ({
      record: `quern:request_faults:ratio_rate${window}`,
      expression: `sum(rate(${faults}[${window}])) / sum(rate(${predictionSeries("count")}[${window}]))`,
    }),
  );
  const burns = BURNS.map(({ name, rate, windows, severity }): Rule => {
    const beyond = windows.map((window) => `quern:request_faults:ratio_rate${window} > ${rate} * ${budget}`);
    return {
      ...{ alert: name, expression: beyond.join(" and "), severity },
      summary: texts.burning(String(rate), String(availability)),
    };
  });
  return toYaml([...ratios, ...burns, ...healthRules(latencySeconds, texts)]);
}

function healthRules(latencySeconds: number, texts: ReturnType<typeof dashboardTexts>): Rule[] {
  return [
    {
      ...{ alert: "QuernModelNotReady", expression: "quern_model_ready == 0", forDuration: "2m" },
      ...{ severity: "page", summary: texts.notReady },
    },
    {
      ...{ alert: "QuernPredictionsSlow", forDuration: "10m", severity: "ticket" },
      expression: `histogram_quantile(0.99, sum by (le) (rate(${predictionSeries("bucket")}[5m]))) > ${latencySeconds}`,
      summary: texts.slow(String(latencySeconds)),
    },
    {
      ...{ alert: "QuernPredictionsRefused", forDuration: "5m", severity: "ticket" },
      expression: "sum by (model) (rate(quern_predictions_refused_total[5m])) > 0",
      summary: texts.refused,
    },
    {
      // Of the severity that the monitoring gave it; what is only worth knowing calls nobody.
      ...{ alert: "QuernMonitoringAlert" },
      expression: `max by (model, alert, severity) (quern_monitoring_alert_open{severity=~"page|ticket"}) > 0`,
      summary: texts.found,
    },
  ];
}

/** Texts are quoted as JSON, which YAML reads. */
function toYaml(rules: readonly Rule[]): string {
  const lines = rules.flatMap(({ record, alert, expression, forDuration, severity, summary }) => [
    record === undefined ? `      - alert: ${alert}` : `      - record: ${record}`,
    `        expr: ${JSON.stringify(expression)}`,
    ...(forDuration === undefined ? [] : [`        for: ${forDuration}`]),
    ...(severity === undefined ? [] : ["        labels:", `          severity: ${severity}`]),
    ...(summary === undefined
      ? []
      : ["        annotations:", `          summary: ${JSON.stringify(summary)}`]),
  ]);
  return ["groups:", "  - name: quern", "    rules:", ...lines, ""].join("\n");
}
