/** Every built-in extension, in explicit lists: nothing is found by globbing or registered by import. */

import { METRICS } from "./capabilities/evaluation/metrics/index.js";
import { planLabelFeatures } from "./capabilities/features/plan/labels.js";
import type { StructuredTaskDefinition } from "./capabilities/structured/definition.js";
import { detection } from "./capabilities/structured/detection/detection.js";
import { createMultilabel } from "./capabilities/structured/multilabel/multilabel.js";
import { segmentation } from "./capabilities/structured/segmentation/segmentation.js";
import { tagging } from "./capabilities/structured/tagging/tagging.js";
import { complementNaiveBayes } from "./capabilities/trainers/bayes/complement-naive-bayes.js";
import { gaussianNaiveBayes } from "./capabilities/trainers/bayes/gaussian-naive-bayes.js";
import { multinomialNaiveBayes } from "./capabilities/trainers/bayes/multinomial-naive-bayes.js";
import { dummy } from "./capabilities/trainers/dummy/dummy.js";
import { decisionTree } from "./capabilities/trainers/forest/decision-tree.js";
import { extraTrees } from "./capabilities/trainers/forest/extra-trees.js";
import { randomForest } from "./capabilities/trainers/forest/random-forest.js";
import { gbdt } from "./capabilities/trainers/gbdt/gbdt.js";
import { kernelRidge } from "./capabilities/trainers/kernel/kernel-ridge.js";
import { kernelSvm } from "./capabilities/trainers/kernel/kernel-svm.js";
import { elasticNet } from "./capabilities/trainers/linear/elastic-net.js";
import { lasso } from "./capabilities/trainers/linear/lasso.js";
import { leastSquares } from "./capabilities/trainers/linear/least-squares.js";
import { linearSvm } from "./capabilities/trainers/linear/linear-svm.js";
import { logisticRegression } from "./capabilities/trainers/linear/logistic-regression.js";
import { quadraticRidge } from "./capabilities/trainers/linear/quadratic-ridge.js";
import { ridge } from "./capabilities/trainers/linear/ridge.js";
import { createBinaryRelevance } from "./capabilities/trainers/multilabel/binary-relevance.js";
import { LABEL_NETWORKS } from "./capabilities/trainers/multilabel/label-networks.js";
import { nearestNeighbours } from "./capabilities/trainers/neighbours/nearest-neighbours.js";
import { detector } from "./capabilities/trainers/neural/detection/detector.js";
import { neuralNetwork } from "./capabilities/trainers/neural/neural-network.js";
import { segmenter } from "./capabilities/trainers/neural/segmentation/segmenter.js";
import { encoderTagger } from "./capabilities/trainers/neural/tagging/encoder-tagger.js";
import { tagger } from "./capabilities/trainers/neural/tagging/tagger.js";
import { textEncoder } from "./capabilities/trainers/neural/text/pretrained/text-encoder.js";
import { textNetwork } from "./capabilities/trainers/neural/text/text-trainer.js";
import { ftTransformer } from "./capabilities/trainers/neural/tokens/ft-transformer.js";
import { imageNetwork } from "./capabilities/trainers/neural/vision/image-trainer.js";
import { imageEncoder } from "./capabilities/trainers/neural/vision/pretrained/image-encoder.js";
import type { Metric } from "./foundation/contracts/metric.js";
import type { StructuredTrainer } from "./foundation/contracts/structured-trainer.js";
import type { Trainer } from "./foundation/contracts/trainer.js";

/** A list of extensions hides their config and state types: the schema checks the one, the trainer makes the other. */
const trainers = (...list: readonly { readonly id: string }[]): readonly Trainer[] =>
  list as unknown as readonly Trainer[];

export const BASELINE: Trainer = trainers(dummy)[0]!;

export const TRAINERS: readonly Trainer[] = trainers(
  gbdt,
  randomForest,
  extraTrees,
  decisionTree,
  logisticRegression,
  linearSvm,
  leastSquares,
  ridge,
  lasso,
  elasticNet,
  quadraticRidge,
  gaussianNaiveBayes,
  multinomialNaiveBayes,
  complementNaiveBayes,
  nearestNeighbours,
  kernelRidge,
  kernelSvm,
  neuralNetwork,
  ftTransformer,
  textNetwork,
  textEncoder,
  imageNetwork,
  imageEncoder,
  dummy,
);

const structuredTrainers = (...list: readonly { readonly id: string }[]): readonly StructuredTrainer[] =>
  list as unknown as readonly StructuredTrainer[];

const binaryRelevance = createBinaryRelevance(TRAINERS);

/** The first of a task is what is trained where a project names none and the task prefers none. */
export const STRUCTURED_TRAINERS: readonly StructuredTrainer[] = structuredTrainers(
  tagger,
  encoderTagger,
  detector,
  segmenter,
  binaryRelevance,
  ...LABEL_NETWORKS,
);

const structuredTasks = (
  ...list: readonly { readonly task: string }[]
): readonly StructuredTaskDefinition[] => list as unknown as readonly StructuredTaskDefinition[];

/** Features as the trainer of tables wants them that learns the labels, or is the same network. */
const multilabel = createMultilabel(({ inputs, trainer, config, ...texts }) => {
  const learner = trainer === binaryRelevance.id ? config.learner : trainer;
  const found = TRAINERS.find(({ id }) => id === learner);
  return planLabelFeatures(inputs, found?.capabilities.features ?? "linear", texts);
});

/** How the truth of each structured task is read, prepared and judged. */
export const STRUCTURED_TASK_DEFINITIONS: readonly StructuredTaskDefinition[] = structuredTasks(
  tagging,
  detection,
  segmentation,
  multilabel,
);

export const METRIC_LIST: readonly Metric[] = METRICS;

export { FINDERS } from "./capabilities/data/findings/finders/index.js";
export { PRUNERS, SAMPLERS } from "./capabilities/tuning/index.js";
