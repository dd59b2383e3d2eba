import type {
  FitDiagnostics,
  Fitted,
  TrainingContext,
  TrainingData,
} from "../../../foundation/contracts/trainer.js";
import { createCheckpoint } from "../numeric/pace.js";
import { normalEquations } from "../numeric/standardized-gram.js";
import { type GramSystem, gramDescent } from "./coordinate-descent.js";
import { solvePenalizedSquares } from "./penalized-squares.js";
import {
  fittedRegression,
  type RegressionProblem,
  type RegressionState,
  regressionProblem,
  targetMean,
} from "./regression-model.js";
import { residualDescent } from "./residual-descent.js";

export interface ElasticNetOptions {
  readonly penaltyStrength: number;
  readonly l1Share: number;
  readonly intercept: boolean;
  readonly tolerance: number;
  readonly maxIterations: number;
}

/** The path goes down from the strength that makes all coefficients 0, by this factor. */
const PATH_FACTOR = 0.5;
/** Wider designs cost less by residuals: the Gram matrix takes rows * width^2 / 2 products. */
const WIDEST_GRAM = 1000;

export async function fitElasticNet(
  { train }: TrainingData,
  trainer: string,
  options: ElasticNetOptions,
  context: TrainingContext,
): Promise<Fitted<RegressionState>> {
  const problem = regressionProblem(train, trainer, options.intercept);
  if (options.l1Share * options.penaltyStrength === 0) return fitRidge(problem, options, context);
  const meanTarget = targetMean(problem);
  const descent =
    problem.design.width > WIDEST_GRAM
      ? residualDescent(problem, meanTarget)
      : gramDescent(await gramSystem(problem, meanTarget, context));
  const { scale } = problem.moments;
  const maxSweeps = Math.min(options.maxIterations, context.maxIterations ?? Number.POSITIVE_INFINITY);
  const path = penaltyPath(descent.right, scale, options);
  const checkpoint = createCheckpoint(context, "path", path.length);
  let sweeps = 0;
  let gap = 0;
  for (const [position, strength] of path.entries()) {
    const absolute = scale.map((value) => (strength * options.l1Share) / value);
    const squared = scale.map((value) => (strength * (1 - options.l1Share)) / (value * value));
    const last = position === path.length - 1;
    const result = last
      ? descent.run({ absolute, squared }, options.tolerance, maxSweeps)
      : descent.run({ absolute, squared }, Math.max(options.tolerance, 1e-3), Math.min(maxSweeps, 100));
    sweeps += result.sweeps;
    gap = result.gap;
    await checkpoint(position + 1, { gap });
  }
  const converged = gap <= options.tolerance;
  const diagnostics: FitDiagnostics = {
    iterations: sweeps,
    notes: converged ? [] : [`Stopped after ${sweeps} sweeps with a relative duality gap of ${gap}.`],
  };
  return fittedRegression(problem, descent.point, meanTarget, diagnostics);
}

/** Without absolute part there is no duality gap to stop by, but a closed form. */
async function fitRidge(
  problem: RegressionProblem,
  options: ElasticNetOptions,
  context: TrainingContext,
): Promise<Fitted<RegressionState>> {
  const checkpoint = createCheckpoint(context, "fit", problem.design.rows);
  const strength = options.penaltyStrength * problem.moments.weightSum;
  const { standardized, meanTarget, notes } = await solvePenalizedSquares(problem, strength, checkpoint);
  return fittedRegression(problem, standardized, meanTarget, { notes });
}

/** Normal equations divided by the sum of the weights. */
async function gramSystem(
  { design, moments, values, weights }: RegressionProblem,
  meanTarget: number,
  context: TrainingContext,
): Promise<GramSystem> {
  const checkpoint = createCheckpoint(context, "gram", design.rows);
  const target = { values, mean: meanTarget };
  const equations = await normalEquations(design, moments, target, weights, checkpoint);
  const total = moments.weightSum;
  for (let i = 0; i < equations.gram.length; i++) equations.gram[i]! /= total;
  for (let i = 0; i < equations.right.length; i++) equations.right[i]! /= total;
  return {
    width: design.width,
    gram: equations.gram,
    right: equations.right,
    targetSquares: equations.targetSquares / total,
  };
}

/** Falling strengths that end in the one asked for; each start is the solution before it. */
function penaltyPath(right: Float64Array, scale: Float64Array, options: ElasticNetOptions): number[] {
  const { penaltyStrength, l1Share } = options;
  let greatest = 0;
  for (let j = 0; j < right.length; j++) greatest = Math.max(greatest, Math.abs(right[j]!) * scale[j]!);
  const path: number[] = [];
  const floor = Math.max(penaltyStrength, greatest * 1e-6);
  for (
    let strength = (greatest / Math.max(l1Share, 1e-3)) * PATH_FACTOR;
    strength > floor;
    strength *= PATH_FACTOR
  ) {
    path.push(strength);
  }
  path.push(penaltyStrength);
  return path;
}
