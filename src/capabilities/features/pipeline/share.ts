import { hashValue, sha256 } from "../../../foundation/base/hash.js";
import { pack } from "../../../foundation/base/packing.js";
import { type FittedPipeline, type FittedStep, type Slot, uniqueName } from "./pipeline.js";

/** Several pipelines over the same raw columns as one, and where each one's features are in it. */
export interface SharedPipeline {
  readonly pipeline: FittedPipeline;
  /** For each given pipeline: positions of its features among `pipeline.features`, in its own order. */
  readonly views: readonly (readonly number[])[];
}

/**
 * One pipeline that makes the features of all: raw columns are read once, and a step that several pipelines
 * do alike (same transform, inputs and state) is done once. Its outputs are exactly those of the given ones.
 */
export function sharePipelines(pipelines: readonly FittedPipeline[]): SharedPipeline {
  const union = new Union();
  const slotsOf = pipelines.map((pipeline) => union.add(pipeline));
  const features = [
    ...new Set(pipelines.flatMap((pipeline, i) => pipeline.features.map((slot) => slotsOf[i]!.get(slot)!))),
  ];
  const positionOf = new Map(features.map((slot, position) => [slot, position] as const));
  const views = pipelines.map((pipeline, i) =>
    pipeline.features.map((slot) => positionOf.get(slotsOf[i]!.get(slot)!)!),
  );
  return { pipeline: { ...union.finish(), features }, views };
}

class Union {
  readonly #slots: Slot[] = [];
  readonly #labels = new Set<string>();
  readonly #raw = new Map<string, number>();
  readonly #steps: FittedStep[] = [];
  /** Outputs of a step by all that decides them. */
  readonly #made = new Map<string, readonly number[]>();

  /** @returns from the pipeline's slots to the union's */
  add({ slots, raw, steps }: FittedPipeline): ReadonlyMap<number, number> {
    const mapped = new Map<number, number>();
    for (const slot of raw) mapped.set(slot, this.#addRaw(slots[slot]!));
    for (const step of steps) {
      const inputs = step.inputs.map((slot) => mapped.get(slot)!);
      const outputs = this.#addStep(
        { ...step, inputs },
        step.outputs.map((slot) => slots[slot]!),
      );
      for (const [k, slot] of step.outputs.entries()) mapped.set(slot, outputs[k]!);
    }
    return mapped;
  }

  finish(): Omit<FittedPipeline, "features"> {
    return { slots: this.#slots, raw: [...this.#raw.values()], steps: this.#steps };
  }

  #addRaw(slot: Slot): number {
    const known = this.#raw.get(slot.label);
    if (known !== undefined) return known;
    const added = this.#addSlot(slot);
    this.#raw.set(slot.label, added);
    return added;
  }

  #addStep(step: FittedStep, outputs: readonly Slot[]): readonly number[] {
    const { transform, version, inputs, state } = step;
    const key = hashValue({ transform, version, inputs, state: sha256(pack(state)) });
    const known = this.#made.get(key);
    if (known) return known;
    const made = outputs.map((slot) => this.#addSlot(slot));
    this.#made.set(key, made);
    this.#steps.push({ ...step, outputs: made });
    return made;
  }

  #addSlot(slot: Slot): number {
    const label = uniqueName(slot.label, this.#labels);
    this.#labels.add(label);
    this.#slots.push({ ...slot, label });
    return this.#slots.length - 1;
  }
}
