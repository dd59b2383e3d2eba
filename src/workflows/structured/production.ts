import type { TransformMap } from "../../capabilities/features/index.js";
import type { Project } from "../../foundation/contracts/project.js";
import type { RunLease, Store } from "../../foundation/contracts/store.js";
import type { StructuredTrainer } from "../../foundation/contracts/structured-trainer.js";
import type { WorkflowContext } from "../context.js";
import type { OpenedData } from "../load/open-data.js";
import type { Extensions } from "../project/extensions.js";
import type { Course } from "../train/course.js";
import type { Division } from "../train/divide.js";
import type { TrainRequest } from "../train/messages.js";
import type { Progress } from "../train/progress.js";
import type { StepRunner } from "../train/step-runner.js";
import type { PreparedStructure } from "./prepare.js";

/** A trainer with settings. */
export interface StructureCandidate {
  readonly number: number;
  readonly trainer: StructuredTrainer;
  readonly config: Readonly<Record<string, unknown>>;
}

/** What is known before anything is recorded. */
export interface CheckedStructure {
  readonly prepared: PreparedStructure;
  readonly division: Division;
  readonly candidates: readonly StructureCandidate[];
  /** The decisive one. */
  readonly metric: string;
}

/** Everything a training of a structured task works with; the counterpart of `Production`. */
export interface StructureProduction extends CheckedStructure {
  readonly request: TrainRequest;
  readonly project: Project;
  readonly data: OpenedData;
  readonly store: Store;
  readonly lease: RunLease;
  readonly steps: StepRunner;
  readonly progress: Progress;
  readonly course: Course;
  readonly context: WorkflowContext;
  readonly transforms: TransformMap;
  readonly extensions: Extensions;
}
