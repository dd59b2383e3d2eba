import { z } from "zod";
import { QuernError } from "../../../foundation/base/errors.js";
import type { WorkContext } from "../../../foundation/contracts/extension.js";
import { type Column, columnOf, createFrame, type Frame } from "../../../foundation/contracts/frame.js";
import type { Target } from "../../../foundation/contracts/target.js";
import type { Transform, TransformContext } from "../../../foundation/contracts/transform.js";
import { featureFrame, slotName } from "./apply.js";
import {
  type FeaturePlan,
  type FittedPipeline,
  type FittedStep,
  type PipelineStep,
  type Slot,
  type TransformMap,
  uniqueName,
} from "./pipeline.js";
import { transformOf } from "./transform-map.js";

export interface FitOptions {
  readonly transforms: TransformMap;
  readonly target?: Target;
  readonly context: WorkContext;
}

/**
 * Fits the steps one after the other on training rows.
 * @returns the fitted pipeline, and the features of the training rows themselves (supervised encodings out
 * of fold).
 * @throws QuernError DATA_COLUMN_UNKNOWN, CONFIG_INVALID
 */
export function fitPipeline(
  frame: Frame,
  plan: FeaturePlan,
  options: FitOptions,
): { fitted: FittedPipeline; features: Frame } {
  const workshop = new Workshop(frame, plan.columns);
  for (const [index, step] of plan.steps.entries()) {
    options.context.signal.throwIfAborted();
    workshop.addStep(step, index, options);
    options.context.report({ stage: "features", done: index + 1, total: plan.steps.length });
  }
  return workshop.finish();
}

/** Columns on their way through the steps. */
class Workshop {
  readonly #rows: number;
  readonly #slots: Slot[] = [];
  readonly #columns: Column[] = [];
  readonly #labels = new Set<string>();
  readonly #rawSlots: number;
  readonly #steps: FittedStep[] = [];
  readonly #madeInGraph = new Set<number>();
  #live: number[] = [];

  constructor(frame: Frame, names: readonly string[]) {
    this.#rows = frame.rows;
    for (const name of names) {
      const column = columnOf(frame, name);
      this.#live.push(this.#addSlot(name, column, [name], rawFacts(column)));
    }
    this.#rawSlots = names.length;
  }

  addStep(step: PipelineStep, index: number, { transforms, target, context }: FitOptions): void {
    const transform = transformOf(transforms, step.transform);
    const inputs = this.#select(step, transform);
    if (inputs.length === 0) return;
    const host = transform.emit === undefined;
    if (host && inputs.some((slot) => this.#madeInGraph.has(slot))) {
      throw new QuernError(
        "CONFIG_INVALID",
        `The feature step ${index + 1} (${transform.id}) runs before the graph but reads what the graph makes.`,
        { hint: "Put host transforms first." },
      );
    }
    const config = parseConfig(transform, step, index);
    const fitContext: TransformContext = {
      ...context,
      random: context.random.fork(`features/${index}/${transform.id}`),
      ...(transform.needsTarget && target ? { target } : {}),
    };
    const input = createFrame(
      inputs.map((slot) => [slotName(slot), this.#columns[slot]!] as const),
      this.#rows,
    );
    const state = transform.fit(input, config, fitContext);
    const output = transform.applyToTraining
      ? transform.applyToTraining(input, state, config, fitContext)
      : transform.apply(input, state);
    const outputs = this.#addOutputs(output, inputs, step.keepInputs ?? false);
    if (!host) for (const slot of outputs) this.#madeInGraph.add(slot);
    this.#steps.push({ transform: transform.id, version: transform.version, host, inputs, outputs, state });
  }

  finish(): { fitted: FittedPipeline; features: Frame } {
    const features = this.#live.filter((slot) =>
      ["number", "boolean", "vector"].includes(this.#slots[slot]!.kind),
    );
    const read = new Set([...features, ...this.#steps.flatMap((step) => step.inputs)]);
    const raw = Array.from({ length: this.#rawSlots }, (_, slot) => slot).filter((slot) => read.has(slot));
    const fitted = { slots: this.#slots, raw, steps: this.#steps, features };
    return { fitted, features: featureFrame(fitted, this.#columns, this.#rows) };
  }

  #select({ columns }: PipelineStep, transform: Transform): number[] {
    const wanted = columns && new Set(columns);
    return this.#live.filter((slot) => {
      const { kind, sources } = this.#slots[slot]!;
      return transform.accepts.includes(kind) && (!wanted || sources.some((source) => wanted.has(source)));
    });
  }

  #addOutputs(output: Frame, inputs: readonly number[], keepInputs: boolean): number[] {
    // Labels of dropped columns are free again, so that a transform of one into one keeps the name.
    if (!keepInputs) {
      this.#live = this.#live.filter((slot) => !inputs.includes(slot));
      for (const slot of inputs) this.#labels.delete(this.#slots[slot]!.label);
    }
    const all = inputs.flatMap((slot) => this.#slots[slot]!.sources);
    const outputs = [...output.columns].map(([name, column]) => {
      const origins = inputs.filter((slot) => name.includes(slotName(slot)));
      const sources = origins.length > 0 ? origins.flatMap((slot) => this.#slots[slot]!.sources) : all;
      const label = this.#readable(name, inputs);
      return this.#addSlot(label, column, [...new Set(sources)], this.#vectorFacts(column, inputs));
    });
    this.#live.push(...outputs);
    return outputs;
  }

  /** A name with the labels of inputs in place of their slot names. */
  #readable(name: string, inputs: readonly number[]): string {
    return inputs.reduce((text, slot) => text.replaceAll(slotName(slot), this.#slots[slot]!.label), name);
  }

  #addSlot(label: string, column: Column, sources: readonly string[], facts: Partial<Slot>): number {
    const unique = uniqueName(label, this.#labels);
    this.#labels.add(unique);
    this.#slots.push({ label: unique, kind: column.kind, sources, ...facts });
    this.#columns.push(column);
    return this.#slots.length - 1;
  }

  #vectorFacts(column: Column, inputs: readonly number[]): Partial<Slot> {
    if (column.kind !== "vector") return {};
    if (!column.names) return { width: column.width };
    const names = column.names.map((name) => this.#readable(name, inputs));
    return { width: column.width, names };
  }
}

function rawFacts(column: Column): Partial<Slot> {
  if (column.kind === "number") {
    return { precision: column.values instanceof Float32Array ? "float32" : "float64" };
  }
  if (column.kind !== "vector") return {};
  return column.names ? { width: column.width, names: column.names } : { width: column.width };
}

function parseConfig(transform: Transform, step: PipelineStep, index: number): Record<string, unknown> {
  const parsed = transform.config.safeParse(step.config ?? {});
  if (parsed.success) return parsed.data;
  const where = `The feature step ${index + 1} (${transform.id})`;
  throw new QuernError("CONFIG_INVALID", `${where}: ${z.prettifyError(parsed.error)}`);
}
