import { z } from "zod";
import { gather } from "../../../foundation/base/gather.js";
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
import { createCheckpoint } from "../numeric/pace.js";
import { emitNearestNeighbours } from "./emit-neighbours.js";
import {
  createSearchSpace,
  distanceUnit,
  findNeighbours,
  type Neighbours,
  type SearchSpace,
  typicalDistance,
} from "./neighbour-search.js";
import { selectVotes } from "./neighbour-selection.js";
import { castVotes } from "./neighbour-votes.js";
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
      tune: { low: 2, high: 600, scale: "log", integer: true },
    }),
  weighting: z
    .enum(["uniform", "distance"])
    .default("uniform")
    .register(fields, {
      title: "Weighting",
      help: "`distance` weighs a neighbour by one over a power of its distance.",
      tune: { choices: ["uniform", "distance"] },
    }),
  power: z
    .number()
    .positive()
    .max(10)
    .default(1)
    .register(fields, {
      title: "Power",
      help: "Of the distance in the weights; greater leans on the nearest.",
      tune: { low: 0.5, high: 4 },
    }),
  softening: z
    .number()
    .nonnegative()
    .default(0)
    .register(fields, {
      title: "Softening",
      help: "Share of the typical distance that is added to each distance, so that equal rows do not decide alone.",
      tune: { choices: [0, 0.01, 0.1] },
    }),
  selection: z.enum(["leave-one-out", "none"]).default("none").register(fields, {
    title: "Selection",
    help: "`leave-one-out` chooses neighbours, weighting and power by votes of the other rows; `none` takes those above.",
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
  const unit = distanceUnit(design.values, design.width, center);
  return {
    points: design.values,
    rows: design.rows,
    width: design.width,
    center,
    unit,
    neighbours: Math.min(options.neighbours, design.rows),
    weighting: options.weighting,
    power: options.power,
    softening: (options.softening * typicalDistance(design.values, design.width, center)) / Math.sqrt(unit),
    classes: train.target.task === "regression" ? 0 : train.target.classes.length,
    targets,
    diagnostics: {
      importance: {},
      size: { rows: design.rows },
      notes: sample ? [`Keeps a random sample of ${design.rows} of ${all.rows} rows.`] : [],
    },
  };
}

/** Most rows whose neighbours are asked for in a selection. */
const SELECTION_ROWS = 2000;

async function select(state: NeighboursState, context: TrainingContext): Promise<NeighboursState> {
  const groups = state.classes === 0 ? new Int32Array(state.rows) : state.targets;
  const sample = stratifiedSample(groups, SELECTION_ROWS, context.random.fork("selection"));
  const queries = sample ?? Int32Array.from({ length: state.rows }, (_, row) => row);
  const checkpoint = createCheckpoint(context, "fit", queries.length);
  const votes = await selectVotes(state, queries, checkpoint);
  const { diagnostics } = state;
  const weighed = votes.weighting === "uniform" ? "equal votes" : `power ${votes.power}`;
  const notes = [
    ...(diagnostics.notes ?? []),
    `${votes.neighbours} neighbours, ${weighed}, by leave-one-out.`,
  ];
  return { ...state, ...votes, diagnostics: { ...diagnostics, notes } };
}

function storedTargets(target: Target, sample: Int32Array | undefined): Float64Array {
  const values = target.task === "regression" ? target.values : target.codes;
  return sample ? gather(values, sample) : Float64Array.from(values);
}

function vote(state: NeighboursState, { rows, distances }: Neighbours, count: number): Predictions {
  const { neighbours, classes, targets } = state;
  const width = classes === 0 ? 1 : classes;
  const values = new Float64Array(count * width);
  const votes = new Float64Array(neighbours);
  for (let query = 0; query < count; query++) {
    const start = query * neighbours;
    const sum = castVotes(state, distances, start, votes);
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
  version: 2,
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
  estimate({ rows, features }, { maximumRows, selection }) {
    const stored = Math.min(rows, maximumRows);
    const searched = selection === "none" ? 0 : Math.min(stored, SELECTION_ROWS);
    return {
      seconds: 0.002 + rows * features * 8e-9 + searched * (stored * (features * 0.5e-9 + 8e-9) + 3e-4),
      // Prediction holds the distances of a batch of 1,000 rows.
      bytes: rows * features * 4 + stored * (features * 8 + 1000 * 16),
    };
  },
  async fit(data, options, context) {
    context.signal.throwIfAborted();
    const state = remember(data, options, context);
    return restore(options.selection === "none" ? state : await select(state, context));
  },
  restore,
});
