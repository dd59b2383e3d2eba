import type { TransformMap } from "../../capabilities/features/index.js";
import type { ConformalInterval } from "../../foundation/contracts/conformal.js";
import type { Evaluation } from "../../foundation/contracts/evaluation.js";
import type { Metric } from "../../foundation/contracts/metric.js";
import type { Project } from "../../foundation/contracts/project.js";
import type { Dataset, RunLease, Store, TestOpening } from "../../foundation/contracts/store.js";
import type { Predictions } from "../../foundation/contracts/target.js";
import type { WorkflowContext } from "../context.js";
import type { Agenda } from "../learn/agenda.js";
import type { Situation } from "../learn/candidates.js";
import type { Learned } from "../learn/learn.js";
import type { Fitter } from "../learn/trial.js";
import type { OpenedData } from "../load/open-data.js";
import type { Extensions } from "../project/extensions.js";
import type { Course } from "./course.js";
import type { Division } from "./divide.js";
import type { Witness } from "./importance.js";
import type { Inspection } from "./inspect.js";
import type { TrainRequest } from "./messages.js";
import type { PreparedData } from "./prepare.js";
import type { Progress } from "./progress.js";
import type { StepRunner } from "./step-runner.js";

/** Everything a training works with, from the first recorded step on. */
export interface Production {
  readonly request: TrainRequest;
  readonly project: Project;
  readonly data: OpenedData;
  readonly prepared: PreparedData;
  /** The decisive one. */
  readonly metric: Metric;
  readonly extensions: Extensions;
  readonly division: Division;
  readonly situation: Situation;
  readonly agenda: Agenda;
  readonly fitter: Fitter;
  readonly store: Store;
  readonly lease: RunLease;
  readonly steps: StepRunner;
  readonly progress: Progress;
  readonly course: Course;
  readonly context: WorkflowContext;
  readonly transforms: TransformMap;
  /** Trials whose exported form answered otherwise than what was trained; absent: none was met. */
  readonly unfaithful?: ReadonlyMap<number, string>;
}

/** What is recorded before the first model learns. */
export interface Facts {
  readonly name: string;
  readonly dataset: Dataset;
  readonly splitId: string;
  readonly inspection: Inspection;
}

/** What is known when the test rows have been judged: the report, the registry and the result are written from it. */
export interface Judged extends Facts {
  readonly learned: Learned;
  /** Rows of the table that the model learned from. */
  readonly rows: Int32Array;
  readonly evaluation: Evaluation;
  /** What the importance of columns is still to be measured with, once the model is exported. */
  readonly unexplained?: Witness;
  /** What the model says of the test rows; absent where there is no test part. */
  readonly testPredictions?: Predictions;
  readonly threshold: number;
  /** Regression: what turns predictions into intervals; absent where too few rows can promise one. */
  readonly interval?: ConformalInterval;
  /** Every time the test rows of this split were opened, this run last. */
  readonly openings: readonly TestOpening[];
}
