import type { Random } from "../../../foundation/base/random.js";
import type { Observation } from "../../../foundation/contracts/sampler.js";
import type { SearchSpace } from "../../../foundation/contracts/search-space.js";
import { isComplete } from "../samplers/proposals.js";
import { createEncoder, type SpaceEncoder } from "../space/encoder.js";
import { growForest, type Tree } from "./regression-forest.js";

export interface ImportanceRequest {
  readonly history: readonly Observation[];
  /** Trees of the forest; 64 by default. */
  readonly trees?: number;
}

export interface StudyForest {
  readonly encoder: SpaceEncoder;
  /** Of the completed trials; what is inactive or unknown is half of a number and no value of a choice. */
  readonly points: readonly Float64Array[];
  readonly values: Float64Array;
  /** Absent where too few trials completed to say anything. */
  readonly trees?: readonly Tree[];
}

const TREES = 64;
const LEAST_TRIALS = 4;
/** More trials than this are thinned out evenly: the forest's answer no longer changes. */
const MOST_TRIALS = 1000;

/** The forest that predicts the value of a completed trial from its configuration. */
export function importanceForest(
  space: SearchSpace,
  { history, trees = TREES }: ImportanceRequest,
  random: Random,
): StudyForest {
  const encoder = createEncoder(space);
  const complete = history.filter(isComplete);
  const step = Math.max(1, complete.length / MOST_TRIALS);
  const kept = complete.filter((_, k) => Math.floor(k / step) !== Math.floor((k - 1) / step));
  const points = kept.map(({ configuration }) => {
    const point = encoder.encode(configuration);
    for (const { dimension, first, size } of encoder.parts) {
      if (!Number.isNaN(point[first]!)) continue;
      point.fill(dimension.kind === "number" ? 0.5 : 0, first, first + size);
    }
    return point;
  });
  const values = Float64Array.from(kept, ({ value }) => value);
  if (kept.length < LEAST_TRIALS) return { encoder, points, values };
  return { encoder, points, values, trees: growForest(points, values, trees, random) };
}
