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
  async fit({ train }, options, context) {
    const problem = regressionProblem(train, "least-squares", options.intercept);
    const checkpoint = createCheckpoint(context, "fit", problem.design.rows);
    const { standardized, meanTarget, notes } = await solvePenalizedSquares(problem, 0, checkpoint);
    return fittedRegression(problem, standardized, meanTarget, { notes });
  },
  restore: restoreRegression,
});
