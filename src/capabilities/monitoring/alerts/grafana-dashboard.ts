import { predictionSeries } from "./prometheus-rules.js";

interface Panel {
  readonly title: string;
  /** Of Grafana: `reqps`, `s`, `percentunit`, `short`. */
  readonly unit: string;
  readonly queries: readonly (readonly [expression: string, legend: string])[];
}

const quantile = (share: number): string =>
  `histogram_quantile(${share}, sum by (le) (rate(${predictionSeries("bucket")}[5m])))`;

const PANELS: readonly Panel[] = [
  {
    ...{ title: "Rows answered", unit: "reqps" },
    queries: [["sum by (model, version) (rate(quern_predictions_total[5m]))", "{{model}}@{{version}}"]],
  },
  {
    ...{ title: "Requests by status", unit: "reqps" },
    queries: [[`sum by (status) (rate(${predictionSeries("count")}[5m]))`, "{{status}}"]],
  },
  {
    ...{ title: "Time to answer", unit: "s" },
    queries: [
      [quantile(0.5), "median"],
      [quantile(0.99), "99 of 100"],
    ],
  },
  {
    ...{ title: "Share of faults, one hour", unit: "percentunit" },
    queries: [["quern:request_faults:ratio_rate1h", "faults"]],
  },
  {
    ...{ title: "Rows waiting or being computed", unit: "short" },
    queries: [["quern_busy_rows", "{{model}}@{{version}}"]],
  },
  {
    ...{ title: "Rows turned away", unit: "reqps" },
    queries: [["sum by (model, reason) (rate(quern_predictions_refused_total[5m]))", "{{model}} {{reason}}"]],
  },
  {
    ...{ title: "Shadow rows that say something else", unit: "reqps" },
    queries: [["sum by (model, version) (rate(quern_shadow_rows_total[5m]))", "{{model}}@{{version}}"]],
  },
  {
    ...{ title: "Versions that answer", unit: "short" },
    queries: [["quern_model_ready", "{{model}}@{{version}}"]],
  },
  {
    ...{ title: "Rows of predictions logged", unit: "reqps" },
    queries: [["sum by (outcome) (rate(quern_prediction_log_rows_total[5m]))", "{{outcome}}"]],
  },
  {
    ...{ title: "Jobs", unit: "short" },
    queries: [["quern_jobs", "{{state}}"]],
  },
  {
    ...{ title: "Open alerts of the monitoring", unit: "short" },
    queries: [
      ["max by (model, alert, severity) (quern_monitoring_alert_open)", "{{severity}} {{model}}: {{alert}}"],
    ],
  },
];

const WIDTH = 12;
const HEIGHT = 8;

/** A dashboard for Grafana 10 and later; the data source is chosen when it is imported. */
export function grafanaDashboard(): string {
  const datasource = { type: "prometheus", uid: "$datasource" };
  const panels = PANELS.map(({ title, unit, queries }, index) => ({
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
