import { z } from "zod";
import { defineTrainer } from "../../../foundation/contracts/trainer.js";
import { fitSquares } from "./penalized-squares.js";
import {
  averageLinearStates,
  LINEAR_REGRESSION,
  type RegressionState,
  restoreRegression,
} from "./regression-model.js";
import { estimateSquares, interceptField, penaltyStrengthField } from "./shared-fields.js";

const config = z.strictObject({ penaltyStrength: penaltyStrengthField(), intercept: interceptField() });

/** Least squares plus penaltyStrength times the squared coefficients; the intercept is free. */
export const ridge = defineTrainer<typeof config, RegressionState>({
  id: "ridge",
  version: 1,
  summary: "Least squares with squared penalty.",
  config,
  ...LINEAR_REGRESSION,
  estimate: estimateSquares,
  fit: (data, options, context) => fitSquares(data, "ridge", options, context),
  restore: restoreRegression,
  average: averageLinearStates,
});
