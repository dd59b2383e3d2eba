import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import type { Predictions, Target } from "../../../foundation/contracts/target.js";
import {
  defineTrainer,
  type Fitted,
  type TrainingContext,
  type TrainingData,
} from "../../../foundation/contracts/trainer.js";
import {
  columnMoments,
  type Design,
  predictionDesign,
  takeDesignRows,
  trainingDesign,
} from "../numeric/design.js";
import { stratifiedSample } from "../numeric/folds.js";
import { emitNearestNeighbours } from "./emit-neighbours.js";
import {
  createSearchSpace,
  distanceUnit,
  findNeighbours,
  type Neighbours,
  type SearchSpace,
} from "./neighbour-search.js";
import type { NeighboursState } from "./neighbours-state.js";

const config = z.strictObject({
  neighbours: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(5)
    .register(fields, {
      title: "Neighbours",
      unit: "rows",
      tune: { low: 1, high: 100, scale: "log", integer: true },
    }),
  weighting: z
    .enum(["uniform", "distance"])
    .default("uniform")
    .register(fields, {
      title: "Weighting",
      help: "`distance` weighs a neighbour by one over its distance.",
      tune: { choices: ["uniform", "distance"] },
    }),
  maximumRows: z.number().int().min(1).default(20_000).register(fields, {
    title: "Most stored rows",
    help: "The model is its rows; beyond this many a random sample is kept, classes in proportion.",
    unit: "rows",
  }),
});
type Config = z.infer<typeof config>;

function remember({ train }: TrainingData, options: Config, context: TrainingContext): NeighboursState {
  const all = trainingDesign(train.features, "nearest-neighbours");
  const groups = train.target.task === "regression" ? new Int32Array(all.rows) : train.target.codes;
  const sample = stratifiedSample(groups, options.maximumRows, context.random.fork("sample"));
  const design = sample ? takeDesignRows(all, sample) : all;
  const targets = storedTargets(train.target, sample);
  const center = Float32Array.from(columnMoments(design).mean);
  return {
    points: design.values,
    rows: design.rows,
    width: design.width,
    center,
    unit: distanceUnit(design.values, design.width, center),
    neighbours: Math.min(options.neighbours, design.rows),
    weighting: options.weighting,
    classes: train.target.task === "regression" ? 0 : train.target.classes.length,
    targets,
    diagnostics: {
      importance: {},
      size: { rows: design.rows },
      notes: sample ? [`Keeps a random sample of ${design.rows} of ${all.rows} rows.`] : [],
    },
  };
}

function storedTargets(target: Target, sample: Int32Array | undefined): Float64Array {
  const values = target.task === "regression" ? target.values : target.codes;
  return sample ? Float64Array.from(sample, (row) => values[row]!) : Float64Array.from(values);
}

/** Votes of one query's neighbours into `votes`; returns their sum. */
function castVotes(
  distances: Float64Array,
  start: number,
  weighting: "uniform" | "distance",
  votes: Float64Array,
): number {
  // Neighbours at distance 0, when there are any, decide alone.
  const touching = distances[start] === 0;
  let sum = 0;
  for (let i = 0; i < votes.length; i++) {
    const distance = distances[start + i]!;
    votes[i] = weighting === "uniform" ? 1 : touching ? (distance === 0 ? 1 : 0) : 1 / Math.sqrt(distance);
    sum += votes[i]!;
  }
  return sum;
}

function vote(state: NeighboursState, { rows, distances }: Neighbours, count: number): Predictions {
  const { neighbours, weighting, classes, targets } = state;
  const width = classes === 0 ? 1 : classes;
  const values = new Float64Array(count * width);
  const votes = new Float64Array(neighbours);
  for (let query = 0; query < count; query++) {
    const start = query * neighbours;
    const sum = castVotes(distances, start, weighting, votes);
    for (let i = 0; i < neighbours; i++) {
      const target = targets[rows[start + i]!]!;
      if (classes === 0) values[query]! += votes[i]! * target;
      else values[query * width + target]! += votes[i]!;
    }
    for (let k = query * width; k < (query + 1) * width; k++) values[k]! /= sum;
  }
  return classes === 0 ? { kind: "values", values } : { kind: "probabilities", values, classes };
}

function restore(state: NeighboursState): Fitted<NeighboursState> {
  // Arranged at the first prediction: emission alone does not need it.
  let space: SearchSpace | undefined;
  const predict = (design: Design) => {
    space ??= createSearchSpace(state.points, state.width, state.center, state.unit);
    return vote(state, findNeighbours(space, design.values, design.rows, state.neighbours), design.rows);
  };
  return {
    state,
    diagnostics: state.diagnostics,
    predict: (features) => predict(predictionDesign(features, state.width)),
    emit: (graph, features) => emitNearestNeighbours(graph, features, state),
  };
}

/** k nearest neighbours in Euclidean distance. */
export const nearestNeighbours = defineTrainer<typeof config, NeighboursState>({
  id: "nearest-neighbours",
  version: 1,
  summary: "k nearest neighbours, with equal votes or votes by distance.",
  config,
  tasks: ["binary", "multiclass", "regression"],
  capabilities: {
    features: "distance",
    missingValues: false,
    categories: false,
    sampleWeights: false,
    earlyStopping: false,
  },
  estimate({ rows, features }, { maximumRows }) {
    const stored = Math.min(rows, maximumRows);
    return {
      seconds: 0.005 + rows * features * 1e-8,
      // Prediction holds the distances of a batch of 1,000 rows.
      bytes: rows * features * 4 + stored * (features * 8 + 1000 * 16),
    };
  },
  async fit(data, options, context) {
    context.signal.throwIfAborted();
    return restore(remember(data, options, context));
  },
  restore,
});
