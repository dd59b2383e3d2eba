import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { defaultMetric } from "../../capabilities/evaluation/metrics/index.js";
import { conditionsOf } from "../../capabilities/monitoring/alerts/conditions.js";
import { emailNotifier } from "../../capabilities/monitoring/alerts/email-notifier.js";
import {
  logNotifier,
  type Notifier,
  notifyAll,
  webhookNotifier,
} from "../../capabilities/monitoring/alerts/notifiers.js";
import { measureDrift } from "../../capabilities/monitoring/drift/measure-drift.js";
import { type Sealed, sealJournals } from "../../capabilities/monitoring/prediction-log/segments.js";
import { monitorReport } from "../../capabilities/monitoring/report/monitor-report.js";
import { writeFileAtomic } from "../../foundation/base/atomic-file.js";
import { QuernError } from "../../foundation/base/errors.js";
import { createOutboundClient } from "../../foundation/base/outbound-client.js";
import { createRandom } from "../../foundation/base/random.js";
import { QUERN_VERSION } from "../../foundation/base/version.js";
import type { Evaluation } from "../../foundation/contracts/evaluation.js";
import { selectColumns } from "../../foundation/contracts/frame.js";
import type { Metric } from "../../foundation/contracts/metric.js";
import {
  type MonitoringSettings,
  type MonitorResult,
  monitoringSchema,
} from "../../foundation/contracts/monitoring.js";
import type {
  AlertChanges,
  AlertCondition,
  FeedbackAnswer,
} from "../../foundation/contracts/monitoring-store.js";
import { spanMs } from "../../foundation/contracts/span.js";
import type { Store } from "../../foundation/contracts/store.js";
import { tabularTask } from "../../foundation/contracts/structured.js";
import type { TaskType } from "../../foundation/contracts/target.js";
import { type WorkflowContext, type WorkflowOptions, workflowContext } from "../context.js";
import { storeFolder, withStore } from "../locate-store.js";
import { type Extensions, loadExtensions } from "../project/extensions.js";
import { chosenBy, modelMetrics } from "../project/metrics.js";
import { type OpenModel, withModel } from "../use/open-model.js";
import type { ReadingOptions } from "../use/reading.js";
import { estimatePerformance, expectCohort } from "./estimate-performance.js";
import { readLabels } from "./feedback.js";
import { fillLabelQueue } from "./fill-label-queue.js";
import { judgeCohorts, judgePerformance, yardstick } from "./judge-performance.js";
import { journalFolder } from "./prediction-log.js";
import { referenceFile, trainingRows } from "./reference-rows.js";
import { takeFeedback } from "./take-feedback.js";
import { watchGroups } from "./watch-groups.js";
import { fileRows, loggedRows, predictionFrame, type WatchedRows } from "./watched-rows.js";

export interface MonitorRequest {
  /** `name`, `name@3` or `name@champion`. */
  readonly model: string;
  readonly settings?: MonitoringSettings;
  /** Modules of the project's own, as in `extensions` of a project: their drift tests are asked, metrics of the model looked for there first. */
  readonly extensions?: readonly string[];
  /** Rows to judge instead of the log. */
  readonly data?: string;
  readonly reading?: ReadingOptions;
  /** Rows to compare with instead of those of the training. */
  readonly reference?: string;
  /** A file of labels to take in first: prediction id and truth. */
  readonly labels?: string;
  /** End of the window, epoch milliseconds; default now. */
  readonly until?: number;
  /** HTML file to write. */
  readonly report?: string;
  /** Of the report and of the alerts, however they are told; default English. */
  readonly language?: "en" | "zh";
  /** Of the server that sends the e-mails of the settings; secret. */
  readonly smtpUrl?: string;
  /** Beside the log, the webhook and the e-mails of the settings. */
  readonly notifiers?: readonly Notifier[];
}

/**
 * Judges a window of logged predictions, keeps the store's alerts equal to what was found and tells new ones; rows of
 * a file are judged alike, but change no alert. Repeating it changes nothing but the count of what is still the case.
 * @throws QuernError STORE_NOT_FOUND, MODEL_NOT_FOUND, USAGE, PREDICTION_INPUT
 */
