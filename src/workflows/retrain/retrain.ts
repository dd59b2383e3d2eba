import { join } from "node:path";
import { gather } from "../../foundation/base/gather.js";
import { withPrivateFolder } from "../../foundation/base/private-folder.js";
import { takeRows } from "../../foundation/contracts/frame.js";
import { type MonitoringSettings, monitoringSchema } from "../../foundation/contracts/monitoring.js";
import type { Project, ProjectInput } from "../../foundation/contracts/project.js";
import {
  type RetrainPolicy,
  type RetrainResult,
  retrainSchema,
  type TriggerFinding,
} from "../../foundation/contracts/retrain.js";
import type { TrainResult } from "../../foundation/contracts/run.js";
import { spanMs } from "../../foundation/contracts/span.js";
import type { Model, Store } from "../../foundation/contracts/store.js";
import { takeTarget } from "../../foundation/contracts/target.js";
import { type WorkflowContext, type WorkflowOptions, workflowContext } from "../context.js";
import { storeFolder, withStore } from "../locate-store.js";
import { train } from "../train/train.js";
import { withModel } from "../use/open-model.js";
import { monitorModel } from "../watch/monitor.js";
import { loggedRows } from "../watch/watched-rows.js";
import { candidateProject } from "./candidate-project.js";
import { championMetric, compareVersions, passesGate } from "./compare-versions.js";
import { findTriggers } from "./find-triggers.js";
import { advanceStage, beginStages, currentStage } from "./stages.js";
import { type LabelledPredictions, writeTrainingFile } from "./training-file.js";

export interface RetrainRequest {
  /** Its champion is what is retrained. */
  readonly model: string;
  readonly policy?: RetrainPolicy;
  readonly monitoring?: MonitoringSettings;
  /** A person's reason: then no trigger is needed. */
  readonly reason?: string;
  /** Of the server that sends the e-mails of `monitoring`; secret. */
  readonly smtpUrl?: string;
  /** Of the alerts; default English. */
  readonly language?: "en" | "zh";
  /** Replaces what the champion was trained with, data apart. */
  readonly project?: ProjectInput;
}

/** A retraining and what surrounds it. */
interface Undertaking {
  readonly name: string;
  readonly champion: Model;
  readonly policy: RetrainPolicy;
  readonly monitoring: MonitoringSettings;
  readonly triggers: readonly TriggerFinding[];
  readonly request: RetrainRequest;
  readonly context: WorkflowContext;
  readonly options: WorkflowOptions;
}

/**
 * Trains a candidate when something asks for it, and makes it the champion only if it is better on fresh labelled
 * rows from which neither learnt. The champion answers all the while; a killed retraining leaves it in place.
 * @throws QuernError MODEL_NOT_FOUND, TRAINING_FAILED, INTERRUPTED, …
 */
export async function retrainModel(
  request: RetrainRequest,
  options: WorkflowOptions = {},
): Promise<RetrainResult> {
  const context = workflowContext(options);
  const started = context.clock.elapsed();
  const { policy = retrainSchema.parse({}), monitoring = monitoringSchema.parse({}) } = request;
  const inStore = <T>(use: (store: Store) => Promise<T>) => withStore(storeFolder(options), context, use);
  const champion = await inStore((store) => keepChampion(store, request.model));
  const { name } = champion;
  const finish = (rest: Outcome, triggers: readonly TriggerFinding[] = []): RetrainResult => ({
    ...{ model: name, champion: champion.version, triggers: [...triggers], ...NOTHING, ...rest },
    seconds: (context.clock.elapsed() - started) / 1000,
  });
  const stage = await inStore((store) => currentStage(store, name));
  if (stage) return finish(await inStore((store) => advanceStage(stage, { store, context, policy })));
  const triggers = await triggersOf(request, champion, policy, monitoring, options);
  const undertaking: Undertaking = {
    ...{ name, champion, policy, monitoring, triggers, request, context, options },
  };
  if (triggers.length === 0) return finish({ verdict: "skipped", reason: "Nothing asks for a training." });
  const parts = await inStore((store) => divideLabelled(undertaking, store));
  const rows = { training: 0, labelled: parts.labelled, fresh: parts.fresh.inputs.rows };
  if (rows.fresh < policy.minimumFreshRows) {
    const reason = `${rows.fresh} fresh labelled rows are too few to judge a candidate; ${policy.minimumFreshRows} are needed.`;
    return finish({ rows, verdict: "skipped", reason }, triggers);
  }
  return finish(await judgeCandidate(undertaking, parts, inStore), triggers);
}

const NOTHING = {
  ...{ candidate: null, comparison: null, shadow: null, experiment: null },
  rows: { training: 0, labelled: 0, fresh: 0 },
};

/** From now on the name stands for this version, so that a candidate is not taken for it when it is registered. */
async function keepChampion(store: Store, reference: string): Promise<Model> {
  const champion = await store.models.get(reference);
  const { name, version, aliases } = champion;
  if (!aliases.includes("champion"))
    await store.models.setAlias(name, "champion", version, "in use when it was first retrained");
  return champion;
}

