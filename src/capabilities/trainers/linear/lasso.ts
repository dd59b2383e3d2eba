import { z } from "zod";
import { defineTrainer } from "../../../foundation/contracts/trainer.js";
import { fitElasticNet } from "./elastic-net-fit.js";
import {
  averageLinearStates,
  LINEAR_REGRESSION,
  type RegressionState,
  restoreRegression,
} from "./regression-model.js";
import {
  estimateCoordinateDescent,
  gapToleranceField,
  interceptField,
  maxIterationsField,
  penaltyStrengthField,
} from "./shared-fields.js";

const config = z.strictObject({
  penaltyStrength: penaltyStrengthField(),
  intercept: interceptField(),
  tolerance: gapToleranceField(),
  maxIterations: maxIterationsField(1000),
});

/** Minimises the halved mean squared error plus penaltyStrength times the absolute coefficients. */
export const lasso = defineTrainer<typeof config, RegressionState>({
  id: "lasso",
  version: 1,
  summary: "Least squares with absolute penalty: many coefficients become exactly 0.",
  config,
  ...LINEAR_REGRESSION,
  estimate: estimateCoordinateDescent,
  fit: (data, options, context) => fitElasticNet(data, "lasso", { ...options, l1Share: 1 }, context),
  restore: restoreRegression,
  average: averageLinearStates,
});