export function monitorModel(request: MonitorRequest, options: WorkflowOptions = {}): Promise<MonitorResult> {
  const context = workflowContext(options);
  const started = context.clock.elapsed();
  return withModel(request.model, context, options, (model) =>
    withStore(storeFolder(options), context, async (store) => {
      const { settings = monitoringSchema.parse({}), language = "en" } = request;
      // What is wrong with the settings is said before anything is judged.
      const tellers = notifiersFor({ ...request, language }, settings, context);
      const extensions = await loadExtensions(
        { extensions: [...(request.extensions ?? [])] },
        context.folder,
      );
      const upkeep = await keepUp(model, request, store, settings, context);
      const observed = await observe(model, request, { settings, extensions }, store, context);
      const { name } = model.bundle.manifest;
      const conditions = conditionsOf({ ...observed, ...upkeep }, language);
      const changes =
        request.data === undefined
          ? await store.monitoring.reconcileAlerts(name, conditions, spanMs(settings.alerts.repeat))
          : onlyNow(name, conditions, context.clock.now());
      await notifyAll(tellers, changes.toNotify, context.logger);
      const told = new Set(changes.toNotify.map(({ key }) => key));
      const result: MonitorResult = {
        model: name,
        version: model.bundle.manifest.version,
        ...observed,
        ...upkeep,
        alerts: changes.open.map(({ key, severity, message, evidence, firstAt, times }) => {
          return { key, severity, message, evidence, firstAt, times, notified: told.has(key) };
        }),
        resolved: changes.resolved.map(({ key, severity }) => ({ key, severity })),
        report: request.report === undefined ? null : resolve(context.folder, request.report),
        seconds: (context.clock.elapsed() - started) / 1000,
      };
      if (result.report !== null) {
        const about = {
          createdAt: context.clock.now(),
          quern: QUERN_VERSION,
          target: model.bundle.manifest.target,
          positive: positiveClass(model.bundle.manifest),
        };
        writeFileAtomic(result.report, monitorReport(result, about, language));
      }
      return result;
    }),
  );
}

/** A file is judged for whoever asks; what is open concerns the model in use. */
function onlyNow(model: string, conditions: readonly AlertCondition[], now: number): AlertChanges {
  const times = { firstAt: now, lastAt: now, times: 1, notifiedAt: now, resolvedAt: null };
  return { toNotify: [], open: conditions.map((one) => ({ ...one, model, ...times })), resolved: [] };
}

const DAY_MS = 86_400_000;

/** Takes labels in, seals what is full and forgets what is too old. */
async function keepUp(
  { bundle }: OpenModel,
  { model, labels, reading = {} }: MonitorRequest,
  store: Store,
  { log }: MonitoringSettings,
  context: WorkflowContext,
): Promise<{ feedback: FeedbackAnswer | null; sealed: Sealed }> {
  const { name, outputs } = bundle.manifest;
  const feedback =
    labels === undefined
      ? null
      : await takeFeedback(
          store.monitoring,
          name,
          await readLabels(labels, (await store.models.get(model)).document, reading, context),
          outputs,
        );
  const folder = journalFolder(store.location);
  const nothing = { rows: 0, segments: 0, damaged: 0 };
  const sealed = existsSync(folder)
    ? await sealJournals({
        folder,
        blobs: store.blobs,
        monitoring: store.monitoring,
        threads: context.threads,
      })
    : nothing;
  await store.monitoring.expire(context.clock.now() - log.retentionDays * DAY_MS);
  return { feedback, sealed };
}

type Observed = Pick<
  MonitorResult,
  | "window"
  | "reference"
  | "drift"
  | "performance"
  | "estimated"
  | "unknownClasses"
  | "cohorts"
  | "groups"
  | "queue"
>;

