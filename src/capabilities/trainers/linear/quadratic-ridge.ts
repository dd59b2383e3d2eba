import { z } from "zod";
import { DenseAlgebra } from "../../../engines/kernels/dense-algebra.js";
import { fields } from "../../../foundation/contracts/extension.js";
import {
  cast,
  type GraphBuilder,
  type GraphColumn,
  type GraphValue,
} from "../../../foundation/contracts/graph.js";
import {
  defineTrainer,
  type FitDiagnostics,
  type Fitted,
  type TrainingContext,
  type TrainingData,
} from "../../../foundation/contracts/trainer.js";
import { type Design, designInGraph, predictionDesign, trainingDesign } from "../numeric/design.js";
import { emitSoftmax } from "../numeric/graph-links.js";
import { softmaxRows } from "../numeric/links.js";
import { createCheckpoint } from "../numeric/pace.js";
import {
  createRidgeProblem,
  heldOutLoss,
  NOISE_STEP,
  type RidgeProblem,
  ridgeOutputs,
  walkNoise,
  weightyRows,
} from "../numeric/ridge-problem.js";
import {
  exactSystem,
  landmarkSystem,
  type RidgeSolution,
  type RidgeSystem,
} from "../numeric/ridge-system.js";
import { importanceShares } from "../numeric/shares.js";
import {
  type QuadraticTerms,
  quadraticTerms,
  type StandardizedTerms,
  standardizedTerms,
  termsOf,
} from "./quadratic-terms.js";

const config = z.strictObject({
  selection: z.enum(["leave-one-out", "none"]).default("leave-one-out").register(fields, {
    title: "Selection",
    help: "`leave-one-out` chooses the penalty by exact leave-one-out predictions; `none` takes the one below.",
  }),
  penalty: z.number().positive().default(0.1).register(fields, {
    title: "Penalty",
    help: "Of the squared coefficients, for standardised terms divided by the root of their number; greater is simpler.",
  }),
  maximumColumns: z
    .number()
    .int()
    .min(1)
    .max(100)
    .default(50)
    .register(fields, {
      title: "Most multiplied features",
      help: "Squares and products are made of the features that follow the target most closely; the others stay linear.",
      unit: "features",
      tune: { choices: [15, 50, 75] },
    }),
});
type Config = z.infer<typeof config>;

/** A plain value. Terms are the features, then the products. */
interface QuadraticState extends QuadraticTerms {
  readonly width: number;
  readonly mean: Float64Array;
  /** `outputs * terms`, of centred terms. */
  readonly coefficients: Float64Array;
  readonly offsets: Float64Array;
  readonly outcome: "classes" | "value";
  readonly diagnostics: FitDiagnostics;
}

interface PenaltyFit {
  readonly solution: RidgeSolution;
  readonly loss: number;
}

async function fit(
  { train }: TrainingData,
  options: Config,
  context: TrainingContext,
): Promise<Fitted<QuadraticState>> {
  const all = trainingDesign(train.features, "quadratic-ridge");
  const { design, target, weights } = weightyRows(all, train.target, train.weights);
  const problem = createRidgeProblem(target, weights);
  const checkpoint = createCheckpoint(context, "fit", 2);
  await checkpoint(0);
  const terms = quadraticTerms(design, problem, options.maximumColumns);
  const basis = standardizedTerms(design, terms, problem.rootWeights);
  await checkpoint(1);
  const { solution, loss } = solve(problem, basis, options);
  const outputs = await ridgeOutputs(problem, solution, checkpoint);
  const size = basis.mean.length;
  const measure = target.task === "regression" ? "mean squared error" : "log loss";
  const rounded = (value: number) => Number(value.toPrecision(4));
  const note = `Penalty ${rounded(solution.noise)}; leave-one-out ${measure} ${rounded(loss)}.`;
  return restore({
    ...terms,
    width: design.width,
    mean: basis.mean,
    ...outputs,
    coefficients: outputs.coefficients.map((value, i) => value / basis.scale[i % size]!),
    diagnostics: {
      importance: importanceShares(all.names, strengths(outputs.coefficients, design.width, terms)),
      size: { coefficients: outputs.coefficients.length },
      notes: [note],
    },
  });
}

/** In coefficients of the standardised terms, over the rows or over the terms, whichever are fewer. */
function solve(problem: RidgeProblem, { values, mean }: StandardizedTerms, options: Config): PenaltyFit {
  const algebra = DenseAlgebra.acquire();
  try {
    const { rows } = problem;
    const size = mean.length;
    const basis = algebra.copy(values, rows, size);
    const dual = rows <= size;
    const square = algebra.matrix(dual ? rows : size, dual ? rows : size);
    square.values.fill(0);
    if (dual) algebra.addSquare(square, basis);
    else for (let k = 0; k < size; k++) square.values[k * (size + 1)] = 1;
    const system: RidgeSystem = dual
      ? exactSystem(algebra, square, problem)
      : landmarkSystem(algebra, basis, square, problem);
    const solveAt = (penalty: number): PenaltyFit => {
      const solution = system.solve(penalty);
      return { solution, loss: heldOutLoss(problem, solution.heldOut) };
    };
    const best = options.selection === "none" ? solveAt(options.penalty) : choose(solveAt, options.penalty);
    if (!dual) return best;
    return { ...best, solution: { ...best.solution, coefficients: primal(best.solution, values, size) } };
  } finally {
    algebra.release();
  }
}

