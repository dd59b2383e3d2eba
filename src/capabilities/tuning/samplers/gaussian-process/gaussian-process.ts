import { z } from "zod";
import { gather } from "../../../../foundation/base/gather.js";
import { fields } from "../../../../foundation/contracts/extension.js";
import { defineSampler, type Observation } from "../../../../foundation/contracts/sampler.js";
import type { Configuration, SearchSpace } from "../../../../foundation/contracts/search-space.js";
import { parentsFirst } from "../../space/conditions.js";
import { byMerit, finiteValues, nextNumber, Tried, uniformConfiguration } from "../proposals.js";
import { spreadConfigurations } from "../sobol.js";
import { logExpectedImprovement } from "./expected-improvement.js";
import { maximizeAcquisition, modelInput } from "./maximize-acquisition.js";
import {
  fitHyperparameters,
  type ModelData,
  type Posterior,
  posterior,
  withObservation,
} from "./regression.js";

/** The best trials whose neighbourhood the search for the next one looks at. */
const PROMISING = 5;

const config = z.strictObject({
  startup: z
    .number()
    .int()
    .min(2)
    .max(1000)
    .default(10)
    .register(fields, { title: "Trials spread evenly before the model takes over", unit: "trials" }),
  modelSize: z.number().int().min(10).max(1000).default(150).register(fields, {
    title: "Most trials the model holds",
    help: "The best and the newest; time grows with the cube.",
    unit: "trials",
  }),
});

/**
 * Bayesian optimisation: a Gaussian process and log expected improvement (Jones, Schonlau and Welch, 1998). Within a
 * batch the model believes its own prediction at each proposal (Kriging believer, Ginsbourger et al., 2010).
 */
export const gaussianProcessSampler = defineSampler({
  id: "gaussian-process",
  version: 1,
  summary: "Needs the fewest trials where few numbers matter; a proposal takes up to a second.",
  config,
  suggest({ space: given, history, count, random, config }) {
    const space = parentsFirst(given);
    const startup = Math.max(0, Math.min(count, config.startup - history.length));
    const proposals = spreadConfigurations(space, history, startup, random);
    if (proposals.length === count) return proposals;
    const tried = new Tried(space, history);
    for (const configuration of proposals) tried.take(() => configuration);
    let model = fitModel(space, history, config.modelSize);
    for (const configuration of proposals) model = believe(model, modelInput(space, configuration));
    const promising = byMerit(history)
      .slice(0, PROMISING)
      .map(({ configuration }) => configuration);
    const first = nextNumber(history);
    while (proposals.length < count) {
      const stream = random.fork(`gaussian-process ${first + proposals.length}`);
      const best = leastMean(model);
      const found = maximizeAcquisition({
        space,
        promising,
        random: stream,
        evaluate: (input, gradient) => logExpectedImprovement(model, best, input, gradient),
        isTried: (configuration) => tried.has(configuration),
      });
      const proposal: Configuration = tried.take((attempt) =>
        found && attempt === 0 ? found : uniformConfiguration(space, stream),
      );
      proposals.push(proposal);
      model = believe(model, modelInput(space, proposal));
    }
    return proposals;
  },
});

function believe(model: Posterior, input: Float64Array): Posterior {
  return withObservation(model, input, model.predict(input).mean);
}

/** The least of the model's means at the trials: less misled by luck than the least value. */
function leastMean(model: Posterior): number {
  return model.data.points.reduce(
    (least, point) => Math.min(least, model.predict(point).mean),
    Number.POSITIVE_INFINITY,
  );
}

function fitModel(space: SearchSpace, history: readonly Observation[], modelSize: number): Posterior {
  const values = finiteValues(history);
  const rows = modelRows(history, modelSize);
  const data: ModelData = {
    points: rows.map((row) => modelInput(space, history[row]!.configuration)),
    isChoice: space.map(({ kind }) => kind === "choice"),
    values: standardize(gather(values, rows)),
  };
  return posterior(data, fitHyperparameters(data));
}

/** Positions of the best half and of the newest others. */
function modelRows(history: readonly Observation[], modelSize: number): number[] {
  if (history.length <= modelSize) return Array.from(history.keys());
  const best = new Set(byMerit(history).slice(0, modelSize >> 1));
  const others = Array.from(history.keys()).filter((row) => !best.has(history[row]!));
  const newest = new Set(others.slice(best.size - modelSize));
  return Array.from(history.keys()).filter((row) => best.has(history[row]!) || newest.has(row));
}

/**
 * Mean 0, variance 1. Values far above the others are first drawn in (to three interquartile ranges above the
 * median): how bad a bad trial was must not decide the scale on which good ones differ.
 */
function standardize(values: Float64Array): Float64Array {
  const sorted = values.toSorted();
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))]!;
  const spread = at(0.75) - at(0.25);
  const highest = spread > 0 ? at(0.5) + 3 * spread : Number.POSITIVE_INFINITY;
  const clipped = values.map((value) => Math.min(value, highest));
  // Scaled first: the squares of great values would not be finite.
  const scale = clipped.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  const small = clipped.map((value) => value / scale);
  const mean = small.reduce((a, b) => a + b, 0) / small.length;
  const deviation = Math.sqrt(small.reduce((sum, value) => sum + (value - mean) ** 2, 0) / small.length);
  return small.map((value) => (deviation > 0 ? (value - mean) / deviation : 0));
}
