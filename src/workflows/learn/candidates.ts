import { QuernError } from "../../foundation/base/errors.js";
import type { Sha256 } from "../../foundation/base/hash.js";
import { nearest } from "../../foundation/base/nearest.js";
import type { Project } from "../../foundation/contracts/project.js";
import type { TaskType } from "../../foundation/contracts/target.js";
import type { Trainer, WorkEstimate, WorkSpecification } from "../../foundation/contracts/trainer.js";
import { settles } from "./settle.js";

/** A trainer with a whole configuration. */
export interface Configured {
  readonly trainer: Trainer;
  /** Resolved: every default filled in. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** One configuration to try. */
export interface Candidate extends Configured {
  /** 0-based, unique in its training. */
  readonly number: number;
  readonly origin: "listed" | "portfolio" | "search" | "stack" | "distillation";
  /** Blob with what its fits learn from beside the material. */
  readonly supplement?: Sha256;
  /** All its fits, one after the other, on one thread. */
  readonly estimate: WorkEstimate;
}

export interface LeftOut {
  readonly trainer: string;
  readonly reason: string;
}

/** What is to be learned from, as far as the cost of learning depends on it. */
export interface Situation {
  readonly task: TaskType;
  readonly rows: number;
  readonly folds: number;
  /** Of the columns to learn from. */
  readonly kinds: ReadonlySet<string>;
  /** Whether a learner that takes numbers alone has anything to learn from. */
  readonly hasTable: boolean;
  /** For one fit on all rows, one thread. */
  specificationOf(trainer: Trainer): WorkSpecification;
}

/** The second fits of folds that agree go less far than the first, which had to look beyond the best. */
const SETTLING_SHARE = 0.6;

/** Time and memory of all fits of a configuration: what a budget is spent on. Independent of threads. */
export function estimateAll({ trainer, config }: Configured, situation: Situation): WorkEstimate {
  const whole = situation.specificationOf(trainer);
  if (situation.folds <= 1) return trainer.estimate(whole, config);
  const validationRows = Math.ceil(whole.rows / situation.folds);
  const rows = Math.max(1, whole.rows - validationRows);
  const fold = trainer.estimate({ ...whole, rows, validationRows }, config);
  const isSettled = settles(situation) && trainer.settle?.(config, 1) !== undefined;
  const refit = bagging(trainer) === "refit" ? trainer.estimate(whole, config) : { seconds: 0, bytes: 0 };
  return {
    seconds: situation.folds * fold.seconds * (isSettled ? 1 + SETTLING_SHARE : 1) + refit.seconds,
    bytes: Math.max(fold.bytes, refit.bytes),
  };
}

/** What becomes of the models of several folds. */
export function bagging(trainer: Trainer): "average" | "keep" | "refit" {
  return trainer.capabilities.bagging ?? (trainer.average ? "average" : "refit");
}

type ModelEntry = Exclude<Project["models"], "auto">[number];

/** A model named by the project. @throws QuernError CONFIG_INVALID naming an unknown trainer or setting */
export function configuredModel(entry: ModelEntry, trainers: readonly Trainer[], task: TaskType): Configured {
  const { trainer: id, ...settings } = typeof entry === "string" ? { trainer: entry } : entry;
  const trainer = trainers.find((candidate) => candidate.id === id);
  if (!trainer) throw unknownTrainer(id, trainers);
  if (!trainer.tasks.includes(task)) {
    throw new QuernError(
      "CONFIG_INVALID",
      `The trainer ${id} cannot do ${task}; it does ${trainer.tasks.join(", ")}.`,
      { details: { trainer: id, task } },
    );
  }
  const parsed = trainer.config.safeParse(settings);
  if (parsed.success) return { trainer, config: parsed.data };
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

function unknownTrainer(id: string, trainers: readonly Trainer[]): QuernError {
  const ids = trainers.map((candidate) => candidate.id);
  const guess = nearest(id, ids);
  return new QuernError(
    "CONFIG_INVALID",
    `There is no trainer ${JSON.stringify(id)}${guess ? `; did you mean ${guess}?` : "."}`,
    {
      details: { trainer: id },
      hint: `The trainers are ${ids.join(", ")}.`,
    },
  );
}
