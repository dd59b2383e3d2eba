import type { ColumnSource } from "../../../engines/kernels/binned-columns.js";
import { type ForestSettings, growForest } from "../../../engines/kernels/forest.js";
import { featureViews } from "../../../foundation/contracts/feature-matrix.js";
import { type Target, targetRows } from "../../../foundation/contracts/target.js";
import type {
  Fitted,
  LabelledFrame,
  TrainingContext,
  TrainingData,
} from "../../../foundation/contracts/trainer.js";
import { exampleWeights } from "../numeric/example-weights.js";
import { type ForestConfig, numberOfTrees } from "./config.js";
import { type ForestState, restoreForest } from "./fitted.js";
import { toForestEnsemble } from "./grown-trees.js";

/** Trains any member of the family; `randomSplits` makes extremely randomized trees. */
export async function fitForest(
  { train }: TrainingData,
  config: ForestConfig,
  context: TrainingContext,
  randomSplits: boolean,
): Promise<Fitted<ForestState>> {
  const views = featureViews(train.features);
  const columns = views.map(
    ({ values, offset, stride, categories }): ColumnSource => ({
      values,
      offset,
      stride,
      categories: config.categories === "ordinal" ? 0 : (categories?.length ?? 0),
    }),
  );
  const classes = train.target.task === "regression" ? 0 : train.target.classes.length;
  const { labels, center, scale } = centred(train.target);
  const weights = weightsOf(train, config);
  const settings = forestSettings(config, context, {
    classes,
    features: columns.length,
    randomSplits,
    scale,
    train,
  });
  const forest = await growForest(
    {
      rows: targetRows(train.target),
      columns,
      labels,
      ...(weights ? { weights: Float32Array.from(weights) } : {}),
    },
    settings,
    {
      threads: context.threads,
      signal: context.signal,
      report: (done) => context.report({ stage: "trees", done, total: settings.trees }),
    },
  );
  const categories = Int32Array.from(columns, (column) => column.categories);
  const ensemble = toForestEnsemble(forest, { categories, scale, base: center });
  return restoreForest({ ensemble, classes, names: views.map((view) => view.name) });
}

function weightsOf({ target, weights }: LabelledFrame, config: ForestConfig): Float64Array | undefined {
  return exampleWeights(target, weights, config.classWeights);
}

/** Labels in float32; values centred and scaled by a power of two, so that little precision is lost. */
function centred(target: Target): { labels: Float32Array; center: number; scale: number } {
  if (target.task !== "regression") return { labels: Float32Array.from(target.codes), center: 0, scale: 1 };
  const center = target.values.reduce((sum, value) => sum + value / target.values.length, 0);
  const widest = target.values.reduce((most, value) => Math.max(most, Math.abs(value - center)), 0);
  const scale = widest > 0 ? 2 ** Math.ceil(Math.log2(widest)) : 1;
  return { labels: Float32Array.from(target.values, (value) => (value - center) / scale), center, scale };
}

interface ForestFacts {
  readonly classes: number;
  readonly features: number;
  readonly randomSplits: boolean;
  readonly scale: number;
  readonly train: LabelledFrame;
}

function forestSettings(config: ForestConfig, context: TrainingContext, facts: ForestFacts): ForestSettings {
  const { classes, features, scale, train } = facts;
  const wished = numberOfTrees(config.trees, targetRows(train.target));
  const squared = classes > 0 ? 1 : scale ** 2;
  return {
    classes,
    trees: Math.min(wished, context.maxIterations ?? wished),
    bootstrap: config.bootstrap ?? false,
    featuresPerNode: featuresPerNode(config.featureShare, features, classes),
    randomSplits: facts.randomSplits,
    criterion: config.criterion,
    oneVersusRest: config.categories === "one-hot",
    maxDepth: config.maxDepth,
    minRowsPerLeaf: config.minRowsPerLeaf,
    minSplitGain: (config.minImpurityDecrease * targetRows(train.target)) / squared,
    maxBins: config.maxBins,
    seed: context.random.fork("forest").integer(2 ** 31),
  };
}

/** How many features a split tries. */
export function featuresPerNode(share: number, features: number, classes: number): number {
  if (share > 0) return Math.max(1, Math.round(share * features));
  return Math.max(1, Math.round(classes > 0 ? Math.sqrt(features) : features / 3));
}
