import { join } from "node:path";
import type { StructuredTaskDefinition } from "../../capabilities/structured/definition.js";
import { QuernError } from "../../foundation/base/errors.js";
import type { Evaluation } from "../../foundation/contracts/evaluation.js";
import type { Project } from "../../foundation/contracts/project.js";
import type { RunEvent, TrainResult } from "../../foundation/contracts/run.js";
import type { RunLease, Store } from "../../foundation/contracts/store.js";
import { throwIfAborted, type WorkflowContext, workflowContext } from "../context.js";
import { CACHE_FOLDER } from "../fitting/fit-step.js";
import { planAgenda } from "../learn/agenda.js";
import { AllTrialsFailed } from "../learn/learn.js";
import { completedBySource } from "../load/implied-project.js";
import { type OpenedData, openData } from "../load/open-data.js";
import { PixelCache } from "../load/pixel-cache.js";
import { withStore } from "../locate-store.js";
import { withAugmentationFiles } from "../project/augmentation-files.js";
import { type Extensions, environmentOf, loadExtensions, transformMap } from "../project/extensions.js";
import { projectMetric } from "../project/metrics.js";
import { withPretrained } from "../project/pretrained.js";
import { resolveProject } from "../project/project-file.js";
import { checkStructure, structuredTaskOf } from "../structured/check.js";
import { produceStructure } from "../structured/produce.js";
import { checkSettings } from "./check-settings.js";
import { Course } from "./course.js";
import { divideTable } from "./divide.js";
import { type Fingerprint, findFinished, fingerprintTraining, recordFinished } from "./finished-training.js";
import type { CourseEntry, TrainRequest } from "./messages.js";
import { openFitter } from "./open-fitter.js";
import { prepareData } from "./prepare.js";
import { produceModel } from "./produce-model.js";
import type { Production } from "./production.js";
import { Progress } from "./progress.js";
import { roundsOf } from "./rounds.js";
import { situationOf, trainingFacts } from "./situation.js";
import { StepRunner } from "./step-runner.js";

/** One training and what surrounds it. */
interface Undertaking {
  readonly request: TrainRequest;
  readonly project: Project;
  readonly context: WorkflowContext;
  readonly progress: Progress;
  readonly course: Course;
  readonly extensions: Extensions;
}

/**
 * One training from data to registered model. The same data and project again are answered from the store.
 * What is wrong with data or project is found before a store is made, so that bad input leaves nothing
 * behind; what fails later is recorded with the run.
 */
export async function runTraining(
  request: TrainRequest,
  options: {
    signal: AbortSignal;
    onEvent: (event: RunEvent) => void;
    onCourse?: (entry: CourseEntry) => void;
    startedAt: number;
  },
): Promise<TrainResult> {
  const context = workflowContext({ ...options, folder: request.folder, threads: request.threads });
  const project = await withPretrained(
    withAugmentationFiles(resolveProject(request.project), request.folder),
    {
      base: request.folder,
      cache: join(request.store, CACHE_FOLDER),
      allowedHosts: request.allowedHosts,
      signal: context.signal,
    },
  );
  const progress = new Progress(context.clock, context.onEvent, options.startedAt);
  const extensions = await loadExtensions(project, request.folder);
  const course = new Course(options.onCourse ?? (() => undefined));
  const undertaking: Undertaking = { request, project, context, progress, course, extensions };
  progress.report({ stage: "load", done: 0, total: 1 });
  const fingerprint = await fingerprintTraining(project, extensions, context);
  const finished = fingerprint && (await findFinished(fingerprint, request, context));
  if (finished) {
    return withStore(request.store, context, (store) =>
      recorded(undertaking, store, async (lease) => {
        const { task, metric } = finished;
        course.settings(project, { task, metric: metric.name });
        return { ...finished, run: lease.id, seconds: progress.seconds };
      }),
    );
  }
  const opened = await openData(project.data, { ...context, allowedHosts: request.allowedHosts });
  const data = { ...opened, pixels: new PixelCache(join(request.store, CACHE_FOLDER, "pixels")) };
  try {
    const complete = { ...undertaking, project: completedBySource(project, data) };
    return await trainOn(data, complete, fingerprint);
  } finally {
    await data.close();
  }
}

async function trainOn(
  data: OpenedData,
  undertaking: Undertaking,
  fingerprint: Fingerprint | undefined,
): Promise<TrainResult> {
  const { request, project, context, progress, course, extensions } = undertaking;
  const definition = structuredTaskOf(project, data);
  if (definition) return trainStructure(definition, data, undertaking, fingerprint);
  const checked = await checkEverything(data, undertaking);
  throwIfAborted(context.signal);
  const train = (store: Store): Promise<TrainResult> =>
    recorded(undertaking, store, async (lease) => {
      const { prepared, metric, division } = checked;
      course.settings(project, {
        task: prepared.target.task,
        target: prepared.target.column,
        metric: metric.id,
        split: division.record.config.kind,
      });
      data.pixels?.save();
      const steps = new StepRunner(store, stepOptions(undertaking));
      const equipped = {
        request,
        project,
        data,
        ...checked,
        extensions,
        store,
        lease,
        steps,
        progress,
        course,
        context,
        transforms: transformMap(extensions),
      };
      const fitter = openFitter(equipped, roundsOf(checked.division));
      try {
        const result = await produceModel({ ...equipped, fitter });
        if (fingerprint && !namesImages(checked.prepared, data))
          await recordFinished(fingerprint, result, store);
        return result;
      } finally {
        await fitter.close();
      }
    });
  return withStore(request.store, context, train, true);
}

