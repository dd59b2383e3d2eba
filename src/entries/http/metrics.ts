import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import { QUERN_VERSION } from "../../foundation/base/version.js";
import type { PredictionJobs } from "../../foundation/contracts/job.js";
import type { AlertRecord, MonitoringStore } from "../../foundation/contracts/monitoring-store.js";
import type { PredictionLogCounts, PredictionSink } from "../../foundation/contracts/prediction-log.js";
import type { ModelPool, ServedModel, ServingObserver } from "../../foundation/contracts/serving.js";
import type { Tracer } from "../../foundation/contracts/tracing.js";
import { type MetricPeers, type MetricSnapshot, renderTogether, snapshotsOf } from "./shared-metrics.js";
import { type Distribution, Histogram, TallyTable } from "./tallies.js";

/** Seconds: a lone small prediction takes a fraction of a millisecond, an overloaded one seconds. */
const DURATION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const ROW_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256];

export interface Metrics {
  /** `route` is the pattern, never the path: labels must stay few. */
  request(method: string, route: string, status: number, seconds: number): void;
  /** `status` by its name, such as `OK` or `UNAVAILABLE`. */
  grpcRequest(method: string, status: string, seconds: number): void;
  predicted(model: ServedModel, rows: number): void;
  readonly contentType: string;
  /** The page in Prometheus' text format. */
  render(): Promise<string>;
}

/** Counts what the pool does. Made before the pool; given to it as its observer and to the server. */
export interface ServingMetrics {
  readonly observer: ServingObserver;
  forServer(models: ModelPool, counted?: Counted): Metrics;
}

/** What else has something to count. */
interface Counted {
  readonly predictions?: PredictionSink | undefined;
  readonly tracer?: Tracer | undefined;
  readonly jobs?: PredictionJobs | undefined;
  readonly store?: { readonly monitoring: Pick<MonitoringStore, "openAlerts"> } | undefined;
}

/** @param peers other processes that answer on the same port: their counts are added to those of this one */
export function createServingMetrics(peers?: MetricPeers): ServingMetrics {
  const registers = [new Registry()];
  const registry = registers[0]!;
  collectDefaultMetrics({ register: registry });
  const labelNames = ["model", "version"] as const;
  const batchRows = new Histogram({
    ...{ name: "quern_batch_rows", help: "Rows computed together.", bounds: ROW_BUCKETS },
  });
  const batchSeconds = new Histogram({
    ...{ name: "quern_batch_duration_seconds", help: "Time to compute one batch.", bounds: DURATION_BUCKETS },
  });
  const refused = new Counter({
    ...{ name: "quern_predictions_refused_total", help: "Requests dropped before they were computed." },
    ...{ labelNames: [...labelNames, "reason"] as const, registers },
  });
  const shadowed = new Counter({
    ...{ name: "quern_shadow_rows_total", help: "Rows computed by a shadow.", registers },
    labelNames: [...labelNames, "agrees"] as const,
  });
  const cached = new Counter({
    ...{ name: "quern_cache_rows_total", help: "Rows looked up in the cache of answers.", registers },
    labelNames: [...labelNames, "result"] as const,
  });
  const rowsOf = eachModel((labels) => batchRows.of(labels));
  const secondsOf = eachModel((labels) => batchSeconds.of(labels));
  const observer: ServingObserver = {
    shadowed(model, rows, differing) {
      shadowed.inc({ ...labelsOf(model), agrees: "yes" }, rows - differing);
      shadowed.inc({ ...labelsOf(model), agrees: "no" }, differing);
    },
    batch(model, rows, seconds) {
      rowsOf(model).observe(rows);
      secondsOf(model).observe(seconds);
    },
    cached(model, hits, misses) {
      cached.inc({ ...labelsOf(model), result: "hit" }, hits);
      cached.inc({ ...labelsOf(model), result: "miss" }, misses);
    },
    refused: (model, reason) => refused.inc({ ...labelsOf(model), reason }),
  };
  return {
    observer,
    forServer(models, { predictions, tracer, jobs, store } = {}) {
      if (store) alertMetrics(registry, models, store.monitoring);
      if (jobs) jobMetrics(registry, jobs);
      if (tracer) traceMetrics(registry, tracer);
      if (predictions?.counts) logMetrics(registry, predictions.counts.bind(predictions));
      return serverMetrics(registry, models, [batchRows, batchSeconds], peers);
    },
  };
}

/** What became of the rows handed to the log, as the log counts them. */
function logMetrics(registry: Registry, counts: () => PredictionLogCounts): void {
  const registers = [registry];
  new Counter({
    ...{ name: "quern_prediction_log_rows_total", help: "Rows handed to the log of predictions.", registers },
    labelNames: ["outcome"] as const,
    collect() {
      this.reset();
      const { written, skipped, dropped } = counts();
      this.inc({ outcome: "written" }, written);
      this.inc({ outcome: "skipped" }, skipped);
      this.inc({ outcome: "dropped" }, dropped);
    },
  });
  new Gauge({
    ...{ name: "quern_prediction_log_waiting_rows", help: "Rows that wait to be written.", registers },
    collect() {
      this.set(counts().waiting);
    },
  });
}

function jobMetrics(registry: Registry, jobs: PredictionJobs): void {
  new Gauge({
    ...{ name: "quern_jobs", help: "Prediction jobs, whichever process took them.", registers: [registry] },
    labelNames: ["state"] as const,
    // Every process sees the same folder.
    aggregator: "max",
    async collect() {
      const { queue } = await jobs.list({ limit: 1 });
      this.set({ state: "running" }, queue.running);
      this.set({ state: "waiting" }, queue.waiting);
    },
  });
}