async function observe(
  model: OpenModel,
  request: MonitorRequest,
  { settings, extensions }: { readonly settings: MonitoringSettings; readonly extensions: Extensions },
  store: Store,
  context: WorkflowContext,
): Promise<Observed> {
  const { manifest } = model.bundle;
  const task = tabularTask(manifest.task, "Monitoring");
  const to = request.until ?? context.clock.now() + 1;
  const span = { from: to - spanMs(settings.window), to };
  const rows =
    request.data === undefined
      ? await loggedRows(manifest, span, store, context)
      : await fileRows(model, request.data, request.reading ?? {}, context);
  const reference =
    request.reference === undefined
      ? await trainingRows(model, store, context)
      : await referenceFile(model, request.reference, context);
  const evaluation = request.reference === undefined ? evaluationOf(model) : undefined;
  const stick = yardstick(
    task,
    evaluation,
    reference.heldOut,
    await decisiveMetric(model, task, rows, request.extensions ?? [], context),
  );
  const shared = [...reference.inputs.columns.keys()].filter((name) => rows.inputs.columns.has(name));
  const { heldOut } = reference;
  const timed = rows.at !== undefined;
  return {
    window: {
      source: rows.source,
      ...(timed ? span : { from: null, to: null }),
      rows: rows.inputs.rows,
      redacted: [...rows.redacted],
    },
    reference: { source: reference.source, rows: reference.inputs.rows },
    drift:
      rows.inputs.rows === 0
        ? null
        : measureDrift({
            reference: {
              inputs: selectColumns(reference.inputs, shared),
              ...(heldOut ? { predictions: predictionFrame(heldOut.predictions, manifest) } : {}),
            },
            current: {
              inputs: selectColumns(rows.inputs, shared),
              predictions: predictionFrame(rows.predictions, manifest),
            },
            settings: settings.drift,
            tests: extensions.driftTests,
            random: createRandom("drift"),
          }),
    performance: judgePerformance(rows, stick, settings),
    unknownClasses: [...rows.labels.unknown],
    estimated: estimatePerformance(rows, heldOut, manifest, stick, settings.minimumLabels),
    cohorts: judgeCohorts(
      rows,
      stick,
      { ...span, parts: settings.cohorts, groups: settings.groups },
      (predictions) => expectCohort(predictions, manifest, stick),
    ),
    groups: watchGroups(rows, stick, settings.groups),
    queue: await fillLabelQueue(rows, reference.inputs, manifest, settings.labels, store),
  };
}

/** Without truths nothing of a regression is judged by it but what `defaultMetric` tells as well. */
async function decisiveMetric(
  { bundle: { manifest }, record }: OpenModel,
  task: TaskType,
  { labels }: WatchedRows,
  given: readonly string[],
  context: WorkflowContext,
): Promise<Metric> {
  try {
    return (await modelMetrics(chosenBy({ record, manifest }), task, given, context)).decisive;
  } catch (failure) {
    const isNeeded = task !== "regression" || labels.rows.length > 0;
    if (isNeeded || !QuernError.is(failure) || failure.code !== "EXTENSION_MISSING") throw failure;
    return defaultMetric(task);
  }
}

/** Of two classes the second. */
function positiveClass({ task, outputs }: OpenModel["bundle"]["manifest"]): string | undefined {
  return task === "binary" && outputs.kind === "classes" ? outputs.classes[1] : undefined;
}

function evaluationOf({ record }: OpenModel): Evaluation | undefined {
  return record?.document.evaluation as Evaluation | undefined;
}

function notifiersFor(
  { notifiers = [], smtpUrl, language }: MonitorRequest & Required<Pick<MonitorRequest, "language">>,
  { alerts }: MonitoringSettings,
  { logger }: WorkflowContext,
): readonly Notifier[] {
  const all = [logNotifier(logger), ...notifiers];
  const { webhook, email } = alerts;
  if (email !== undefined) all.push(emailNotifier({ smtpUrl: smtpUrl ?? "", ...email, language }));
  if (webhook === undefined) return all;
  const { host } = new URL(webhook);
  const client = createOutboundClient({
    allowedHosts: [host],
    privateHosts: alerts.privateNetwork ? [host] : [],
    timeoutMs: 10_000,
    maxRedirects: 0,
  });
  return [...all, webhookNotifier(webhook, client, language)];
}
