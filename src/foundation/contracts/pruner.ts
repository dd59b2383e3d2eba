import type { z } from "zod";
import type { Extension } from "./extension.js";
import type { IntermediateValue, Observation } from "./sampler.js";

export interface PrunerRequest<Config = Record<string, unknown>> {
  /** The trial that asks; `steps` ascending, the last one new since it asked before. */
  readonly trial: { readonly number: number; readonly steps: readonly IntermediateValue[] };
  /**
   * Finished trials, in the order of their numbers. A reproducible study passes those that were finished when the
   * trial began, whatever else has ended since.
   */
  readonly peers: readonly Observation[];
  readonly config: Config;
}

/**
 * Decides after each report whether a trial is worth going on with. A pure function of the request. Checked by
 * `conformance/pruner`.
 */
export interface Pruner<Config extends z.ZodObject = z.ZodObject> extends Extension<Config> {
  /** True: stop the trial now. */
  prune(request: PrunerRequest<z.infer<Config>>): boolean;
}

export function definePruner<Config extends z.ZodObject>(pruner: Pruner<Config>): Pruner<Config> {
  return Object.freeze(pruner);
}
