/** The state of a training: storages of parameters and the slots of the optimizer beside each. */
import { elementCount } from "../../../foundation/contracts/tensor.js";
import type { Session, SessionOptions } from "../../onnx/index.js";
import { type Optimizer, slotShapes } from "../optimizers/index.js";
import type { ParameterLayout } from "../parameters.js";
import type { NamedState, TrainingDefinition, TrainingState } from "../training.js";

/** What a training needs of its definition while it runs: the first values of the parameters may go. */
export type RunningDefinition = Omit<TrainingDefinition, "parameters" | "loss">;

export function runningDefinition({
  parameters: _,
  loss: __,
  ...rest
}: TrainingDefinition): RunningDefinition {
  return rest;
}

/** What graphs are built from. */
export function outlineOf(definition: TrainingDefinition): TrainingDefinition {
  const parameters = definition.parameters.map((parameter) => ({ ...parameter, values: new Float32Array() }));
  return { ...definition, parameters };
}

export const sessionOptions = ({ threads = 1, device = "cpu" }: RunningDefinition): SessionOptions => ({
  threads,
  device,
});

export const slotName = (storage: string, slot: string): string => `${storage}/${slot}`;

export function initialContents(
  layout: ParameterLayout,
  { parameters, optimizer }: Pick<TrainingDefinition, "parameters" | "optimizer">,
): Record<string, Float32Array> {
  const contents: Record<string, Float32Array> = {};
  for (const [k, values] of layout.initial(parameters).entries()) {
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

/** The open graphs of a training, one for each form that was used. */
export class FormSessions<Form extends { readonly session: Session }> {
  readonly #open: (form: number) => Promise<Form>;
  readonly #known: (Form | undefined)[];

  constructor(first: Form, open: (form: number) => Promise<Form>) {
    this.#open = open;
    this.#known = [first];
  }

  async of(form: number): Promise<Form> {
    this.#known[form] ??= await this.#open(form);
    return this.#known[form];
  }

  async close(): Promise<void> {
    for (const known of this.#known) await known?.session.close();
  }
}
