import { sampleConfiguration } from "../../capabilities/tuning/samplers/random.js";
import { searchSpace } from "../../capabilities/tuning/space/search-space.js";
import { QuernError } from "../../foundation/base/errors.js";
import { nearest } from "../../foundation/base/nearest.js";
import { createRandom } from "../../foundation/base/random.js";
import type { Project } from "../../foundation/contracts/project.js";
import type { TaskType } from "../../foundation/contracts/target.js";
import type { Trainer, WorkEstimate, WorkSpecification } from "../../foundation/contracts/trainer.js";

/** One configuration to train. */
export interface TrialPlan {
  readonly number: number;
  readonly trainer: Trainer;
  /** Resolved: every default filled in. */
  readonly config: Record<string, unknown>;
  readonly estimate: WorkEstimate;
}

export interface TrialList {
  readonly trials: readonly TrialPlan[];
  /** Trainers left out of an automatic list, with the reason. */
  readonly leftOut: readonly { readonly trainer: string; readonly reason: string }[];
}

/** Families of the automatic list, strongest first; those over the limit of their own estimate are left out. */
const AUTOMATIC: Record<TaskType, readonly string[]> = {
  binary: ["gbdt", "random-forest", "extra-trees", "logistic-regression", "nearest-neighbours", "kernel-svm"],
  multiclass: [
    "gbdt",
    "random-forest",
    "extra-trees",
    "logistic-regression",
    "nearest-neighbours",
    "kernel-svm",
  ],
  regression: ["gbdt", "random-forest", "extra-trees", "ridge", "nearest-neighbours", "kernel-svm"],
};
/** An automatic family may take this long; what is named in the project may take any time. */
const AUTOMATIC_SECONDS = 20;
const AUTOMATIC_BYTES = 2 ** 30;

/**
 * The trials of a training: defaults of the listed families first, then, up to `tuning.trials`, random
 * configurations of the tunable ones in turn.
 * @throws QuernError CONFIG_INVALID naming an unknown trainer or setting
 */
export function planTrials(
  project: Project,
  trainers: readonly Trainer[],
  task: TaskType,
  specificationOf: (trainer: Trainer) => WorkSpecification,
): TrialList {
  const leftOut: { trainer: string; reason: string }[] = [];
  const plan = (trainer: Trainer, config: Record<string, unknown>): Omit<TrialPlan, "number"> => ({
    trainer,
    config,
    estimate: trainer.estimate(specificationOf(trainer), config),
  });
  const defaults =
    project.models === "auto"
      ? automaticTrainers(task, trainers).map((trainer) => plan(trainer, trainer.config.parse({})))
      : project.models
          .map((model) => namedTrial(model, trainers, task))
          .map(({ trainer, config }) => plan(trainer, config));
  const affordable = defaults.filter(({ trainer, estimate }, position) => {
    const reason = project.models === "auto" && position > 0 ? tooDear(estimate) : undefined;
    if (reason) leftOut.push({ trainer: trainer.id, reason });
    return reason === undefined;
  });
  const wanted = project.tuning.trials ?? affordable.length;
  const drawn = drawTrials(affordable, wanted - affordable.length, project.seed).map(({ trainer, config }) =>
    plan(trainer, config),
  );
  const trials = [...affordable.slice(0, wanted), ...drawn].map((trial, number) => ({ number, ...trial }));
  return { trials, leftOut };
}

function automaticTrainers(task: TaskType, trainers: readonly Trainer[]): Trainer[] {
  return AUTOMATIC[task].flatMap((id) => trainers.filter((trainer) => trainer.id === id));
}

function tooDear({ seconds, bytes }: WorkEstimate): string | undefined {
  if (seconds > AUTOMATIC_SECONDS)
    return `about ${Math.round(seconds)} s, over the ${AUTOMATIC_SECONDS} s of the automatic list`;
  if (bytes > AUTOMATIC_BYTES)
    return `about ${Math.round(bytes / 2 ** 20)} MiB, over the ${AUTOMATIC_BYTES / 2 ** 20} MiB of the automatic list`;
  return undefined;
}

type ModelEntry = Exclude<Project["models"], "auto">[number];

function namedTrial(
  entry: ModelEntry,
  trainers: readonly Trainer[],
  task: TaskType,
): { trainer: Trainer; config: Record<string, unknown> } {
  const { trainer: id, ...settings } = typeof entry === "string" ? { trainer: entry } : entry;
  const trainer = trainers.find((candidate) => candidate.id === id);
  if (!trainer) {
    const ids = trainers.map((candidate) => candidate.id);
    const guess = nearest(id, ids);
    throw new QuernError(
      "CONFIG_INVALID",
      `There is no trainer ${JSON.stringify(id)}${guess ? `; did you mean ${guess}?` : "."}`,
      {
        details: { trainer: id },
        hint: `The trainers are ${ids.join(", ")}.`,
      },
    );
  }
  if (!trainer.tasks.includes(task)) {
    throw new QuernError(
      "CONFIG_INVALID",
      `The trainer ${id} cannot do ${task}; it does ${trainer.tasks.join(", ")}.`,
      { details: { trainer: id, task } },
    );
  }
  const parsed = trainer.config.safeParse(settings);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const key = issue.code === "unrecognized_keys" ? issue.keys[0]! : issue.path.join(".");
    const guess =
      issue.code === "unrecognized_keys" ? nearest(key, Object.keys(trainer.config.shape)) : undefined;
    throw new QuernError(
      "CONFIG_INVALID",
      `models: ${id}.${key}: ${issue.message}${guess ? `; did you mean ${guess}?` : ""}.`,
      { details: { trainer: id, key } },
    );
  }
  return { trainer, config: parsed.data };
}

/** Random configurations, the families in turn, so that a longer search begins with the same trials. */
function drawTrials(
  defaults: readonly Pick<TrialPlan, "trainer" | "config">[],
  count: number,
  seed: number,
): { trainer: Trainer; config: Record<string, unknown> }[] {
  const tunable = [...new Map(defaults.map((trial) => [trial.trainer.id, trial])).values()].filter(
    ({ trainer }) => searchSpace(trainer.config).length > 0,
  );
  if (tunable.length === 0) return [];
  const random = createRandom(seed).fork("trials");
  return Array.from({ length: Math.max(0, count) }, (_, index) => {
    const { trainer, config } = tunable[index % tunable.length]!;
    const drawn = sampleConfiguration(searchSpace(trainer.config), random.fork(index));
    return { trainer, config: trainer.config.parse({ ...config, ...drawn }) };
  });
}
