import type { z } from "zod";
import type { Extension, WorkContext } from "./extension.js";

/**
 * One cached piece of a workflow. Its key is id, version, resolved config, the hashes of its inputs and the
 * seed; the same key gives the same bytes, so a step that ran is never run again. Outputs are plain values
 * (base/packing) and are stored as blobs; a hit requires that they exist and verify.
 */
export interface Step<Config extends z.ZodObject, Input, Output> extends Extension<Config> {
  run(input: Input, config: z.infer<Config>, context: WorkContext): Promise<Output>;
}

export function defineStep<Config extends z.ZodObject, Input, Output>(
  step: Step<Config, Input, Output>,
): Step<Config, Input, Output> {
  return Object.freeze(step);
}
