import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import {
  defineTrainer,
  type Fitted,
  type TrainingContext,
  type TrainingData,
} from "../../../foundation/contracts/trainer.js";
import { columnMoments, takeDesignRows, trainingDesign } from "../numeric/design.js";
import { centeredRows } from "../numeric/distances.js";
import { stratifiedSample } from "../numeric/folds.js";
import { createCheckpoint } from "../numeric/pace.js";
import { type KernelState, restoreKernelModel } from "./kernel-model.js";
import { KernelRows } from "./kernel-rows.js";
import { trainClasses } from "./train-classes.js";
import { trainValues } from "./train-values.js";

const config = z.strictObject({
  inverseRegularization: z
    .number()
    .positive()
    .default(1)
    .register(fields, {
      title: "Inverse regularisation",
      help: "Weight of the loss (C); smaller is simpler.",
      tune: { low: 1e-2, high: 1e3, scale: "log" },
    }),
  gammaFactor: z
    .number()
    .positive()
    .default(1)
    .register(fields, {
      title: "Gamma factor",
      help: "Times 1 / (features * variance of all values), which is gamma of exp(-gamma |x - y|^2).",
      tune: { low: 1e-2, high: 1e2, scale: "log" },
    }),
  epsilon: z
    .number()
    .nonnegative()
    .default(0.1)
    .register(fields, {
      title: "Epsilon",
      help: "Regression: errors up to this cost nothing.",
      tune: { low: 1e-3, high: 1, scale: "log" },
    }),
  standardizeTarget: z.boolean().default(true).register(fields, {
    title: "Standardise the target",
    help: "Regression: divide the target by its standard deviation first, so that C and epsilon mean the same for any unit.",
  }),
  classWeights: z.enum(["none", "balanced"]).default("none").register(fields, {
    title: "Class weights",
    help: "`balanced` gives each class the same total weight.",
  }),
  maximumRows: z.number().int().min(2).default(5000).register(fields, {
    title: "Most training rows",
    help: "Time and memory grow with the square of the rows; beyond this many a random sample is used.",
    unit: "rows",
  }),
  tolerance: z.number().positive().default(1e-3).register(fields, {
    title: "Tolerance",
    help: "Stop when no pair of rows violates the optimality conditions by more than this.",
  }),
  maxIterations: z.number().int().positive().default(1_000_000).register(fields, {
    title: "Most iterations",
    help: "Of each subproblem.",
    unit: "iterations",
  }),
});
export type KernelSvmConfig = z.infer<typeof config>;

const CACHE_BYTES = 256 * 2 ** 20;

async function fit(
  { train }: TrainingData,
  options: KernelSvmConfig,
  context: TrainingContext,
): Promise<Fitted<KernelState>> {
  const { target } = train;
  const all = trainingDesign(train.features, "kernel-svm");
  const groups = target.task === "regression" ? new Int32Array(all.rows) : target.codes;
  const sample = stratifiedSample(groups, options.maximumRows, context.random.fork("sample"));
  const design = sample ? takeDesignRows(all, sample) : all;
  const rows = sample ?? Int32Array.from({ length: all.rows }, (_, row) => row);
  const center = Float32Array.from(columnMoments(design).mean);
  const points = centeredRows(design, center);
  const gamma = options.gammaFactor / (Math.max(1, design.width) * (totalVariance(design.values) || 1));
  const kernel = new KernelRows(points, design.rows, design.width, gamma, CACHE_BYTES);
  const maxIterations = Math.min(options.maxIterations, context.maxIterations ?? Number.POSITIVE_INFINITY);
  const task = {
    kernel,
    rows,
    weights: train.weights,
    options: { ...options, maxIterations },
    context,
    checkpoint: createCheckpoint(context, "fit", design.rows),
  };
  const decisions =
    target.task === "regression" ? await trainValues(target, task) : await trainClasses(target, task);
  const notes = [
    ...(sample ? [`Trained on a random sample of ${design.rows} of ${all.rows} rows.`] : []),
    ...(decisions.converged ? [] : ["At least one subproblem stopped at its most iterations."]),
  ];
  return restoreKernelModel(compress(decisions, { ...design, center }, gamma, notes));
}

type Decisions = Awaited<ReturnType<typeof trainClasses>>;

/** Keeps the rows that carry a coefficient in some decision. */
function compress(
  { coefficients, biases, outcome, iterations }: Decisions,
  {
    rows,
    width,
    values,
    center,
  }: { rows: number; width: number; values: Float32Array; center: Float32Array },
  gamma: number,
  notes: readonly string[],
): KernelState {
  const decisions = biases.length;
  const support = Array.from({ length: rows }, (_, row) => row).filter((row) => {
    for (let k = 0; k < decisions; k++) if (coefficients[k * rows + row] !== 0) return true;
    return false;
  });
  // A graph needs at least one point; with coefficient 0 it changes nothing.
  if (support.length === 0) support.push(0);
  const kept = new Float64Array(decisions * support.length);
  for (let k = 0; k < decisions; k++) {
    for (const [i, row] of support.entries()) kept[k * support.length + i] = coefficients[k * rows + row]!;
  }
  return {
    points: takeDesignRows({ rows, width, values }, support).values,
    rows: support.length,
    width,
    center,
    gamma,
    coefficients: kept,
    biases,
    outcome,
    diagnostics: { importance: {}, iterations, notes, size: { supportVectors: support.length, decisions } },
  };
}

/** Of all values together, as gamma "scale" of scikit-learn. */
function totalVariance(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  const mean = sum / Math.max(1, values.length);
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i]! - mean) ** 2;
  return squares / Math.max(1, values.length);
}

/** Support vector machine with Gaussian kernel: classification (one against one) and epsilon regression. */
export const kernelSvm = defineTrainer<typeof config, KernelState>({
  id: "kernel-svm",
  version: 1,
  summary: "Support vector machine with Gaussian (RBF) kernel.",
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
  estimate({ rows, features, classes }, { maximumRows }) {
    const used = Math.min(rows, maximumRows);
    // Pairs of classes have fewer rows each, but every row is in more of them.
    const pairs = classes > 2 ? 2.2 : 1;
    return {
      seconds: 0.03 + pairs * used * used * (features * 0.6e-9 + 6e-8),
      bytes: rows * features * 4 + used * features * 8 + Math.min(CACHE_BYTES, used * used * 4),
    };
  },
  fit,
  restore: restoreKernelModel,
});
