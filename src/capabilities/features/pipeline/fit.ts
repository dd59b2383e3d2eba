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

export interface FittedFeatures {
  readonly fitted: FittedPipeline;
  /** Of the training rows themselves: supervised encodings are out of fold. */
  readonly features: Frame;
}

/**
 * Fits the steps one after the other on training rows.
 * @throws QuernError DATA_COLUMN_UNKNOWN, CONFIG_INVALID
 */
export function fitPipeline(frame: Frame, plan: FeaturePlan, options: FitOptions): FittedFeatures {
  const workshop = new Workshop(frame, plan.columns);
  workshop.addSteps(plan.steps, options);
  return workshop.finish();
}

/**
 * The same with steps of the project's own in front: the plan is made for the columns that they leave, and names these.
 * @throws QuernError DATA_COLUMN_UNKNOWN, CONFIG_INVALID, also where a first step finds no column
 */
export function fitAfterSteps(
  frame: Frame,
  steps: readonly PipelineStep[],
  planFor: (columns: Frame) => FeaturePlan,
  options: FitOptions,
): FittedFeatures {
  if (steps.length === 0) return fitPipeline(frame, planFor(frame), options);
  const workshop = afterSteps(frame, steps, options);
  const plan = planFor(workshop.columns());
  workshop.keepOnly(plan.columns);
  workshop.addSteps(plan.steps, options);
  return workshop.finish();
}

/** The columns that the first steps leave. @throws QuernError as `fitAfterSteps` */
export function columnsAfterSteps(frame: Frame, steps: readonly PipelineStep[], options: FitOptions): Frame {
  return steps.length === 0 ? frame : afterSteps(frame, steps, options).columns();
}

function afterSteps(frame: Frame, steps: readonly PipelineStep[], options: FitOptions): Workshop {
  const workshop = new Workshop(frame, [...frame.columns.keys()]);
  // As in every plan: what follows sees the numbers that a graph sees.
  const wide = [...frame.columns].filter(([, column]) => rawFacts("", column).precision === "float64");
  if (wide.length > 0)
    workshop.addSteps([{ transform: "to-float32", columns: wide.map(([name]) => name) }], options);
  workshop.addSteps(steps, options, "each must find a column");
  return workshop;
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
  /** By slot: the names by which steps point at it. */
  readonly #callNames: (readonly string[])[] = [];
  #live: number[] = [];
  #tried = 0;

  constructor(frame: Frame, names: readonly string[]) {
    this.#rows = frame.rows;
    for (const name of names) {
      const column = columnWithoutNul(columnOf(frame, name));
      const slot = this.#addSlot(name, column, [name], rawFacts(name, column));
      this.#callNames[slot] = [name];
      this.#live.push(slot);
    }
    this.#rawSlots = names.length;
  }

  /** @param demand `each must find a column`: otherwise a step that finds none is left out */
  addSteps(steps: readonly PipelineStep[], options: FitOptions, demand?: "each must find a column"): void {
    for (const [index, step] of steps.entries()) {
      options.context.signal.throwIfAborted();
      const isFitted = this.#addStep(step, this.#tried++, options);
      if (!isFitted && demand) throw findsNone(step, index, this.columns());
      options.context.report({ stage: "features", done: index + 1, total: steps.length });
    }
  }

  /** What is there now, by label. */
  columns(): Frame {
    return createFrame(
      this.#live.map((slot) => [this.#slots[slot]!.label, this.#columns[slot]!] as const),
      this.#rows,
    );
  }

  /** Goes on with these labels alone, in this order; later steps point at columns by them. */
  keepOnly(labels: readonly string[]): void {
    const byLabel = new Map(this.#live.map((slot) => [this.#slots[slot]!.label, slot] as const));
    const kept = labels.map((label) => byLabel.get(label)!);
    const isKept = new Set(kept);
    for (const slot of this.#live) if (!isKept.has(slot)) this.#release(slot);
    this.#live = kept;
    for (const slot of kept) this.#callNames[slot] = [this.#slots[slot]!.label];
  }

  /** False where no column fits. */
  #addStep(step: PipelineStep, index: number, { transforms, target, context }: FitOptions): boolean {
    const transform = transformOf(transforms, step.transform);
    const inputs = this.#select(step, transform);
    if (inputs.length === 0) return false;
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
    return true;
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
      const { kind } = this.#slots[slot]!;
      const names = this.#callNames[slot]!;
      return transform.accepts.includes(kind) && (!wanted || names.some((name) => wanted.has(name)));
    });
  }

  #addOutputs(output: Frame, inputs: readonly number[], besideInputs: string | undefined): number[] {
    const given = new Set(inputs);
    // Labels of dropped columns are free again, so that a transform of one into one keeps the name.
    if (besideInputs === undefined) {
      this.#live = this.#live.filter((slot) => !given.has(slot));
      for (const slot of inputs) this.#release(slot);
    }
    const outputs = [...output.columns].map(([name, column]) => {
      const origins = slotsIn(name).filter((slot) => given.has(slot));
      const stemsFrom = origins.length > 0 ? origins : inputs;
      const sources = stemsFrom.flatMap((slot) => this.#slots[slot]!.sources);
      // Beside the column that it came from, one of the same name says how it was made.
      const isNamesake = origins.length === 1 && slotName(origins[0]!) === name;
      const suffix = besideInputs && isNamesake ? `.${besideInputs}` : "";
      const readable = (text: string) =>
        replaceSlots(text, (slot) => (given.has(slot) ? this.#slots[slot]!.label : undefined));
      const made = this.#addSlot(
        readable(name) + suffix,
        column,
        [...new Set(sources)],
        wideFacts(name, column, readable),
      );
      this.#callNames[made] = [...new Set(stemsFrom.flatMap((slot) => this.#callNames[slot]!))];
      return made;
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

function findsNone({ transform, columns }: PipelineStep, index: number, there: Frame): QuernError {
  const kinds = [...there.columns].map(([name, { kind }]) => `${name} (${kind})`);
  return new QuernError(
    "CONFIG_INVALID",
    `The feature step ${index + 1} (${transform}) finds no column of a kind that it takes${columns ? ` among ${columns.join(", ")}` : ""}.`,
    { details: { key: "features", transform }, hint: `There are ${kinds.slice(0, 20).join(", ")}.` },
  );
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
