/** All samplers and pruners; a study picks one of each by id. */
import type { Pruner } from "../../foundation/contracts/pruner.js";
import type { Sampler } from "../../foundation/contracts/sampler.js";
import { hyperbandPruner } from "./pruners/hyperband.js";
import { medianPruner } from "./pruners/median.js";
import { noPruner } from "./pruners/none.js";
import { successiveHalvingPruner } from "./pruners/successive-halving.js";
import { wilcoxonPruner } from "./pruners/wilcoxon.js";
import { cmaEsSampler } from "./samplers/cma-es/cma-es.js";
import { costFrugalSampler } from "./samplers/cost-frugal/cost-frugal.js";
import { gaussianProcessSampler } from "./samplers/gaussian-process/gaussian-process.js";
import { gridSampler } from "./samplers/grid.js";
import { randomSampler } from "./samplers/random.js";
import { sobolSampler } from "./samplers/sobol.js";
import { tpeSampler } from "./samplers/tpe/tpe.js";

export { Tried, uniformConfiguration } from "./samplers/proposals.js";
export { parentsFirst } from "./space/conditions.js";
export { configurationAt, coordinateOf } from "./space/coordinates.js";

/** A list hides the config types: each schema checks its own. */
const list = <Kind>(...extensions: readonly { readonly id: string }[]): readonly Kind[] =>
  extensions as unknown as readonly Kind[];

export const SAMPLERS: readonly Sampler[] = list<Sampler>(
  randomSampler,
  gridSampler,
  sobolSampler,
  tpeSampler,
  gaussianProcessSampler,
  cmaEsSampler,
  costFrugalSampler,
);

export const PRUNERS: readonly Pruner[] = list<Pruner>(
  noPruner,
  medianPruner,
  successiveHalvingPruner,
  hyperbandPruner,
  wilcoxonPruner,
);
