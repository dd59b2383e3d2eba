import { z } from "zod";
import { QuernError } from "../../../foundation/base/errors.js";
import type { WorkContext } from "../../../foundation/contracts/extension.js";
import {
  type Column,
  cellSize,
  columnOf,
  createFrame,
  type Frame,
  isWide,
} from "../../../foundation/contracts/frame.js";
import { columnWithoutNul } from "../../../foundation/contracts/row-encoding.js";
import type { Target } from "../../../foundation/contracts/target.js";
import type { Transform, TransformContext } from "../../../foundation/contracts/transform.js";
import { featureFrame, replaceSlots, slotName, slotsIn } from "./apply.js";
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

/** What is left as one of these is a feature. */
const FEATURE_KINDS: ReadonlySet<Slot["kind"]> = new Set(["number", "boolean", "vector", "image", "tokens"]);

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
      const column = columnWithoutNul(columnOf(frame, name));
      this.#live.push(this.#addSlot(name, column, [name], rawFacts(name, column)));
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
    const outputs = this.#addOutputs(output, inputs, step.keepInputs ? transform.id : undefined);
    if (!host) for (const slot of outputs) this.#madeInGraph.add(slot);
    this.#steps.push({ transform: transform.id, version: transform.version, host, inputs, outputs, state });
  }

  finish(): { fitted: FittedPipeline; features: Frame } {
    const features = this.#live.filter((slot) => FEATURE_KINDS.has(this.#slots[slot]!.kind));
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

  #addOutputs(output: Frame, inputs: readonly number[], besideInputs: string | undefined): number[] {
    const given = new Set(inputs);
    // Labels of dropped columns are free again, so that a transform of one into one keeps the name.
    if (besideInputs === undefined) {
      this.#live = this.#live.filter((slot) => !given.has(slot));
      for (const slot of inputs) this.#release(slot);
    }
    const all = inputs.flatMap((slot) => this.#slots[slot]!.sources);
    const outputs = [...output.columns].map(([name, column]) => {
      const origins = slotsIn(name).filter((slot) => given.has(slot));
      const sources = origins.length > 0 ? origins.flatMap((slot) => this.#slots[slot]!.sources) : all;
      // Beside the column that it came from, one of the same name says how it was made.
      const isNamesake = origins.length === 1 && slotName(origins[0]!) === name;
      const suffix = besideInputs && isNamesake ? `.${besideInputs}` : "";
      const readable = (text: string) =>
        replaceSlots(text, (slot) => (given.has(slot) ? this.#slots[slot]!.label : undefined));
      return this.#addSlot(
        readable(name) + suffix,
        column,
        [...new Set(sources)],
        wideFacts(name, column, readable),
      );
    });
    this.#live.push(...outputs);
    return outputs;
  }

  #addSlot(label: string, column: Column, sources: readonly string[], facts: Partial<Slot>): number {
    const unique = this.#reserve(label);
    const names = facts.names?.map((name) => this.#reserve(name));
    this.#slots.push({ label: unique, kind: column.kind, sources, ...facts, ...(names ? { names } : {}) });
    // Later transforms pass the names of vectors on, so they get the final ones.
    this.#columns.push(column.kind === "vector" && names ? { ...column, names } : column);
    return this.#slots.length - 1;
  }

  #reserve(name: string): string {
    const unique = uniqueName(name, this.#labels);
    this.#labels.add(unique);
    return unique;
  }

  /** Frees the names and the memory of a column that no later step can read. */
  #release(slot: number): void {
    const { label, names = [] } = this.#slots[slot]!;
    for (const name of [label, ...names]) this.#labels.delete(name);
    delete this.#columns[slot];
  }
}

function rawFacts(name: string, column: Column): Partial<Slot> {
  if (column.kind === "number") {
    return { precision: column.values instanceof Float32Array ? "float32" : "float64" };
  }
  return wideFacts(name, column, (text) => text);
}

function wideFacts(name: string, column: Column, readable: (text: string) => string): Partial<Slot> {
  if (!isWide(column)) return {};
  if (column.kind !== "vector") return cellSize(column);
  const names = column.names ?? Array.from({ length: column.width }, (_, k) => `${name}:${k}`);
  return { ...cellSize(column), names: names.map(readable) };
}

function parseConfig(transform: Transform, step: PipelineStep, index: number): Record<string, unknown> {
  const parsed = transform.config.safeParse(step.config ?? {});
  if (parsed.success) return parsed.data;
  const where = `The feature step ${index + 1} (${transform.id})`;
  throw new QuernError("CONFIG_INVALID", `${where}: ${z.prettifyError(parsed.error)}`);
}