/** Whole steps of the penalty, then half a step to either side. */
function choose(solveAt: (penalty: number) => PenaltyFit, start: number): PenaltyFit {
  let best = walkNoise(solveAt, start);
  const middle = best.solution.noise;
  for (const factor of [1 / Math.sqrt(NOISE_STEP), Math.sqrt(NOISE_STEP)]) {
    const next = solveAt(middle * factor);
    if (next.loss < best.loss) best = next;
  }
  return best;
}

/** From one coefficient a row to one a term. */
function primal({ coefficients }: RidgeSolution, values: Float64Array, size: number): Float64Array {
  const rows = values.length / size;
  const result = new Float64Array((coefficients.length / rows) * size);
  for (let i = 0; i < coefficients.length; i++) {
    const target = Math.floor(i / rows) * size;
    const source = (i % rows) * size;
    const factor = coefficients[i]!;
    for (let k = 0; k < size; k++) result[target + k]! += factor * values[source + k]!;
  }
  return result;
}

/** Of each feature: its own coefficients and half of those of its products, in standardised terms. */
function strengths(coefficients: Float64Array, width: number, { left, right }: QuadraticTerms): Float64Array {
  const result = new Float64Array(width);
  const size = width + left.length;
  for (let i = 0; i < coefficients.length; i++) {
    const strength = Math.abs(coefficients[i]!);
    const k = i % size;
    if (k < width) result[k]! += strength;
    else {
      result[left[k - width]!]! += strength / 2;
      result[right[k - width]!]! += strength / 2;
    }
  }
  return result;
}

/** Row-major `design.rows * outputs`. */
function scores(state: QuadraticState, design: Design): Float64Array {
  const { mean, coefficients, offsets } = state;
  const size = mean.length;
  const outputs = offsets.length;
  const result = new Float64Array(design.rows * outputs);
  const row = new Float64Array(size);
  for (let i = 0; i < design.rows; i++) {
    termsOf(design, i, state, row, 0);
    for (let k = 0; k < outputs; k++) {
      let sum = offsets[k]!;
      for (let j = 0; j < size; j++) sum += coefficients[k * size + j]! * (row[j]! - mean[j]!);
      result[i * outputs + k] = sum;
    }
  }
  return result;
}

/** Two gathers and a product make all terms at once; float64, as products of large features cancel. */
function emit(graph: GraphBuilder, features: readonly GraphColumn[], state: QuadraticState): GraphValue {
  const { left, right, mean, coefficients, offsets, outcome } = state;
  const size = mean.length;
  const matrix = cast(graph, designInGraph(graph, features), "float64");
  const axis = { attributes: { axis: { int: 1 } } };
  const pick = (positions: Int32Array) =>
    graph.op(
      "Gather",
      [matrix, graph.constant("int64", [positions.length], BigInt64Array.from(positions, BigInt))],
      axis,
    );
  const terms =
    left.length === 0
      ? matrix
      : graph.op("Concat", [matrix, graph.op("Mul", [pick(left), pick(right)])], axis);
  const centered = graph.op("Sub", [terms, graph.constant("float64", [1, size], mean)]);
  const weights = graph.constant("float64", [offsets.length, size], coefficients);
  const bias = graph.constant("float64", [1, offsets.length], offsets);
  const result = graph.op("Gemm", [centered, weights, bias], { attributes: { transB: { int: 1 } } });
  return cast(graph, outcome === "classes" ? emitSoftmax(graph, result) : result, "float32");
}

function restore(state: QuadraticState): Fitted<QuadraticState> {
  const classes = state.offsets.length;
  return {
    state,
    diagnostics: state.diagnostics,
    predict(features) {
      const values = scores(state, predictionDesign(features, state.width));
      return state.outcome === "value"
        ? { kind: "values", values }
        : { kind: "probabilities", values: softmaxRows(values, classes), classes };
    },
    emit: (graph, features) => emit(graph, features, state),
  };
}

/** Fits of one training: the walk and the two half steps. */
const FITS = 5;

/** Ridge on features, squares and products; classes by one-hot targets and a logistic on held-out scores. */
export const quadraticRidge = defineTrainer<typeof config, QuadraticState>({
  id: "quadratic-ridge",
  version: 1,
  summary: "Ridge on features, their squares and products, the penalty chosen by leave-one-out.",
  config,
  tasks: ["binary", "multiclass", "regression"],
  capabilities: {
    features: "linear",
    missingValues: false,
    categories: false,
    sampleWeights: true,
    earlyStopping: false,
    calibrated: true,
  },
  estimate({ rows, features, classes }, { maximumColumns, selection }) {
    const multiplied = Math.min(features, maximumColumns);
    const terms = features + (multiplied * (multiplied + 1)) / 2;
    const small = Math.min(rows, terms);
    const fits = selection === "none" ? 1 : FITS;
    const factors = rows <= terms ? (2 / 3) * small ** 3 : small ** 3 + rows * small * small;
    const work = rows * terms * small + fits * (factors + 20 * small * small);
    return {
      seconds: 0.01 + work / 12e9 + rows * terms * 1.2e-8 + rows * classes * classes * 2e-6,
      bytes: rows * terms * 24 + small * small * 32,
    };
  },
  fit,
  restore,
});