/** What `quern monitor` found of the served names and is still the case. */
function alertMetrics(
  registry: Registry,
  models: ModelPool,
  monitoring: Pick<MonitoringStore, "openAlerts">,
): void {
  const gauge = (name: string, help: string, figureOf: (alert: AlertRecord) => number) =>
    new Gauge({
      ...{ name, help, labelNames: ["model", "alert", "severity"] as const, registers: [registry] },
      // Every process sees the same store.
      aggregator: "max",
      async collect() {
        const names = [...new Set(models.list().map(({ manifest }) => manifest.name))];
        // A store that cannot be read now closes no alert: what was known stays, and the page with it.
        const open = await monitoring.openAlerts(names).catch(() => undefined);
        if (!open) return;
        this.reset();
        for (const alert of open)
          this.set({ model: alert.model, alert: alert.key, severity: alert.severity }, figureOf(alert));
      },
    });
  gauge("quern_monitoring_alert_open", "1 while what `quern monitor` found is the case.", () => 1);
  gauge(
    "quern_monitoring_alert_opened_timestamp_seconds",
    "When an open alert was first found.",
    ({ firstAt }) => firstAt / 1000,
  );
}

function traceMetrics(registry: Registry, tracer: Tracer): void {
  new Counter({
    ...{ name: "quern_trace_spans_total", help: "Spans of traced requests.", registers: [registry] },
    labelNames: ["outcome"] as const,
    collect() {
      this.reset();
      const { exported, dropped } = tracer.counts();
      this.inc({ outcome: "exported" }, exported);
      this.inc({ outcome: "dropped" }, dropped);
    },
  });
}

function serverMetrics(
  registry: Registry,
  models: ModelPool,
  others: readonly Histogram[],
  peers: MetricPeers | undefined,
): Metrics {
  const duration = new Histogram({
    ...{ name: "quern_http_request_duration_seconds", help: "Time from request to answer." },
    bounds: DURATION_BUCKETS,
  });
  const grpcDuration = new Histogram({
    ...{ name: "quern_grpc_request_duration_seconds", help: "Time from call to answer." },
    bounds: DURATION_BUCKETS,
  });
  const histograms = [...others, duration, grpcDuration];
  const answered = new TallyTable();
  modelMetrics(registry, models, answered);
  const answeredOf = eachModel((labels) => answered.of(labels));
  const own = async (): Promise<readonly MetricSnapshot[]> => [
    ...(await snapshotsOf(registry)),
    ...histograms.map((each) => each.snapshot()),
  ];
  peers?.offer(own);
  /** By route, method and status. */
  const durations = new Map<string, Map<string, Distribution[]>>();
  return {
    request(method, route, status, seconds) {
      const methods = durations.get(route) ?? new Map<string, Distribution[]>();
      const statuses = methods.get(method) ?? [];
      durations.set(route, methods.set(method, statuses));
      statuses[status] ??= duration.of({ method, route, status });
      statuses[status].observe(seconds);
    },
    grpcRequest: (method, status, seconds) => grpcDuration.of({ method, status }).observe(seconds),
    predicted: (model, rows) => answeredOf(model).add(rows),
    contentType: registry.contentType,
    async render() {
      if (peers) {
        const here = await own();
        return renderTogether([here, ...(await peers.others(here))]);
      }
      return [await registry.metrics(), ...histograms.map((each) => `${each.render()}\n`)].join("\n");
    },
  };
}

function modelMetrics(registry: Registry, models: ModelPool, answered: TallyTable): void {
  const registers = [registry];
  const modelLabels = ["model", "version"] as const;
  new Counter({
    ...{ name: "quern_predictions_total", help: "Rows answered.", labelNames: modelLabels, registers },
    collect() {
      this.reset();
      for (const { labels, series } of answered.all()) this.inc(labels, series.total);
    },
  });
  new Gauge({
    ...{ name: "quern_model_ready", help: "1 while the model answers.", labelNames: modelLabels, registers },
    // Of several processes each has to.
    aggregator: "min",
    collect() {
      this.reset();
      for (const model of models.list()) this.set(labelsOf(model), model.state === "ready" ? 1 : 0);
    },
  });
  new Gauge({
    ...{ name: "quern_busy_rows", help: "Rows that wait or are being computed.", labelNames: modelLabels },
    registers,
    collect() {
      this.reset();
      for (const model of models.list()) this.set(labelsOf(model), model.busyRows);
    },
  });
  const labelNamesOfBuild = ["version"] as const;
  new Gauge({
    ...{ name: "quern_build_info", help: "Always 1.", labelNames: labelNamesOfBuild, registers },
    aggregator: "first",
  }).set({ version: QUERN_VERSION }, 1);
  new Gauge({ name: "quern_processes", help: "Server processes behind this port.", registers }).set(1);
}

/** The series of each model, looked up once. */
function eachModel<Series>(find: (labels: ReturnType<typeof labelsOf>) => Series) {
  const known = new WeakMap<ServedModel, Series>();
  return (model: ServedModel): Series => {
    const found = known.get(model);
    if (found) return found;
    const series = find(labelsOf(model));
    known.set(model, series);
    return series;
  };
}

function labelsOf({ manifest }: ServedModel): { model: string; version: number } {
  return { model: manifest.name, version: manifest.version };
}
