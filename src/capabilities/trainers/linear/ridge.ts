import { z } from "zod";
import { defineTrainer } from "../../../foundation/contracts/trainer.js";
import { createCheckpoint } from "../numeric/pace.js";
import { solvePenalizedSquares } from "./penalized-squares.js";
import {
  fittedRegression,
  LINEAR_REGRESSION,
  type RegressionState,
  regressionProblem,
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
  async fit({ train }, options, context) {
    const problem = regressionProblem(train, "ridge", options.intercept);
    const checkpoint = createCheckpoint(context, "fit", problem.design.rows);
    const { standardized, meanTarget, notes } = await solvePenalizedSquares(
      problem,
      options.penaltyStrength,
      checkpoint,
    );
    return fittedRegression(problem, standardized, meanTarget, { notes });
  },
  restore: restoreRegression,
});
