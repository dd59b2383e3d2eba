import { defaultMetric, findMetric } from "../../capabilities/evaluation/metrics/index.js";
import { createTransforms } from "../../capabilities/features/index.js";
import { METRIC_LIST } from "../../catalogue.js";
import { QuernError } from "../../foundation/base/errors.js";
import type { RunEvent, TrainResult } from "../../foundation/contracts/run.js";
import type { RunLease, Store } from "../../foundation/contracts/store.js";
import { throwIfAborted, type WorkflowContext, workflowContext } from "../context.js";
import { openData } from "../load/open-data.js";
import { withStore } from "../locate-store.js";
import { resolveProject } from "../project/project-file.js";
import { checkGoals } from "./goals.js";
import { AllTrialsFailed } from "./learn.js";
import type { TrainRequest } from "./messages.js";
import { prepareData } from "./prepare.js";
import { produceModel } from "./produce-model.js";
import { Progress } from "./progress.js";
import { StepRunner } from "./step-runner.js";

/**
 * One training from data to registered model. What is wrong with data or project is found before a store is
 * made, so that bad input leaves nothing behind; what fails later is recorded with the run.
 */
export async function runTraining(
  request: TrainRequest,
  options: { signal: AbortSignal; onEvent: (event: RunEvent) => void },
): Promise<TrainResult> {
  const context = workflowContext({ ...options, folder: request.folder, threads: request.threads });
  const project = resolveProject(request.project);
  const progress = new Progress(context.clock, context.onEvent);
  progress.report({ stage: "load", done: 0, total: 1 });
  const data = await openData(project.data, { ...context, allowedHosts: request.allowedHosts });
  try {
    const prepared = await prepareData(data.table, project);
    const { task } = prepared.target;
    const metric =
      project.task.metric === undefined
        ? defaultMetric(task, METRIC_LIST)
        : findMetric(project.task.metric, task, METRIC_LIST);
    checkGoals(project, task);
    throwIfAborted(context.signal);
    return await withStore(
      request.store,
      context,
      (store) =>
        recorded(store, request, context, progress, (lease, steps) =>
          produceModel({
            request,
            project,
            data,
            prepared,
            metric,
            store,
            lease,
            steps,
            progress,
            context,
            transforms: createTransforms(),
          }),
        ),
      true,
    );
  } finally {
    await data.close();
  }
}

/** Runs the work under a run's lease: however it ends, the store knows. */
async function recorded(
  store: Store,
  request: TrainRequest,
  context: WorkflowContext,
  progress: Progress,
  work: (lease: RunLease, steps: StepRunner) => Promise<TrainResult>,
): Promise<TrainResult> {
  const project = resolveProject(request.project);
  const config = { ...request } as unknown as Readonly<Record<string, unknown>>;
  const lease = request.resumes
    ? await store.runs.resume(request.resumes)
    : await store.runs.start({ kind: "train", name: project.name ?? "model", config, seed: project.seed });
  progress.attach(lease);
  try {
    const result = await work(lease, new StepRunner(store, { clock: context.clock, seed: project.seed }));
    const { name, value } = result.metric;
    await lease.finish(result, value === null ? undefined : { metric: name, value });
    return result;
  } catch (failure) {
    const error = translate(failure, context.signal);
    if (error.code === "INTERRUPTED") await lease.interrupt();
    else await lease.fail(error.toJSON());
    throw error;
  }
}

function translate(failure: unknown, signal: AbortSignal): QuernError {
  if (signal.aborted)
    return new QuernError("INTERRUPTED", "The training was interrupted; finished steps are kept.", {
      cause: failure,
    });
  if (QuernError.is(failure)) return failure;
  if (failure instanceof AllTrialsFailed)
    return new QuernError("TRAINING_FAILED", failure.message, {
      details: { failures: failure.failures },
      cause: failure,
    });
  throw failure;
}
