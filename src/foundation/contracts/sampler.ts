import type { z } from "zod";
import type { Random } from "../base/random.js";
import type { Extension } from "./extension.js";
import type { Configuration, SearchSpace } from "./search-space.js";

/** What a trial had reached at one point of its work. */
export interface IntermediateValue {
  /** Work done so far in the study's own unit (folds, iterations), 1 or more. */
  readonly step: number;
  /** Lower is better; NaN where undefined. */
  readonly value: number;
}

/** One finished trial. */
export interface Observation {
  /** Distinct; a later trial has a higher one. */
  readonly number: number;
  /** Usually of the same space; names and values the space does not know are ignored. */
  readonly configuration: Configuration;
  readonly state: "complete" | "pruned" | "failed";
  /** Lower is better. Pruned: the last value seen. Failed: NaN. */
  readonly value: number;
  /** Ascending by step; empty where nothing was reported. */
  readonly steps: readonly IntermediateValue[];
  /**
   * What the trial cost, 0 or more. A study that must repeat byte for byte gives an estimate or counted work here,
   * not measured time: samplers that mind the cost choose by it.
   */
  readonly seconds: number;
}

export interface SamplerRequest<Config = Record<string, unknown>> {
  /** At least one dimension. */
  readonly space: SearchSpace;
  /** In the order of the trial numbers; also trials that no sampler proposed. */
  readonly history: readonly Observation[];
  /** How many trials will run before the sampler is asked again, 1 or more. */
  readonly count: number;
  /** The study's stream for this sampler. Only forked, so that its position never matters. */
  readonly random: Random;
  readonly config: Config;
}

/**
 * Proposes the next configurations. Without state: a pure function of the request, so that a study that was
 * killed goes on as if it had not been. Checked by `conformance/sampler`.
 */
export interface Sampler<Config extends z.ZodObject = z.ZodObject> extends Extension<Config> {
  /** `count` valid configurations, different from each other where the space has as many. */
  suggest(request: SamplerRequest<z.infer<Config>>): readonly Configuration[];
}

export function defineSampler<Config extends z.ZodObject>(sampler: Sampler<Config>): Sampler<Config> {
  return Object.freeze(sampler);
}
