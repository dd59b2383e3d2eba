import { z } from "zod";
import { weightedMean, weightedMedian } from "../../../foundation/base/statistics.js";
import { fields } from "../../../foundation/contracts/extension.js";
import type { GraphBuilder, GraphColumn, GraphValue } from "../../../foundation/contracts/graph.js";
import type { Target } from "../../../foundation/contracts/target.js";
import { defineTrainer, type Fitted } from "../../../foundation/contracts/trainer.js";
import { averageShares, meanArray } from "../numeric/average-shares.js";
import { classCounts } from "../numeric/example-weights.js";

const config = z.strictObject({
  center: z.enum(["mean", "median"]).default("mean").register(fields, {
    title: "Centre",
    help: "What a regression predicts for every row; classes get their shares of the training rows.",
  }),
});

interface DummyState {
  readonly kind: "probabilities" | "values";
  /** What every row gets. */
  readonly values: Float64Array;
}

function constantPrediction(
  target: Target,
  weights: Float64Array | undefined,
  center: "mean" | "median",
): Float64Array {
  if (target.task !== "regression") {
    const counts = classCounts(target, weights);
    const total = counts.reduce((sum, count) => sum + count, 0);
    return counts.map((count) => (total > 0 ? count / total : 1 / counts.length));
  }
  return Float64Array.of(
    center === "mean"
      ? weightedMean(target.values.length, weights, (row) => target.values[row]!)
      : weightedMedian(target.values, weights),
  );
}

/** The constant repeated for as many rows as the features have. */
function emitConstant(
  graph: GraphBuilder,
  features: readonly GraphColumn[],
  values: Float64Array,
): GraphValue {
  const first = features[0];
  if (!first) throw new Error("The dummy trainer needs a feature column to know the number of rows.");
  const rows = graph.op("Shape", [first.value], { attributes: { start: { int: 0 }, end: { int: 1 } } });
  const width = graph.constant("int64", [1], BigInt64Array.of(BigInt(values.length)));
  const shape = graph.op("Concat", [rows, width], { attributes: { axis: { int: 0 } } });
  const row = graph.constant("float32", [1, values.length], Float32Array.from(values));
  return graph.op("Expand", [row, shape]);
}

function restore(state: DummyState): Fitted<DummyState> {
  const { kind, values } = state;
  const width = values.length;
  return {
    state,
    diagnostics: { importance: {}, notes: ["Predicts the same for every row."] },
    predict({ rows }) {
      const repeated = Float64Array.from({ length: rows * width }, (_, i) => values[i % width]!);
      return kind === "values" ? { kind, values: repeated } : { kind, values: repeated, classes: width };
    },
    emit: (graph, features) => emitConstant(graph, features, values),
  };
}

/** The baseline every report compares with: class shares, or the mean or median. */
export const dummy = defineTrainer<typeof config, DummyState>({
  id: "dummy",
  version: 1,
  summary: "Baseline that ignores the features: class shares, mean or median.",
  config,
  tasks: ["binary", "multiclass", "regression"],
  capabilities: {
    features: "none",
    missingValues: true,
    categories: true,
    sampleWeights: true,
    earlyStopping: false,
    calibrated: true,
  },
  estimate: ({ rows }) => ({ seconds: 0.001 + rows * 2e-7, bytes: rows * 16 }),
  async fit({ train }, options, context) {
    context.signal.throwIfAborted();
    return restore({
      kind: train.target.task === "regression" ? "values" : "probabilities",
      values: constantPrediction(train.target, train.weights, options.center),
    });
  },
  restore,
  average: (states, weights) => ({
    kind: states[0]!.kind,
    values: meanArray(
      states.map((state) => state.values),
      averageShares(states.length, weights),
    ),
  }),
});
