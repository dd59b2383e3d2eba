/** Config fields that several linear trainers share. */
import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import type { WorkEstimate, WorkSpecification } from "../../../foundation/contracts/trainer.js";

export const inverseRegularizationField = () =>
  z
    .number()
    .positive()
    .default(1)
    .register(fields, {
      title: "Inverse regularisation",
      help: "Weight of the summed loss against half the squared coefficients (C); smaller is simpler.",
      tune: { low: 1e-4, high: 1e3, scale: "log" },
    });

export const classWeightsField = () =>
  z.enum(["none", "balanced"]).default("none").register(fields, {
    title: "Class weights",
    help: "`balanced` gives each class the same total weight.",
  });

export const maxIterationsField = (iterations: number) =>
  z.number().int().positive().default(iterations).register(fields, {
    title: "Most iterations",
    unit: "iterations",
  });

export const interceptField = () => z.boolean().default(true).register(fields, { title: "Fit an intercept" });

export const penaltyStrengthField = () =>
  z
    .number()
    .nonnegative()
    .default(1)
    .register(fields, {
      title: "Penalty strength",
      help: "Weight of the penalty (alpha); greater is simpler.",
      tune: { low: 1e-4, high: 1e3, scale: "log" },
    });

/** Normal equations, then their factorisation; iterations where both sides are long. */
export function estimateSquares({ rows, features }: WorkSpecification): WorkEstimate {
  const side = Math.min(rows, features);
  const matrix = rows * features * 4;
  if (side > 800) return { seconds: 0.02 + rows * features * 3e-7, bytes: matrix + rows * 16 };
  return {
    seconds: 0.01 + rows * features * (0.4e-9 * side + 1.5e-8) + side ** 3 * 0.4e-9,
    bytes: matrix + side * side * 8,
  };
}

export const gapToleranceField = () =>
  z.number().positive().default(1e-4).register(fields, {
    title: "Tolerance",
    help: "Stop when the duality gap is at most this share of the target's squares.",
  });

/** The Gram matrix, then sweeps over it; wide designs: sweeps over the columns. */
export function estimateCoordinateDescent({ rows, features }: WorkSpecification): WorkEstimate {
  const matrix = rows * features * 4;
  if (features > 1000) return { seconds: 0.02 + rows * features * 2e-7, bytes: 2 * matrix };
  return {
    seconds: 0.01 + rows * features * (0.4e-9 * features + 1.5e-8) + features * features * 1e-6,
    bytes: matrix + features * features * 8,
  };
}
