import { z } from "zod";
import { DenseAlgebra, RADIAL_KERNELS } from "../../../engines/kernels/dense-algebra.js";
import { gather } from "../../../foundation/base/gather.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { takeTarget } from "../../../foundation/contracts/target.js";
import {
  defineTrainer,
  type Fitted,
  type TrainingContext,
  type TrainingData,
  type WorkEstimate,
  type WorkSpecification,
} from "../../../foundation/contracts/trainer.js";
import { columnMoments, takeDesignRows, trainingDesign } from "../numeric/design.js";
import { centeredRows } from "../numeric/distances.js";
import { stratifiedSample } from "../numeric/folds.js";
import { type Checkpoint, createCheckpoint } from "../numeric/pace.js";
import { createRidgeProblem, ridgeOutputs, weightyRows } from "../numeric/ridge-problem.js";
import { spreadLandmarks } from "./landmarks.js";
import { type RadialExpansion, restoreRadialExpansion } from "./radial-expansion.js";
import {
  type PointProblem,
  RidgeBench,
  type RidgeFit,
  refine,
  searchGrid,
  takePoints,
} from "./ridge-search.js";

const config = z.strictObject({
  kernel: z
    .enum(RADIAL_KERNELS)
    .default("gaussian")
    .register(fields, {
      title: "Kernel",
      help: "From the smoothest to the roughest: gaussian, Matern 5/2 and 3/2, exponential.",
      tune: { choices: RADIAL_KERNELS },
    }),
  selection: z.enum(["leave-one-out", "none"]).default("leave-one-out").register(fields, {
    title: "Selection",
    help: "`leave-one-out` chooses gamma factor and noise by exact leave-one-out predictions; `none` takes the two below.",
  }),
  gammaFactor: z.number().positive().default(0.5).register(fields, {
    title: "Gamma factor",
    help: "Over the median squared distance of the rows, which is gamma of exp(-gamma |x - y|^2).",
  }),
  noise: z.number().positive().default(0.1).register(fields, {
    title: "Noise variance",
    help: "Penalty of the squared norm (lambda); greater is smoother.",
  }),
  exactRows: z.number().int().min(1).max(5000).default(2000).register(fields, {
    title: "Most rows of an exact fit",
    help: "Time grows with their cube; beyond this many the function is spanned by landmarks.",
    unit: "rows",
  }),
  landmarks: z.number().int().min(1).max(2000).default(1000).register(fields, {
    title: "Most landmarks",
    help: "Rows that span the function, spread over the data (Nystroem); fewer with very many rows.",
    unit: "rows",
  }),
  selectionRows: z.number().int().min(10).max(5000).default(800).register(fields, {
    title: "Rows of the selection",
    help: "A random sample of this many rows goes through all gamma factors; all rows through the neighbourhood of the best.",
    unit: "rows",
  }),
});
export type KernelRidgeConfig = z.infer<typeof config>;

/** Numbers in the matrix of rows by landmarks: 128 MiB. */
const GREATEST_MATRIX = 2 ** 24;
/** Fits of the sample, about. */
const SELECTION_FITS = 12;
/** Gamma factors of the selection, then all rows. */
const STAGES = 5;

/** Landmarks of a fit; 0: exact. */
function landmarkCount(rows: number, { exactRows, landmarks }: KernelRidgeConfig): number {
  return rows <= exactRows ? 0 : Math.max(1, Math.min(landmarks, Math.floor(GREATEST_MATRIX / rows)));
}

async function fit(
  { train }: TrainingData,
  options: KernelRidgeConfig,
  context: TrainingContext,
): Promise<Fitted<RadialExpansion>> {
  const all = trainingDesign(train.features, "kernel-ridge");
  const { design, target, weights } = weightyRows(all, train.target, train.weights);
  const center = Float32Array.from(columnMoments(design).mean);
  const { rows, width } = design;
  const points = centeredRows(design, center);
  const problem = { ...createRidgeProblem(target, weights), rows, width, points };
  const count = landmarkCount(design.rows, options);
  const landmarks =
    count === 0
      ? undefined
      : spreadLandmarks(problem.points, design.rows, design.width, count, context.random.fork("landmarks"));
  const checkpoint = createCheckpoint(context, "fit", STAGES);
  await checkpoint(0);
  const algebra = DenseAlgebra.acquire();
  try {
    const { best, typical } = await choose(algebra, problem, landmarks, options, context, checkpoint);
    const expansion = await ridgeOutputs(problem, best.solution, checkpoint);
    const kept = landmarks ? takeDesignRows(design, landmarks) : design;
    const { gammaFactor, noise } = best.setting;
    return restoreRadialExpansion({
      points: kept.values,
      rows: kept.rows,
      width: kept.width,
      center,
      kernel: options.kernel,
      gamma: gammaFactor / typical,
      ...expansion,
      diagnostics: {
        importance: {},
        size: { points: kept.rows, outputs: problem.outputs },
        notes: [
          `Gamma factor ${readable(gammaFactor)}, noise ${readable(noise)}; ` +
            `leave-one-out ${target.task === "regression" ? "mean squared error" : "log loss"} ${readable(best.loss)}.`,
          ...(landmarks ? [`Spanned by ${kept.rows} landmarks of ${design.rows} rows.`] : []),
        ],
      },
    });
  } finally {
    algebra.release();
  }
}

