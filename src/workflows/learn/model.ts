import { averagePredictions } from "../../capabilities/ensembles/predictions.js";
import { type StackMember, stackFeatures } from "../../capabilities/ensembles/stack-features.js";
import {
  applyPipeline,
  type FittedPipeline,
  rawColumns,
  type TransformMap,
} from "../../capabilities/features/index.js";
import { applyCalibration, type CalibrationState } from "../../capabilities/trainers/calibration/index.js";
import type { Frame } from "../../foundation/contracts/frame.js";
import type { Predictions } from "../../foundation/contracts/target.js";
import type { Trainer } from "../../foundation/contracts/trainer.js";

/** One fitted model of an ensemble. */
export interface Member {
  readonly trainer: Trainer;
  readonly state: unknown;
  /** Share in the average; all sum to 1. 0: only the second layer sees it. */
  readonly weight: number;
  /** Share in what its trial says; the members of a trial sum to 1. */
  readonly trialShare: number;
  /** Index of the pipeline that makes its features; null: of the second layer, which sees what the first says. */
  readonly pipeline: number | null;
  /** Number of the trial it comes from. */
  readonly trial: number;
}

/** How a trial of the first layer looks to the second. */
export interface ModelStackInput {
  readonly trial: number;
  readonly description: StackMember;
}

/**
 * A model with everything around it: raw rows in, calibrated predictions out. A single model is an ensemble of
 * one. Probabilities (or values) of the members are averaged, then calibrated.
 */
export interface LearnedModel {
  /** One for each style of features that some member needs. */
  readonly pipelines: readonly FittedPipeline[];
  readonly members: readonly Member[];
  /** What the second layer sees, in order; empty without a second layer. */
  readonly stack: readonly ModelStackInput[];
  readonly calibration: CalibrationState;
}

export type Predict = (frame: Frame) => Predictions;

/** Restores the members once, for repeated predictions. */
export function predictor(model: LearnedModel, transforms: TransformMap): Predict {
  const members = model.members.map((member) => ({
    ...member,
    fitted: member.trainer.restore(member.state),
  }));
  return (frame) => {
    const features = model.pipelines.map((pipeline) => applyPipeline(pipeline, frame, transforms));
    const predictions = new Map<Member, Predictions>();
    for (const member of members)
      if (member.pipeline !== null)
        predictions.set(member, member.fitted.predict(features[member.pipeline]!));
    const stack = model.stack.length > 0 ? stackFrame(model, [...predictions]) : undefined;
    for (const member of members)
      if (member.pipeline === null) predictions.set(member, member.fitted.predict(stack!));
    const average = averagePredictions(
      members.map((member) => predictions.get(member)!),
      members.map(({ weight }) => weight),
    );
    return applyCalibration(average, model.calibration);
  };
}

function stackFrame({ stack }: LearnedModel, first: readonly (readonly [Member, Predictions])[]): Frame {
  const said = stack.map(({ trial }) => {
    const own = first.filter(([member]) => member.trial === trial);
    return averagePredictions(
      own.map(([, predictions]) => predictions),
      own.map(([{ trialShare }]) => trialShare),
    );
  });
  return stackFeatures(
    stack.map(({ description }) => description),
    said,
  );
}

/** Raw columns that the model reads, each once. */
export function columnsRead(model: LearnedModel): string[] {
  return [...new Set(model.pipelines.flatMap((pipeline) => rawColumns(pipeline).map((slot) => slot.label)))];
}

/** `gbdt`, or `ensemble` for several. */
export function trainerName({ members }: LearnedModel): string {
  const ids = new Set(members.map(({ trainer }) => trainer.id));
  return ids.size === 1 ? [...ids][0]! : "ensemble";
}
