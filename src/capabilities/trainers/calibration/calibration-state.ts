export type CalibrationMethod = "none" | "platt" | "temperature" | "isotonic";

/** A continuous, increasing, piecewise linear map of [0, 1]. */
export interface PiecewiseLinear {
  /** Ascending, from 0 to 1. */
  readonly knots: Float64Array;
  /** At the knots, ascending. */
  readonly values: Float64Array;
}

/** How probabilities are mapped; parameters as described beside each method. */
export type CalibrationMap =
  | { readonly method: "none" }
  /** Binary: sigmoid(slope * logit + offset) of the smoothed logit. */
  | { readonly method: "platt"; readonly slope: number; readonly offset: number }
  /**
   * softmax(sharpness * smoothed logs), sharpness = 1 / temperature; then no class gets less than `floor` (absent: 0):
   * p (1 - classes * floor) + floor.
   */
  | { readonly method: "temperature"; readonly sharpness: number; readonly floor?: number }
  /** One map for each class (binary: one, for class 1), then rows divided by their sums. */
  | { readonly method: "isotonic"; readonly maps: readonly PiecewiseLinear[] };

/** A plain value. */
export type CalibrationState = CalibrationMap & {
  /** Cross-validated log loss on the validation rows by method, where a choice was made. */
  readonly losses: Readonly<Partial<Record<CalibrationMethod, number>>>;
};