const readable = (value: number) => Number(value.toPrecision(4));

/** The grid on a sample (or on all rows, when that is no more), then its neighbourhood on all rows. */
async function choose(
  algebra: DenseAlgebra,
  problem: PointProblem,
  landmarks: Int32Array | undefined,
  options: KernelRidgeConfig,
  context: TrainingContext,
  checkpoint: Checkpoint,
): Promise<{ best: RidgeFit; typical: number }> {
  const groups = problem.target.task === "regression" ? new Int32Array(problem.rows) : problem.target.codes;
  const sample = stratifiedSample(groups, options.selectionRows, context.random.fork("selection"));
  const mark = algebra.mark();
  const bench = new RidgeBench(
    algebra,
    sample ? takeProblem(problem, sample) : problem,
    options.kernel,
    undefined,
  );
  const { typical } = bench;
  const chooses = options.selection === "leave-one-out";
  const { gammaFactor, noise } = chooses ? (await searchGrid(bench, checkpoint)).setting : options;
  algebra.freeTo(mark);
  const whole = new RidgeBench(algebra, problem, options.kernel, landmarks, typical);
  const best = chooses
    ? await refine(whole, { gammaFactor, noise }, landmarks === undefined, checkpoint)
    : whole.at(gammaFactor, (solve) => solve(noise));
  await checkpoint(STAGES, { heldOutLoss: best.loss });
  return { best, typical };
}

function takeProblem(problem: PointProblem, rows: Int32Array): PointProblem {
  const { outputs, values, rootWeights } = problem;
  return {
    ...problem,
    rows: rows.length,
    points: takePoints(problem, rows),
    target: takeTarget(problem.target, rows),
    values: Float64Array.from({ length: outputs * rows.length }, (_, i) => {
      const k = Math.floor(i / rows.length);
      return values[k * problem.rows + rows[i - k * rows.length]!]!;
    }),
    rootWeights: gather(rootWeights, rows),
  };
}

function estimate(specification: WorkSpecification, options: KernelRidgeConfig): WorkEstimate {
  const { rows, features, classes } = specification;
  const landmarks = landmarkCount(rows, options);
  const chooses = options.selection === "leave-one-out";
  const sample = Math.min(rows, options.selectionRows);
  // Multiplications and additions: a factor and its inverse, or the products with the landmarks.
  const cubes = (size: number) => (size ** 3 * 2) / 3 + size * size * (2 * features + 30 + 4 * classes);
  const whole = landmarks === 0 ? (chooses ? 5 : 1) * cubes(rows) : (chooses ? 5 : 3) * rows * landmarks ** 2;
  const drawn = rows * landmarks * (features * 2 + 6) * 1e-9;
  const work = (chooses ? SELECTION_FITS * cubes(sample) : 0) + whole;
  const matrices = landmarks === 0 ? 4 * rows * rows : rows * landmarks * 2 + 6 * landmarks ** 2;
  return {
    seconds: 0.01 + work / 12e9 + drawn + rows * classes * classes * 1e-6,
    bytes: rows * features * 12 + matrices * 8,
  };
}

/** Kernel ridge regression, the mean of a Gaussian process; classes by regression on one-hot targets. */
export const kernelRidge = defineTrainer<typeof config, RadialExpansion>({
  id: "kernel-ridge",
  version: 1,
  summary: "Kernel ridge regression (Gaussian process mean), width and noise chosen by leave-one-out.",
  config,
  tasks: ["binary", "multiclass", "regression"],
  capabilities: {
    features: "distance",
    missingValues: false,
    categories: false,
    sampleWeights: true,
    earlyStopping: false,
    calibrated: true,
    smooth: true,
  },
  estimate,
  fit,
  restore: restoreRadialExpansion,
});
