import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
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
  l1Share: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .register(fields, {
      title: "L1 share",
      help: "Share of the absolute coefficients in the penalty; the rest is half their squares.",
      tune: { low: 0.05, high: 1 },
    }),
  intercept: interceptField(),
  tolerance: gapToleranceField(),
  maxIterations: maxIterationsField(1000),
});

/** The lasso with part of its penalty on the squares, which keeps groups of correlated features together. */
export const elasticNet = defineTrainer<typeof config, RegressionState>({
  id: "elastic-net",
  version: 1,
  summary: "Least squares with absolute and squared penalty.",
  config,
  ...LINEAR_REGRESSION,
  estimate: estimateCoordinateDescent,
  fit: (data, options, context) => fitElasticNet(data, "elastic-net", options, context),
  restore: restoreRegression,
  average: averageLinearStates,
});
