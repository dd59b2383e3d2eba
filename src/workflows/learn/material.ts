import type { PipelineStep } from "../../capabilities/features/index.js";
import { type Sha256, sha256 } from "../../foundation/base/hash.js";
import { pack } from "../../foundation/base/packing.js";
import { type Column, createFrame, type Frame } from "../../foundation/contracts/frame.js";
import { type Target, takeTarget, takeWeights } from "../../foundation/contracts/target.js";

/** Positions among the learning rows. */
export interface Fold {
  readonly fit: Int32Array;
  readonly heldOut: Int32Array;
}

/**
 * The rows to learn from. With several folds every row is held out exactly once, so that each trial says
 * something about every row it has not seen; with one, its held-out rows choose among the trials.
 */
export interface LearningMaterial {
  /** Raw columns of the learning rows only. */
  readonly frame: Frame;
  readonly target: Target;
  /** One a row; absent: all 1. */
  readonly weights?: Float64Array;
  readonly folds: readonly Fold[];
  /** The project's own, before those of any style; absent: none. */
  readonly steps?: readonly PipelineStep[];
  /** The text of a `tokenizer.json` that cuts all texts for networks; absent: each gets one of its own. */
  readonly tokenizer?: string;
  /** Text columns that networks read as one text, in this order. */
  readonly joined?: readonly string[];
}

/** Rows of a fold for weights and targets. */
export function labelled(
  { target, weights }: LearningMaterial,
  features: Frame,
  rows: Int32Array,
): { features: Frame; target: Target; weights?: Float64Array } {
  return {
    features,
    target: takeTarget(target, rows),
    ...takeWeights(weights, rows),
  };
}

/** All learning rows that some fold holds out, in ascending order: those every trial has predictions for. */
export function heldOutRows({ folds }: LearningMaterial): Int32Array {
  const rows = Int32Array.from(folds.flatMap((fold) => Array.from(fold.heldOut)));
  return rows.sort();
}

/** Rows that the features may be fitted on: all of them, or the fitting rows of a single holdout. */
export function featureRows({ folds, frame }: LearningMaterial): Int32Array {
  return folds.length === 1 ? folds[0]!.fit : Int32Array.from({ length: frame.rows }, (_, row) => row);
}

/** A material without the classes and maps that packing does not take. */
export interface PackedMaterial extends Omit<LearningMaterial, "frame"> {
  readonly rows: number;
  readonly columns: readonly (readonly [string, Column])[];
}

/** Bytes of the material, and the hash that names it in every fit's key. */
export function packMaterial(material: LearningMaterial): { bytes: Uint8Array; hash: Sha256 } {
  const { frame, ...rest } = material;
  const packed: PackedMaterial = { ...rest, rows: frame.rows, columns: [...frame.columns] };
  const bytes = pack(packed);
  return { bytes, hash: sha256(bytes) };
}

export function unpackMaterial({ rows, columns, ...rest }: PackedMaterial): LearningMaterial {
  return { ...rest, frame: createFrame(columns, rows) };
}
