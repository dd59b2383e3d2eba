import type {
  FitDiagnostics,
  Fitted,
  TrainingContext,
  TrainingData,
} from "../../../foundation/contracts/trainer.js";
import { createCheckpoint } from "../numeric/pace.js";
import { normalEquations } from "../numeric/standardized-gram.js";
import { type CoordinateProblem, descendCoordinates } from "./coordinate-descent.js";
import { solvePenalizedSquares } from "./penalized-squares.js";
import {
  fittedRegression,
  type RegressionProblem,
  type RegressionState,
  regressionProblem,
  targetMean,
} from "./regression-model.js";

export interface ElasticNetOptions {
  readonly penaltyStrength: number;
  readonly l1Share: number;
  readonly intercept: boolean;
  readonly tolerance: number;
  readonly maxIterations: number;
}

/** The path goes down from the strength that makes all coefficients 0, by this factor. */
const PATH_FACTOR = 0.5;

export async function fitElasticNet(
  { train }: TrainingData,
  trainer: string,
  options: ElasticNetOptions,
  context: TrainingContext,
): Promise<Fitted<RegressionState>> {
  const problem = regressionProblem(train, trainer, options.intercept);
  if (options.l1Share * options.penaltyStrength === 0) return fitRidge(problem, options, context);
  const meanTarget = targetMean(problem);
  const system = await meanEquations(problem, meanTarget, context);
  const { width } = problem.design;
  const { scale } = problem.moments;
  const point = new Float64Array(width);
  const slope = system.right.slice();
  const maxSweeps = Math.min(options.maxIterations, context.maxIterations ?? Number.POSITIVE_INFINITY);
  const checkpoint = createCheckpoint(context, "path", 1);
  let sweeps = 0;
  let gap = 0;
  for (const strength of penaltyPath(system.right, scale, options)) {
    const absolute = scale.map((value) => (strength * options.l1Share) / value);
    const squared = scale.map((value) => (strength * (1 - options.l1Share)) / (value * value));
    const last = strength === options.penaltyStrength;
    const coarse = Math.max(options.tolerance, 1e-3);
    const result = descendCoordinates(
      { ...system, absolute, squared },
      point,
      slope,
      last ? options.tolerance : coarse,
      last ? maxSweeps : Math.min(maxSweeps, 100),
    );
    sweeps += result.sweeps;
    gap = result.gap;
    await checkpoint(0, { gap });
  }
  const converged = gap <= options.tolerance;
  const diagnostics: FitDiagnostics = {
    iterations: sweeps,
    notes: converged ? [] : [`Stopped after ${sweeps} sweeps with a relative duality gap of ${gap}.`],
  };
  return fittedRegression(problem, point, meanTarget, diagnostics);
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
async function meanEquations(
  { design, moments, values, weights }: RegressionProblem,
  meanTarget: number,
  context: TrainingContext,
): Promise<Omit<CoordinateProblem, "absolute" | "squared">> {
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
