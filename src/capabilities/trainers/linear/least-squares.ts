import { z } from "zod";
import { defineTrainer } from "../../../foundation/contracts/trainer.js";
import { fitSquares } from "./penalized-squares.js";
import {
  averageLinearStates,
  LINEAR_REGRESSION,
  type RegressionState,
  restoreRegression,
} from "./regression-model.js";
import { estimateSquares, interceptField } from "./shared-fields.js";

const config = z.strictObject({ intercept: interceptField() });

/** Ordinary least squares. Dependent columns are left out; fewer rows than columns: the least norm. */
export const leastSquares = defineTrainer<typeof config, RegressionState>({
  id: "least-squares",
  version: 1,
  summary: "Ordinary least squares.",
  config,
  ...LINEAR_REGRESSION,
  estimate: estimateSquares,
  fit: (data, options, context) =>
    fitSquares(data, "least-squares", { ...options, penaltyStrength: 0 }, context),
  restore: restoreRegression,
  average: averageLinearStates,
});
