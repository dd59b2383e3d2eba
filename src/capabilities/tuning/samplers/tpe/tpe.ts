import { z } from "zod";
import type { Random } from "../../../../foundation/base/random.js";
import { fields } from "../../../../foundation/contracts/extension.js";
import { defineSampler, type Observation } from "../../../../foundation/contracts/sampler.js";
import type { Configuration, SearchSpace } from "../../../../foundation/contracts/search-space.js";
import { parentsFirst } from "../../space/conditions.js";
import { coordinatesOf } from "../../space/coordinates.js";
import { byMerit, nextNumber, Tried } from "../proposals.js";
import { spreadConfigurations } from "../sobol.js";
import { type ParzenEstimator, parzenEstimator } from "./parzen-estimator.js";

/** At most this many trials count as good, and this many of the newest others as bad. */
const MOST_GOOD = 25;
const MOST_BAD = 800;
/** The newest trials weigh 1; older ones fade linearly. */
const FULL_WEIGHT = 25;

const config = z.strictObject({
  startup: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(10)
    .register(fields, { title: "Trials spread evenly before the model takes over", unit: "trials" }),
  candidates: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(24)
    .register(fields, { title: "Draws from the good trials' density of which the best is proposed" }),
  goodShare: z
    .number()
    .gt(0)
    .max(0.5)
    .default(0.1)
    .register(fields, { title: "Share of trials that count as good" }),
});

interface Density {
  readonly points: Float64Array[];
  readonly weights: number[];
}

/**
 * Tree-structured Parzen estimator, multivariate: Bergstra et al., "Algorithms for hyper-parameter optimization",
 * NeurIPS 2011; choices of detail as in Watanabe, "Tree-structured Parzen estimator: understanding its algorithm
 * components", 2023. One joint model of all branches of a conditional space. Within a batch each proposal counts as a
 * bad trial for the next (constant liar), which spreads them.
 */
export const tpeSampler = defineSampler({
  id: "tpe",
  version: 1,
  summary: "Proposes where good trials are dense and bad ones rare; suits every kind of space.",
  config,
  suggest({ space: given, history, count, random, config }) {
    const space = parentsFirst(given);
    const startup = Math.max(0, Math.min(count, config.startup - history.length));
    const proposals = spreadConfigurations(space, history, startup, random);
    const tried = new Tried(space, history);
    for (const configuration of proposals) tried.take(() => configuration);
    const { good, bad } = splitHistory(space, history, config.goodShare);
    const below = parzenEstimator(space, good.points, good.weights);
    const first = nextNumber(history);
    while (proposals.length < count) {
      const lies = proposals.map((configuration) => coordinatesOf(space, configuration));
      const above = parzenEstimator(space, [...bad.points, ...lies], [...bad.weights, ...lies.map(() => 1)]);
      const stream = random.fork(`tpe ${first + proposals.length}`);
      const draw = () => bestCandidate(space, below, above, config.candidates, stream);
      proposals.push(tried.take(draw));
    }
    return proposals;
  },
});

function splitHistory(
  space: SearchSpace,
  history: readonly Observation[],
  goodShare: number,
): { good: Density; bad: Density } {
  const merit = byMerit(history);
  const goodCount = Math.min(MOST_GOOD, Math.ceil(goodShare * history.length));
  const density = (observations: readonly Observation[]): Density => {
    const ordered = observations.toSorted((a, b) => a.number - b.number);
    return {
      points: ordered.map(({ configuration }) => coordinatesOf(space, configuration)),
      weights: recencyWeights(ordered.length),
    };
  };
  const others = merit.slice(goodCount).toSorted((a, b) => a.number - b.number);
  return { good: density(merit.slice(0, goodCount)), bad: density(others.slice(-MOST_BAD)) };
}

function recencyWeights(count: number): number[] {
  const fading = count - FULL_WEIGHT;
  return Array.from({ length: count }, (_, k) =>
    k >= fading ? 1 : 1 / count + (k / Math.max(1, fading - 1)) * (1 - 1 / count),
  );
}

function bestCandidate(
  space: SearchSpace,
  below: ParzenEstimator,
  above: ParzenEstimator,
  candidates: number,
  random: Random,
): Configuration {
  let best: Configuration = {};
  let bestRatio = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < candidates; k++) {
    const configuration = below.sample(random);
    const point = coordinatesOf(space, configuration);
    const ratio = below.logDensity(point) - above.logDensity(point);
    if (k === 0 || ratio > bestRatio) {
      best = configuration;
      bestRatio = ratio;
    }
  }
  return best;
}
