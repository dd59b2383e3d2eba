import type { Language } from "../../../engines/pages/texts.js";
import { predictionSeries } from "./prometheus-rules.js";
import { dashboardTexts } from "./texts.js";

interface Panel {
  readonly title: string;
  /** Of Grafana: `reqps`, `s`, `percentunit`, `short`. */
  readonly unit: string;
  readonly queries: readonly (readonly [expression: string, legend: string])[];
}

const quantile = (share: number): string =>
  `histogram_quantile(${share}, sum by (le) (rate(${predictionSeries("bucket")}[5m])))`;

const panelsIn = (texts: ReturnType<typeof dashboardTexts>): readonly Panel[] => [
  {
    ...{ title: texts.rowsAnswered, unit: "reqps" },
    queries: [["sum by (model, version) (rate(quern_predictions_total[5m]))", "{{model}}@{{version}}"]],
  },
  {
    ...{ title: texts.requestsByStatus, unit: "reqps" },
    queries: [[`sum by (status) (rate(${predictionSeries("count")}[5m]))`, "{{status}}"]],
  },
  {
    ...{ title: texts.timeToAnswer, unit: "s" },
    queries: [
      [quantile(0.5), texts.median],
      [quantile(0.99), texts.slowest],
    ],
  },
  {
    ...{ title: texts.faultShare, unit: "percentunit" },
    queries: [["quern:request_faults:ratio_rate1h", texts.faults]],
  },
  {
    ...{ title: texts.rowsBusy, unit: "short" },
    queries: [["quern_busy_rows", "{{model}}@{{version}}"]],
  },
  {
    ...{ title: texts.rowsRefused, unit: "reqps" },
    queries: [["sum by (model, reason) (rate(quern_predictions_refused_total[5m]))", "{{model}} {{reason}}"]],
  },
  {
    ...{ title: texts.shadowsDiffer, unit: "reqps" },
    queries: [["sum by (model, version) (rate(quern_shadow_rows_total[5m]))", "{{model}}@{{version}}"]],
  },
  {
    ...{ title: texts.versionsReady, unit: "short" },
    queries: [["quern_model_ready", "{{model}}@{{version}}"]],
  },
  {
    ...{ title: texts.rowsLogged, unit: "reqps" },
    queries: [["sum by (outcome) (rate(quern_prediction_log_rows_total[5m]))", "{{outcome}}"]],
  },
  {
    ...{ title: texts.jobs, unit: "short" },
    queries: [["quern_jobs", "{{state}}"]],
  },
  {
    ...{ title: texts.openAlerts, unit: "short" },
    queries: [
      ["max by (model, alert, severity) (quern_monitoring_alert_open)", "{{severity}} {{model}}: {{alert}}"],
    ],
  },
];

const WIDTH = 12;
const HEIGHT = 8;

/** A dashboard for Grafana 10 and later; the data source is chosen when it is imported. */
export function grafanaDashboard(language: Language): string {
  const datasource = { type: "prometheus", uid: "$datasource" };
  const panels = panelsIn(dashboardTexts(language)).map(({ title, unit, queries }, index) => ({
    ...{ id: index + 1, type: "timeseries", title, datasource },
    gridPos: { x: (index % 2) * WIDTH, y: Math.floor(index / 2) * HEIGHT, w: WIDTH, h: HEIGHT },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    targets: queries.map(([expr, legendFormat], k) => ({
      ...{ refId: String.fromCharCode(65 + k), expr, legendFormat, datasource },
    })),
  }));
  return `${JSON.stringify(
    {
      ...{ title: "Quern", uid: "quern", schemaVersion: 39, tags: ["quern"], editable: true, refresh: "30s" },
      time: { from: "now-6h", to: "now" },
      templating: { list: [{ name: "datasource", type: "datasource", query: "prometheus" }] },
      panels,
    },
    null,
    2,
  )}\n`;
}
