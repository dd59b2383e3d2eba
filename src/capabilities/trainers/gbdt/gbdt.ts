import type { ColumnSource } from "../../../engines/kernels/binned-columns.js";
import { type BoostingRows, type BoostingSettings, boostTrees } from "../../../engines/kernels/boosting.js";
import { QuernError } from "../../../foundation/base/errors.js";
import { featureViews } from "../../../foundation/contracts/feature-matrix.js";
import type { Frame } from "../../../foundation/contracts/frame.js";
import { type Target, targetRows } from "../../../foundation/contracts/target.js";
import {
  defineTrainer,
  type Fitted,
  type LabelledFrame,
  type TrainingContext,
  type TrainingData,
} from "../../../foundation/contracts/trainer.js";
import { exampleWeights } from "../numeric/example-weights.js";
import { pruneEnsemble } from "../tree-ensemble/prune.js";
import { toTreeEnsemble } from "./binned-trees.js";
import { type GbdtConfig, gbdtConfig } from "./config.js";
import { estimateGbdt } from "./estimate.js";
import { averageGbdt, type GbdtState, restoreGbdt } from "./fitted.js";
import { labelsLike, type PreparedTarget, prepareTarget } from "./objectives.js";

/** More than a feature has in its bins, the missing ones among them. */
const ALL_CATEGORIES = 257;

/** Histogram gradient boosting on WebAssembly kernels; Ke et al. 2017 (LightGBM) is the model. */
export const gbdt = defineTrainer<typeof gbdtConfig, GbdtState>({
  id: "gbdt",
  version: 2,
  summary: "Gradient boosted trees: the strongest single model on most tables.",
  config: gbdtConfig,
  tasks: ["binary", "multiclass", "regression"],
  capabilities: {
    features: "tree",
    missingValues: true,
    categories: true,
    sampleWeights: true,
    earlyStopping: true,
    anytime: true,
  },
  estimate: estimateGbdt,
  fit: fitGbdt,
  settle: (config, iterations) =>
    config.earlyStopping > 0 ? { ...config, iterations, earlyStopping: 0 } : undefined,
  restore: restoreGbdt,
  average: averageGbdt,
  shrink: (state, maxBytes) => ({ ...state, ensemble: pruneEnsemble(state.ensemble, maxBytes) }),
});

/** More than these of a slow learning rate are left to the time. */
const MOST_LEAST_ITERATIONS = 20;

/**
 * Aborted when the time is up, but not before the trees have gone one whole step from the mean, which takes
 * 1 / learningRate iterations: where preparing the rows has used up the time, a model without trees would help nobody.
 */
function endingInTime(wrapUp: AbortSignal, learningRate: number) {
  const least = Math.min(MOST_LEAST_ITERATIONS, Math.ceil(1 / learningRate));
  const ending = new AbortController();
  let done = 0;
  const endIfDue = (): void => {
    if (wrapUp.aborted && done >= least) ending.abort(wrapUp.reason);
  };
  wrapUp.addEventListener("abort", endIfDue, { once: true });
  return {
    signal: ending.signal,
    count(iterations: number): void {
      done = iterations;
      endIfDue();
    },
  };
}

async function fitGbdt(
  { train, validation }: TrainingData,
  config: GbdtConfig,
  context: TrainingContext,
): Promise<Fitted<GbdtState>> {
  const weights = effectiveWeights(train, config);
  const prepared = prepareTarget(train, weights, config);
  const views = featureViews(train.features);
  checkCombination(config, prepared);
  const columns = columnSources(train.features, config);
  const stopsEarly = validation !== undefined && config.earlyStopping > 0;
  const wished = stopsEarly ? Math.max(config.iterations, config.iterationLimit) : config.iterations;
  const iterations = Math.min(wished, context.maxIterations ?? wished);
  const ending = context.timeLimit && endingInTime(context.timeLimit.wrapUp, config.learningRate);
  const trees = await boostTrees(
    boostingRows(columns, train.target, prepared, weights),
    stopsEarly
      ? boostingRows(
          columnSources(validation.features, config),
          validation.target,
          prepared,
          validation.weights,
        )
      : undefined,
    kernelSettings(
      config,
      prepared,
      iterations,
      monotoneDirections(
        config,
        views.map((view) => view.name),
      ),
      context,
    ),
    {
      threads: context.threads,
      signal: context.signal,
      ...(ending ? { wrapUp: ending.signal } : {}),
      binned: () => context.report({ stage: "bin", done: 1, total: 1 }),
      report(done, loss) {
        ending?.count(done);
        context.report({
          stage: "boost",
          done,
          total: iterations,
          ...(Number.isNaN(loss) ? {} : { values: { validationLoss: loss } }),
        });
      },
    },
  );
  if (ending?.signal.aborted) context.timeLimit?.reached(trees.iterations);
  const ensemble = toTreeEnsemble(trees, {
    outputs: prepared.baseScores.length,
    categories: Int32Array.from(columns, (column) => column.categories),
    scale: prepared.scale,
    base: Float64Array.from(prepared.baseScores, (score) => score * prepared.scale + prepared.center),
  });
  return restoreGbdt({
    ensemble,
    link: prepared.link,
    names: views.map((view) => view.name),
    validationLoss: trees.validationLoss,
    iterations: trees.iterations,
    bestIteration: trees.bestIteration,
  });
}

