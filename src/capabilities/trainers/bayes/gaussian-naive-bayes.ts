import { z } from "zod";
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
  type TrainingData,
} from "../../../foundation/contracts/trainer.js";
import {
  columnMoments,
  type Design,
  designInGraph,
  predictionDesign,
  trainingDesign,
} from "../numeric/design.js";
import { classCounts } from "../numeric/example-weights.js";
import { emitSoftmax } from "../numeric/graph-links.js";
import { importanceShares } from "../numeric/shares.js";
import { classificationTarget } from "../numeric/targets.js";
import { logPriors, probabilitiesOf, uniformPriorField } from "./naive-bayes-model.js";

const config = z.strictObject({
  varianceSmoothing: z
    .number()
    .positive()
    .default(1e-9)
    .register(fields, {
      title: "Variance smoothing",
      help: "Share of the greatest feature variance added to all variances.",
      tune: { low: 1e-12, high: 1e-1, scale: "log" },
    }),
  uniformPrior: uniformPriorField(),
});
type Config = z.infer<typeof config>;

/**
 * Log joint density of class c at z = x - center: sum_j (quadratic_cj z_j^2 + linear_cj z_j) + constant_c.
 * Float64 throughout, in the graph as well: variances may lie nine orders apart.
 */
interface GaussianState {
  readonly width: number;
  readonly classes: number;
  readonly center: Float32Array;
  /** `classes * width`. */
  readonly quadratic: Float64Array;
  readonly linear: Float64Array;
  readonly constant: Float64Array;
  readonly diagnostics: FitDiagnostics;
}

interface ClassMoments {
  readonly counts: Float64Array;
  /** `classes * width`, about `center`. */
  readonly means: Float64Array;
  readonly variances: Float64Array;
}

function classMoments(
  design: Design,
  codes: Int32Array,
  counts: Float64Array,
  weights: Float64Array | undefined,
  center: Float32Array,
): ClassMoments {
  const { rows, width, values } = design;
  const means = new Float64Array(counts.length * width);
  const variances = new Float64Array(counts.length * width);
  for (let row = 0; row < rows; row++) {
    const code = codes[row]!;
    if (counts[code] === 0) continue;
    const share = (weights ? weights[row]! : 1) / counts[code]!;
    for (let j = 0; j < width; j++) {
      means[code * width + j]! += share * (values[row * width + j]! - center[j]!);
    }
  }
  for (let row = 0; row < rows; row++) {
    const code = codes[row]!;
    if (counts[code] === 0) continue;
    const share = (weights ? weights[row]! : 1) / counts[code]!;
    for (let j = 0; j < width; j++) {
      const deviation = values[row * width + j]! - center[j]! - means[code * width + j]!;
      variances[code * width + j]! += share * deviation * deviation;
    }
  }
  return { counts, means, variances };
}

/** Unweighted column means and variances, as scikit-learn smooths by. */
function columnVariances(design: Design): { center: Float32Array; variances: Float64Array } {
  const { mean, deviation } = columnMoments(design);
  return { center: Float32Array.from(mean), variances: deviation.map((value) => value * value) };
}

function fitGaussians({ train }: TrainingData, options: Config): Fitted<GaussianState> {
  const target = classificationTarget(train.target, "gaussian-naive-bayes");
  const design = trainingDesign(train.features, "gaussian-naive-bayes");
  const { width } = design;
  const counts = classCounts(target, train.weights);
  const { center, variances: overall } = columnVariances(design);
  const moments = classMoments(design, target.codes, counts, train.weights, center);
  const greatest = overall.reduce((most, value) => Math.max(most, value), 0);
  // All features constant: any positive number serves.
  const smoothing = greatest > 0 ? options.varianceSmoothing * greatest : options.varianceSmoothing;
  const constant = logPriors(counts, options.uniformPrior);
  const quadratic = new Float64Array(counts.length * width);
  const linear = new Float64Array(counts.length * width);
  const spread = new Float64Array(width);
  for (let code = 0; code < counts.length; code++) {
    for (let j = 0; j < width; j++) {
      const index = code * width + j;
      // A class without rows is given the overall variance; its prior keeps it away.
      const variance = (counts[code]! > 0 ? moments.variances[index]! : overall[j]!) + smoothing;
      const mean = moments.means[index]!;
      quadratic[index] = -0.5 / variance;
      linear[index] = mean / variance;
      constant[code]! -= 0.5 * (Math.log(2 * Math.PI * variance) + (mean * mean) / variance);
      spread[j]! += (counts[code]! * mean * mean) / variance;
    }
  }
  const importance = importanceShares(design.names, spread);
  const diagnostics = { importance, size: { gaussians: counts.length * width } };
  return restore({ width, classes: counts.length, center, quadratic, linear, constant, diagnostics });
}

function scores(design: Design, state: GaussianState): Float64Array {
  const { width, classes, center, quadratic, linear, constant } = state;
  const result = new Float64Array(design.rows * classes);
  for (let row = 0; row < design.rows; row++) {
    for (let code = 0; code < classes; code++) {
      let sum = constant[code]!;
      for (let j = 0; j < width; j++) {
        const value = design.values[row * width + j]! - center[j]!;
        sum += (quadratic[code * width + j]! * value + linear[code * width + j]!) * value;
      }
      result[row * classes + code] = sum;
    }
  }
  return result;
}

function emit(graph: GraphBuilder, features: readonly GraphColumn[], state: GaussianState): GraphValue {
  const { width, classes, center, quadratic, linear, constant } = state;
  const matrix = (values: Float64Array) => graph.constant("float64", [classes, width], values);
  const transposed = { attributes: { transB: { int: 1 } } };
  const centered = graph.op("Sub", [
    cast(graph, designInGraph(graph, features), "float64"),
    graph.constant("float64", [1, width], Float64Array.from(center)),
  ]);
  const constants = graph.constant("float64", [1, classes], constant);
  const first = graph.op("Gemm", [centered, matrix(linear), constants], transposed);
  const squares = graph.op("Mul", [centered, centered]);
  const joint = graph.op("Gemm", [squares, matrix(quadratic), first], transposed);
  return cast(graph, emitSoftmax(graph, joint), "float32");
}

function restore(state: GaussianState): Fitted<GaussianState> {
  return {
    state,
    diagnostics: state.diagnostics,
    predict: (features) =>
      probabilitiesOf(scores(predictionDesign(features, state.width), state), state.classes),
    emit: (graph, features) => emit(graph, features, state),
  };
}

/** Independent normal features within each class. */
export const gaussianNaiveBayes = defineTrainer<typeof config, GaussianState>({
  id: "gaussian-naive-bayes",
  version: 1,
  summary: "Naive Bayes with normally distributed features.",
  config,
  tasks: ["binary", "multiclass"],
  capabilities: {
    features: "linear",
    missingValues: false,
    categories: false,
    sampleWeights: true,
    earlyStopping: false,
  },
  estimate: ({ rows, features }) => ({
    seconds: 0.005 + rows * features * 1e-8,
    bytes: rows * features * 4,
  }),
  async fit(data, options, context) {
    context.signal.throwIfAborted();
    return fitGaussians(data, options);
  },
  restore,
});
