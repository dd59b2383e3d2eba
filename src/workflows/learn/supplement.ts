import { distillationRows } from "../../capabilities/ensembles/distillation.js";
import { takePredictions } from "../../capabilities/ensembles/predictions.js";
import { pack } from "../../foundation/base/packing.js";
import { type Column, createFrame, type Frame, takeRows } from "../../foundation/contracts/frame.js";
import { type Predictions, takeTarget, takeWeights } from "../../foundation/contracts/target.js";
import type { LabelledFrame } from "../../foundation/contracts/trainer.js";
import { type LearningMaterial, labelled } from "./material.js";

/** What a fit learns from beside its material; a plain value, for all learning rows, in a blob of its own. */
export type Supplement =
  /** Out-of-fold predictions of a first layer as columns, in place of the features. */
  | { readonly kind: "stack"; readonly columns: readonly (readonly [string, Column])[] }
  /** Out-of-fold predictions to learn in place of the target. */
  | { readonly kind: "teacher"; readonly predictions: Predictions };

export function packStack(frame: Frame): Uint8Array {
  const supplement: Supplement = { kind: "stack", columns: [...frame.columns] };
  return pack(supplement);
}

export function packTeacher(predictions: Predictions): Uint8Array {
  const supplement: Supplement = { kind: "teacher", predictions };
  return pack(supplement);
}

/** The features of a fit: those of its style, or what a first layer says. `ofStyle` is asked where needed. */
export function supplementedFeatures(ofStyle: () => Frame, supplement: Supplement | undefined): Frame {
  return supplement?.kind === "stack" ? createFrame(supplement.columns) : ofStyle();
}

/** The rows to fit on with what is to be learned about them. */
export function taught(
  material: LearningMaterial,
  features: Frame,
  rows: Int32Array,
  supplement: Supplement | undefined,
): LabelledFrame {
  if (supplement?.kind !== "teacher") return labelled(material, takeRows(features, rows), rows);
  const { target, weights } = material;
  const soft = distillationRows(
    takeTarget(target, rows),
    takePredictions(supplement.predictions, rows),
    takeWeights(weights, rows),
  );
  const { rows: places, ...learned } = soft;
  return {
    features: takeRows(
      features,
      places.map((place) => rows[place]!),
    ),
    ...learned,
  };
}
