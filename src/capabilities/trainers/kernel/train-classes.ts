/** One subproblem for each pair of classes, with Platt's sigmoid fitted on held-out decisions. */
import { gather } from "../../../foundation/base/gather.js";
import type { ClassTarget } from "../../../foundation/contracts/target.js";
import type { TrainingContext } from "../../../foundation/contracts/trainer.js";
import { exampleWeights } from "../numeric/example-weights.js";
import { rowsOfFold, stratifiedFolds } from "../numeric/folds.js";
import type { Checkpoint } from "../numeric/pace.js";
import { fitSigmoid, type Sigmoid } from "../numeric/platt.js";
import type { KernelOutcome } from "./kernel-model.js";
import type { KernelRows } from "./kernel-rows.js";
import { type DualSolution, solveDual } from "./sequential-minimal-optimization.js";

const FOLDS = 5;

export interface KernelTask {
  readonly kernel: KernelRows;
  /** Row of the training data behind each row of the kernel. */
  readonly rows: Int32Array;
  readonly weights: Float64Array | undefined;
  readonly options: {
    readonly inverseRegularization: number;
    readonly classWeights: "none" | "balanced";
    readonly epsilon: number;
    readonly standardizeTarget: boolean;
    readonly tolerance: number;
    readonly maxIterations: number;
  };
  readonly context: TrainingContext;
  readonly checkpoint: Checkpoint;
}

export interface TrainedDecisions {
  /** `decisions * kernel.rows`. */
  readonly coefficients: Float64Array;
  /** Decision = sum coefficient K - bias. */
  readonly biases: Float64Array;
  readonly outcome: KernelOutcome;
  readonly iterations: number;
  readonly converged: boolean;
}

/** Pairs in the order (0,1), (0,2), ..., (1,2), ...; decisions above 0 speak for the second. */
export async function trainClasses(target: ClassTarget, task: KernelTask): Promise<TrainedDecisions> {
  const { kernel } = task;
  const classes = target.classes.length;
  const allWeights = exampleWeights(target, task.weights, task.options.classWeights);
  const upper = Float64Array.from(
    task.rows,
    (row) => task.options.inverseRegularization * (allWeights ? allWeights[row]! : 1),
  );
  const codes = Int32Array.from(task.rows, (row) => target.codes[row]!);
  const pairs = (classes * (classes - 1)) / 2;
  const coefficients = new Float64Array(pairs * kernel.rows);
  const biases = new Float64Array(pairs);
  const slopes = new Float64Array(pairs);
  const offsets = new Float64Array(pairs);
  let iterations = 0;
  let converged = true;
  let pair = 0;
  for (let low = 0; low < classes; low++) {
    for (let high = low + 1; high < classes; high++, pair++) {
      const members = pairMembers(codes, upper, low, high);
      const solution = await solvePair(members, upper, task);
      iterations += solution.iterations;
      converged &&= solution.converged;
      addCoefficients(members, solution, coefficients.subarray(pair * kernel.rows, (pair + 1) * kernel.rows));
      biases[pair] = solution.bias;
      const sigmoid = await pairSigmoid(members, upper, task, pair);
      slopes[pair] = sigmoid.slope;
      offsets[pair] = sigmoid.offset;
    }
  }
  return {
    coefficients,
    biases,
    outcome: { kind: "classes", classes, slopes, offsets },
    iterations,
    converged,
  };
}

interface Members {
  /** Kernel rows. */
  readonly rows: Int32Array;
  /** +1 the second class of the pair, -1 the first. */
  readonly signs: Int8Array;
}

/** Rows of the two classes that carry weight. */
function pairMembers(codes: Int32Array, upper: Float64Array, low: number, high: number): Members {
  const rows = Int32Array.from(
    Array.from(codes.keys()).filter((row) => (codes[row] === low || codes[row] === high) && upper[row]! > 0),
  );
  return { rows, signs: Int8Array.from(rows, (row) => (codes[row] === high ? 1 : -1)) };
}

function solvePair({ rows, signs }: Members, upper: Float64Array, task: KernelTask): Promise<DualSolution> {
  const problem = {
    rows,
    signs,
    linear: new Float64Array(rows.length).fill(-1),
    upper: gather(upper, rows),
  };
  const { tolerance, maxIterations } = task.options;
  return solveDual(problem, task.kernel, tolerance, maxIterations, task.checkpoint);
}

function addCoefficients(members: Members, { alpha }: DualSolution, coefficients: Float64Array): void {
  for (const [t, row] of members.rows.entries()) coefficients[row]! += members.signs[t]! * alpha[t]!;
}

/** Platt's sigmoid on decisions of models that have not seen the row, as LIBSVM does. */
async function pairSigmoid(
  members: Members,
  upper: Float64Array,
  task: KernelTask,
  pair: number,
): Promise<Sigmoid> {
  const folds = stratifiedFolds(members.signs, FOLDS, task.context.random.fork(`platt/${pair}`));
  const decisions = new Float64Array(members.rows.length);
  for (let fold = 0; fold < FOLDS; fold++) {
    const inside = takeMembers(members, rowsOfFold(folds, fold, false));
    const outside = rowsOfFold(folds, fold, true);
    if (outside.length === 0) continue;
    const solution = await solvePair(inside, upper, task);
    const rows = Int32Array.from(outside, (t) => members.rows[t]!);
    const values = decide(inside, solution, task.kernel, rows);
    for (const [i, t] of outside.entries()) decisions[t] = values[i]!;
  }
  const weights = Float64Array.from(members.rows, (row) => upper[row]! / task.options.inverseRegularization);
  return fitSigmoid(
    decisions,
    members.signs.map((sign) => (sign > 0 ? 1 : 0)),
    weights,
  );
}

function takeMembers({ rows, signs }: Members, which: Int32Array): Members {
  return {
    rows: Int32Array.from(which, (t) => rows[t]!),
    signs: Int8Array.from(which, (t) => signs[t]!),
  };
}

/** Decisions of a subproblem for kernel rows; a problem of one class alone has none but its bias. */
function decide(
  members: Members,
  { alpha, bias }: DualSolution,
  kernel: KernelRows,
  rows: Int32Array,
): Float64Array {
  const decisions = new Float64Array(rows.length).fill(-bias);
  for (const [t, support] of members.rows.entries()) {
    if (alpha[t] === 0) continue;
    const coefficient = members.signs[t]! * alpha[t]!;
    const row = kernel.row(support);
    for (let i = 0; i < rows.length; i++) decisions[i]! += coefficient * row[rows[i]!]!;
  }
  return decisions;
}
