/** The state of a training: storages of parameters and the slots of the optimizer beside each. */
import { elementCount } from "../../../foundation/contracts/tensor.js";
import { type Optimizer, slotShapes } from "../optimizers/index.js";
import type { ParameterLayout } from "../parameters.js";
import type { NamedState, TrainingState } from "../training.js";

export const slotName = (storage: string, slot: string): string => `${storage}/${slot}`;

export function initialContents(layout: ParameterLayout, optimizer: Optimizer): Record<string, Float32Array> {
  const contents: Record<string, Float32Array> = {};
  for (const [k, values] of layout.initial().entries()) {
    const { name, shape, role } = layout.storages[k]!;
    contents[name] = values;
    if (role !== "trained") continue;
    for (const [slot, own] of slotShapes(optimizer, shape)) {
      contents[slotName(name, slot)] = new Float32Array(elementCount(own));
    }
  }
  return contents;
}

/** Views of the contents, one for each parameter. */
export function namedState(
  layout: ParameterLayout,
  { slots }: Optimizer,
  { step, contents }: TrainingState,
): NamedState {
  const places = layout.places();
  const viewsOf = (nameOf: (storage: string) => string) =>
    new Map(
      places.flatMap(({ name, storage, start, end }): [string, Float32Array][] => {
        const whole = contents[nameOf(layout.storages[storage]!.name)];
        return whole ? [[name, whole.subarray(start, end)]] : [];
      }),
    );
  return {
    step,
    parameters: viewsOf((storage) => storage),
    slots: Object.fromEntries(slots.map((slot) => [slot, viewsOf((storage) => slotName(storage, slot))])),
  };
}
