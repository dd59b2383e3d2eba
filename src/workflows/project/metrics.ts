/** The one place where the name of a metric becomes the metric, a project's own ones included. */
import {
  defaultMetric,
  findMetric,
  METRICS,
  reportedMetrics,
} from "../../capabilities/evaluation/metrics/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import type { Manifest } from "../../foundation/contracts/bundle.js";
import type { Evaluation } from "../../foundation/contracts/evaluation.js";
import type { Metric } from "../../foundation/contracts/metric.js";
import type { Project } from "../../foundation/contracts/project.js";
import type { Model } from "../../foundation/contracts/store.js";
import type { TaskType } from "../../foundation/contracts/target.js";
import type { WorkflowContext } from "../context.js";
import { loadExtensions } from "./extensions.js";

/** By what models are ranked. @throws QuernError CONFIG_INVALID */
export function projectMetric(
  { task: { metric } }: Pick<Project, "task">,
  task: TaskType,
  known: readonly Metric[],
): Metric {
  return metric === undefined ? defaultMetric(task, known) : findMetric(metric, task, known);
}

/** The usual metrics of the task, then the project's own and those that its goals name. */
export function reportedWith(
  task: TaskType,
  known: readonly Metric[],
  goals: readonly string[] = [],
): readonly Metric[] {
  const usual = reportedMetrics(task);
  const further = known
    .filter(({ id, tasks }) => tasks.includes(task) && (!isBuiltIn(id) || goals.includes(id)))
    .filter(({ id }) => !usual.some((one) => one.id === id));
  return [...usual, ...further];
}

const isBuiltIn = (id: string): boolean => METRICS.some((metric) => metric.id === id);

/** What a model says of how it was chosen. */
interface Chosen {
  /** `name@3`. */
  readonly model: string;
  /** Undefined where nothing is known of it. */
  readonly metric: string | undefined;
  /** Ids of what its training reported; empty where nothing is known. */
  readonly measured: readonly string[];
  /** Modules of the project that trained it, as its file names them. */
  readonly modules: readonly string[];
  /** A bundle from elsewhere may name modules, but only a project's own are ever run. */
  readonly runsModules: boolean;
}

const METRIC_LINEAGE = "metric";
const MODULES_LINEAGE = "extensions";

/** What a bundle says of it; of built-in metrics the name is enough. */
export const metricLineage = (metric: string, { extensions }: Project): Record<string, string> => ({
  [METRIC_LINEAGE]: metric,
  ...(extensions.length > 0 && !isBuiltIn(metric) ? { [MODULES_LINEAGE]: JSON.stringify(extensions) } : {}),
});

/** By the registry's record, or by what the bundle says where it was given by its path. */
export function chosenBy({
  record,
  manifest,
}: {
  readonly record?: Model | undefined;
  readonly manifest: Manifest;
}): Chosen {
  if (record) return recordedChoice(record);
  const { name, version, lineage } = manifest;
  return {
    ...{ model: `${name}@${version}`, metric: lineage[METRIC_LINEAGE], runsModules: false },
    ...{ measured: [], modules: namesIn(lineage[MODULES_LINEAGE]) },
  };
}

export function recordedChoice({ name, version, metric, document }: Model): Chosen {
  const project = document.project as Partial<Project> | undefined;
  const evaluation = document.evaluation as Partial<Evaluation> | undefined;
  return {
    ...{ model: `${name}@${version}`, metric: metric ?? undefined, runsModules: true },
    ...{ measured: Object.keys(evaluation?.metrics ?? {}), modules: project?.extensions ?? [] },
  };
}

/** Whoever made the bundle wrote it. */
function namesIn(text: string | undefined): readonly string[] {
  try {
    const names: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(names) ? names.filter((name) => typeof name === "string") : [];
  } catch {
    return [];
  }
}

interface ModelMetrics {
  readonly decisive: Metric;
  /** The decisive one and those of reports, as far as their modules are at hand. */
  readonly reported: readonly Metric[];
}

/**
 * The metric that chose a model; the task's default where nothing is known of it. A metric of a project's own is looked
 * for in `given` modules, then in those the model was trained with; they are missed only where it is not built in.
 * @throws QuernError EXTENSION_MISSING naming metric and modules
 */
export async function modelMetrics(
  chosen: Chosen,
  task: TaskType,
  given: readonly string[],
  { folder, logger }: Pick<WorkflowContext, "folder" | "logger">,
): Promise<ModelMetrics> {
  const { own, failures } = await ownMetrics(
    [...given, ...(chosen.runsModules ? chosen.modules : [])],
    folder,
  );
  const known = [...METRICS, ...own];
  const named = known.find(({ id, tasks }) => id === chosen.metric && tasks.includes(task));
  if (!named && isOwn(chosen)) throw missing(chosen, failures, folder);
  const lost = chosen.measured.filter((id) => !known.some((metric) => metric.id === id));
  if (lost.length > 0)
    logger.log("warn", `Left out: ${lost.join(", ")}. ${failures.map(({ message }) => message).join(" ")}`);
  return { decisive: named ?? defaultMetric(task), reported: reportedWith(task, known) };
}

/** Other programs register models with names of metrics that nothing here defines, nor ever did. */
const isOwn = ({ metric, modules }: Chosen): boolean =>
  metric !== undefined && modules.length > 0 && !isBuiltIn(metric);

/** One by one, for a module that fails may not be the one that is needed; the first that has an id gives it. */
async function ownMetrics(
  modules: readonly string[],
  folder: string,
): Promise<{ own: readonly Metric[]; failures: readonly QuernError[] }> {
  const own = new Map<string, Metric>();
  const failures: QuernError[] = [];
  for (const module of modules) {
    try {
      const { metrics } = await loadExtensions({ extensions: [module] }, folder);
      for (const metric of metrics)
        if (!isBuiltIn(metric.id) && !own.has(metric.id)) own.set(metric.id, metric);
    } catch (failure) {
      if (!QuernError.is(failure)) throw failure;
      failures.push(failure);
    }
  }
  return { own: [...own.values()], failures };
}

function missing(
  { model, metric, modules }: Chosen,
  failures: readonly QuernError[],
  folder: string,
): QuernError {
  const named = modules.join(", ");
  const told = failures.map(({ message }) => ` ${message}`).join("");
  return new QuernError(
    "EXTENSION_MISSING",
    `${model} was chosen by the metric ${JSON.stringify(metric)} of its project's own, which its training had from ${named} and nothing in ${folder} gives.${told}`,
    {
      details: { model, metric, modules, folder },
      hint: `Copy ${named} here and name ${modules.length === 1 ? "it" : "them"} under \`extensions\` in quern.yaml, or name the project file that does with \`--project\`.`,
      ...(failures[0] ? { cause: failures[0] } : {}),
    },
  );
}