/** @throws QuernError CONFIG_INVALID where leaves cannot hold linear models. */
function checkCombination(config: GbdtConfig, { renewLevel, objective }: PreparedTarget): void {
  if (!config.linearLeaves) return;
  const isConstrained = Object.values(config.monotone).some((direction) => direction !== 0);
  if (!isConstrained && renewLevel === undefined) return;
  const other = isConstrained ? "monotone constraints" : `the objective ${objective}`;
  throw new QuernError("CONFIG_INVALID", `linearLeaves cannot go with ${other}; turn one of them off.`, {
    details: { key: "linearLeaves", value: true },
  });
}

/** Ordinal categories are numbers to the kernel. */
function columnSources(features: Frame, config: GbdtConfig): ColumnSource[] {
  return featureViews(features).map(({ values, offset, stride, categories }) => ({
    values,
    offset,
    stride,
    categories: config.categories === "ordinal" ? 0 : (categories?.length ?? 0),
  }));
}

function boostingRows(
  columns: readonly ColumnSource[],
  target: Target,
  prepared: PreparedTarget,
  weights: Float64Array | undefined,
): BoostingRows {
  const labels = labelsLike(target, prepared);
  return {
    rows: targetRows(target),
    columns,
    labels,
    ...(weights ? { weights: Float32Array.from(weights) } : {}),
  };
}

function effectiveWeights({ target, weights }: LabelledFrame, config: GbdtConfig): Float64Array | undefined {
  return exampleWeights(target, weights, config.classWeights);
}

/** @throws QuernError CONFIG_INVALID for a feature that does not exist. */
function monotoneDirections(config: GbdtConfig, names: readonly string[]): number[] {
  const unknown = Object.keys(config.monotone).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new QuernError(
      "CONFIG_INVALID",
      `monotone names ${JSON.stringify(unknown)}, which is no feature; features: ${names.slice(0, 20).join(", ")}.`,
      { details: { key: "monotone", value: unknown } },
    );
  }
  const directions = new Map(Object.entries(config.monotone));
  return names.map((name) => directions.get(name) ?? 0);
}

/** Penalties on gradients follow the labels' scale, so that a scaled target gives the same trees. */
function kernelSettings(
  config: GbdtConfig,
  prepared: PreparedTarget,
  iterations: number,
  monotone: readonly number[],
  context: TrainingContext,
): BoostingSettings {
  const { scale, renewLevel } = prepared;
  const signOnly = renewLevel !== undefined;
  return {
    objective: prepared.objective,
    objectiveParameter: prepared.parameter,
    baseScores: prepared.baseScores,
    ...(signOnly ? { renewLevel } : {}),
    iterations,
    learningRate: config.learningRate,
    maxLeaves: config.leaves,
    maxDepth: config.maxDepth,
    minRowsPerLeaf: config.minRowsPerLeaf,
    minChildWeight: config.minChildWeight,
    l1: signOnly ? config.l1 : config.l1 / scale,
    l2: config.l2,
    minSplitGain: signOnly ? config.minSplitGain : config.minSplitGain / scale ** 2,
    maxBins: config.maxBins,
    rowShare: config.rowShare,
    columnShare: config.columnShare,
    columnShareByNode: config.columnShareByNode,
    monotone,
    categorySmoothing: config.categorySmoothing,
    categoryL2: config.categoryL2,
    maxCategoriesPerSplit: config.maxCategoriesPerSplit,
    oneVersusRestLimit: config.categories === "one-hot" ? ALL_CATEGORIES : config.oneVersusRestLimit,
    minRowsPerCategoryGroup: config.minRowsPerCategoryGroup,
    extraTrees: config.extraTrees,
    pathSmoothing: config.pathSmoothing,
    ...(config.linearLeaves ? { linearL2: config.linearL2 } : {}),
    patience: config.earlyStopping,
    minImprovement: 0,
    seed: context.random.fork("gbdt").integer(2 ** 31),
  };
}
