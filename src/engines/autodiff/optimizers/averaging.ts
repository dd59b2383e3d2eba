/** Exponential moving averages of the weights themselves, which often judge better than the last ones. */
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import { blended, type Optimizer, type Update } from "./optimizer.js";

/** The slot that holds the average. */
export const AVERAGE = "average";

/**
 * The optimizer with an average of the parameters beside them (Polyak and Juditsky, 1992; Tarvainen and Valpola,
 * 2017). Training goes on from the parameters; `debiased` reads the average.
 * @param decay share of the old average that a step keeps, in (0, 1)
 */
export function averaged<Slot extends string, Scalar extends string>(
  optimizer: Optimizer<Slot, Scalar>,
  decay: number,
): Optimizer<Slot | typeof AVERAGE, Scalar> {
  return {
    ...optimizer,
    slots: [...optimizer.slots, AVERAGE],
    slotShape: (slot, shape) =>
      slot === AVERAGE || !optimizer.slotShape ? shape : optimizer.slotShape(slot as Slot, shape),
    update(x, variable): Update<Slot | typeof AVERAGE> {
      const { parameter, slots } = optimizer.update(x, variable);
      const average = blended(x, variable.slots[AVERAGE], parameter, decay);
      const all: Partial<Record<string, GraphValue>> = { ...slots, [AVERAGE]: average };
      return { parameter, slots: all as Update<Slot | typeof AVERAGE>["slots"] };
    },
  };
}

/** The average after `steps` steps freed of the 0 it began with (as Adam's means are). */
export function debiased(average: Float32Array, decay: number, steps: number): Float32Array {
  const weight = 1 - decay ** steps;
  return average.map((value) => value / weight);
}