/** The same for a structured task, whose course is simpler. */
async function trainStructure(
  definition: StructuredTaskDefinition,
  data: OpenedData,
  undertaking: Undertaking,
  fingerprint: Fingerprint | undefined,
): Promise<TrainResult> {
  const { request, project, context, progress, course, extensions } = undertaking;
  const checked = await checkStructure(definition, data, project, extensions);
  throwIfAborted(context.signal);
  const train = (store: Store): Promise<TrainResult> =>
    recorded(undertaking, store, async (lease) => {
      const { prepared, metric, division } = checked;
      course.settings(project, {
        ...{ task: definition.task, target: prepared.column, metric },
        split: division.record.config.kind,
      });
      data.pixels?.save();
      const steps = new StepRunner(store, stepOptions(undertaking));
      const transforms = transformMap(extensions);
      const result = await produceStructure({
        ...{ request, project, data, store, lease, steps, progress, course, context, transforms, extensions },
        ...checked,
      });
      if (fingerprint && !namesImages(prepared, data)) await recordFinished(fingerprint, result, store);
      return result;
    });
  return withStore(request.store, context, train, true);
}

const stepOptions = ({ project, context, extensions }: Undertaking) => ({
  clock: context.clock,
  seed: project.seed,
  environment: environmentOf(extensions.modules),
});

/** Whether cells name files whose content the bytes of the sources do not tell. */
function namesImages({ schema }: Pick<Production["prepared"], "schema">, { sources }: OpenedData): boolean {
  const holdsImages = sources.every(({ format }) => format === "images" || format === "idx");
  return !holdsImages && schema.some(({ kind }) => kind === "image");
}

/** All that can be wrong with data and project is found here. */
async function checkEverything(
  data: OpenedData,
  { project, progress, extensions, context }: Undertaking,
): Promise<Pick<Production, "prepared" | "metric" | "division" | "situation" | "agenda">> {
  const prepared = await prepareData(data, project, context.signal);
  const { task } = prepared.target;
  const metric = projectMetric(project, task, extensions.metrics);
  checkSettings(project, prepared, extensions);
  progress.report({ stage: "split", done: 0, total: 1 });
  const division = await divideTable(data.table, prepared, project);
  const facts = trainingFacts(prepared, division, project, extensions, context);
  const situation = situationOf(prepared, division, project, facts);
  const agenda = planAgenda(project, extensions.trainers, situation, roundsOf(division));
  return { prepared, metric, division, situation, agenda };
}

/** Runs the work under a run's lease: however it ends, the store knows. */
async function recorded(
  { request, project, context, progress, course }: Undertaking,
  store: Store,
  work: (lease: RunLease) => Promise<TrainResult>,
): Promise<TrainResult> {
  const name = project.name ?? project.task.target ?? "model";
  const config: Readonly<Record<string, unknown>> = { ...request };
  const lease = request.resumes
    ? await store.runs.resume(request.resumes)
    : await store.runs.start({
        kind: "train",
        name,
        config,
        seed: project.seed,
      });
  progress.attach(lease);
  course.begin(name, lease.id);
  try {
    const result = await work(lease);
    const { name: metric, value } = result.metric;
    await lease.finish(result, value === null ? undefined : { metric, value });
    course.outcome(result, await registeredEvaluation(store, result));
    return result;
  } catch (failure) {
    const error = translate(failure, context.signal);
    if (error.code === "INTERRUPTED") await lease.interrupt();
    else await lease.fail(error.toJSON());
    // A bug keeps its own stack; what users can meet has a code.
    throw QuernError.is(failure) || failure instanceof AllTrialsFailed || context.signal.aborted
      ? error
      : failure;
  }
}

/** With the intervals of every metric, which the result has of the decisive one alone. */
async function registeredEvaluation(store: Store, { model, version }: TrainResult): Promise<Evaluation> {
  const { document } = await store.models.get(`${model}@${version}`);
  return document.evaluation as Evaluation;
}

/** The failure as the store remembers it. */
function translate(failure: unknown, signal: AbortSignal): QuernError {
  if (signal.aborted)
    return new QuernError("INTERRUPTED", "The training was interrupted; finished steps are kept.", {
      cause: failure,
    });
  if (QuernError.is(failure)) return failure;
  const message = failure instanceof Error ? failure.message : String(failure);
  const details = failure instanceof AllTrialsFailed ? { failures: failure.failures } : {};
  return new QuernError("TRAINING_FAILED", message, { details, cause: failure });
}
