import type { Division } from "./divide.js";

/** How often the whole procedure is repeated: once a fold, and once for the model that is kept. */
export function roundsOf({ splits }: Pick<Division, "splits">): number {
  return splits.length > 1 ? splits.length + 1 : 1;
}
