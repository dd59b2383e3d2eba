import { averagePredictions } from "../../capabilities/ensembles/predictions.js";
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
  /** Share in the average; all sum to 1. */
  readonly weight: number;
  /** Index of the pipeline that makes its features. */
  readonly pipeline: number;
  /** Number of the trial it comes from. */
  readonly trial: number;
}

/**
 * A model with everything around it: raw rows in, calibrated predictions out. A single model is an ensemble of
 * one. Probabilities (or values) of the members are averaged, then calibrated.
 */
export interface LearnedModel {
  /** One for each style of features that some member needs. */
  readonly pipelines: readonly FittedPipeline[];
  readonly members: readonly Member[];
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
    const predictions = members.map(({ fitted, pipeline }) => fitted.predict(features[pipeline]!));
    const average = averagePredictions(
      predictions,
      members.map(({ weight }) => weight),
    );
    return applyCalibration(average, model.calibration);
  };
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