async function triggersOf(
  request: RetrainRequest,
  champion: Model,
  policy: RetrainPolicy,
  settings: MonitoringSettings,
  options: WorkflowOptions,
): Promise<TriggerFinding[]> {
  if (request.reason !== undefined) return [{ trigger: "manual", reason: request.reason }];
  const observed = await monitorModel(
    {
      ...{ model: `${champion.name}@${champion.version}`, settings },
      extensions: (request.project ?? (champion.document.project as Project | undefined))?.extensions ?? [],
      ...(request.language === undefined ? {} : { language: request.language }),
      ...(request.smtpUrl === undefined ? {} : { smtpUrl: request.smtpUrl }),
    },
    options,
  );
  const context = workflowContext(options);
  return withStore(storeFolder(options), context, (store) =>
    findTriggers(champion, policy, observed, store, context.clock.now()),
  );
}

interface LabelledParts {
  readonly labelled: number;
  readonly learning: LabelledPredictions;
  readonly fresh: LabelledPredictions;
}

/** The newest labelled predictions judge, the older ones teach; so do those that were labelled because they are hard. */
async function divideLabelled(
  { name, champion, policy, context, options }: Undertaking,
  store: Store,
): Promise<LabelledParts> {
  const to = context.clock.now() + 1;
  const from = policy.window === undefined ? 0 : to - spanMs(policy.window);
  return withModel(`${name}@${champion.version}`, context, options, async (model) => {
    const { manifest } = model.bundle;
    const logged = await loggedRows(manifest, { from, to, everyLabel: true }, store, context);
    const { inputs, labels, at, ids } = logged;
    const chosen = await store.labels.chosenOnPurpose(name);
    const labelled = labels.rows.length;
    const first = labelled - Math.floor(labelled * policy.freshShare);
    const isFresh = (position: number): boolean =>
      position >= first && !chosen.has(ids![labels.rows[position]!]!);
    const part = (wanted: boolean): LabelledPredictions => {
      const positions = Array.from(labels.rows.keys()).filter((position) => isFresh(position) === wanted);
      const rows = positions.map((position) => labels.rows[position]!);
      return {
        inputs: takeRows(inputs, rows),
        target: takeTarget(labels.target, positions),
        at: gather(at!, rows),
      };
    };
    return { labelled, learning: part(false), fresh: part(true) };
  });
}

type Outcome = Pick<RetrainResult, "verdict" | "reason"> & Partial<RetrainResult>;
type InStore = <T>(use: (store: Store) => Promise<T>) => Promise<T>;

async function judgeCandidate(
  undertaking: Undertaking,
  { labelled, learning, fresh }: LabelledParts,
  inStore: InStore,
): Promise<Outcome> {
  const { name, champion, policy, monitoring, triggers, request, context, options } = undertaking;
  // What is missing is said before hours of work, not after them.
  const metric = await championMetric(
    champion,
    fresh.target.task,
    request.project?.extensions ?? [],
    context,
  );
  const { result, training } = await trainCandidate(undertaking, learning, inStore);
  const comparison = await compareVersions(
    { ...{ name, candidate: result.version, champion: champion.version }, metric, fresh },
    context,
    options,
  );
  const missed = result.goals.filter(({ met }) => !met).map(({ name: goal }) => goal);
  const passed = missed.length === 0 && passesGate(comparison, metric, policy, monitoring.tolerance);
  const comparisonReason = reasonOf(comparison, missed, policy);
  const rows = { training, labelled, fresh: fresh.inputs.rows };
  return inStore(async (store) => {
    const self = { kind: "model", id: `${name}@${result.version}` };
    const before = { kind: "model", id: `${name}@${champion.version}` };
    await store.lineage.add([{ from: self, relation: "trained-to-succeed", to: before }]);
    const labels = await store.monitoring.feedbackRows(name);
    const evidence = {
      candidate: result.version,
      champion: champion.version,
      triggers,
      comparison,
      rows,
      labels,
    };
    const outcome = { candidate: result.version, comparison, rows };
    if (!passed) {
      const reason = comparisonReason;
      await store.monitoring.decide({ model: name, kind: "retrain", verdict: "rejected", reason, evidence });
      return { ...outcome, verdict: "rejected", reason };
    }
    const trial = { name, candidate: result.version, champion: champion.version, reason: comparisonReason };
    return { ...outcome, ...(await beginStages({ ...trial, evidence }, { store, context, policy })) };
  });
}

function reasonOf(
  { metric, improvement, low, high, rows, with: rival }: NonNullable<RetrainResult["comparison"]>,
  missed: readonly string[],
  { gate }: RetrainPolicy,
): string {
  const written = (value: number | null) => (value === null ? "?" : String(Number(value.toPrecision(4))));
  const goals = missed.length > 0 ? ` Goals not met: ${missed.join(", ")}.` : "";
  return `${metric} improves on ${rival} by ${written(improvement)} [${written(low)}, ${written(high)}] on ${rows} fresh rows; the gate asks for ${gate}.${goals}`;
}

function trainCandidate(
  undertaking: Undertaking,
  learning: LabelledPredictions,
  inStore: InStore,
): Promise<{ result: TrainResult; training: number }> {
  const { champion, policy, request, context, options } = undertaking;
  return withPrivateFolder("retrain", async (folder) => {
    const path = join(folder, "training.jsonl");
    const { project, targetName, timeName } = await inStore((store) =>
      candidateProject(champion, policy, request.project, store),
    );
    const file = await inStore((store) =>
      writeTrainingFile(
        {
          ...{ path, champion, targetName, timeName, labelled: learning },
          withTraining: policy.data === "both",
        },
        store,
        context,
      ),
    );
    const { data, ...rest } = project;
    const result = await train(
      { project: { ...rest, data: { ...data, source: path, format: "jsonl", kinds: file.kinds } } },
      { ...options, store: storeFolder(options) },
    );
    return { result, training: file.rows };
  });
}
