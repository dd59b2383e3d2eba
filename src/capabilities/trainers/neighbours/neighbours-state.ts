import type { FitDiagnostics } from "../../../foundation/contracts/trainer.js";

/** A plain value: the model is its rows. */
export interface NeighboursState {
  /** Stored rows; at least 1. */
  readonly points: Float32Array;
  readonly rows: number;
  readonly width: number;
  readonly center: Float32Array;
  readonly unit: number;
  /** At most `rows`. */
  readonly neighbours: number;
  readonly weighting: "uniform" | "distance";
  /** Of one over the distance. */
  readonly power: number;
  /** Added to each distance, in roots of the unit. */
  readonly softening: number;
  /** 0: regression. */
  readonly classes: number;
  /** Class codes or target values of the stored rows. */
  readonly targets: Float64Array;
  readonly diagnostics: FitDiagnostics;
}
