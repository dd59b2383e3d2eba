/** The types of a feature pipeline and what can be read off a fitted one. */
import type { CellSize } from "../../../foundation/contracts/frame.js";
import type { GraphColumn } from "../../../foundation/contracts/graph.js";
import type { HostStep } from "../../../foundation/contracts/host-steps.js";
import type { GraphInputColumn } from "../../../foundation/contracts/model-graph.js";
import type { Transform } from "../../../foundation/contracts/transform.js";

export type TransformMap = ReadonlyMap<string, Transform>;
export type FeatureKind = GraphColumn["kind"];

export interface PipelineStep {
  /** A transform's id. */
  readonly transform: string;
  /**
   * Raw columns, or those that the steps in front have left. The step takes every live column that stems from one of
   * them and whose kind the transform accepts; absent: from any. A step that finds none is left out.
   */
  readonly columns?: readonly string[];
  readonly config?: Readonly<Record<string, unknown>>;
  /** Keeps the inputs beside the outputs; default false. An output of the same name gets the transform's id. */
  readonly keepInputs?: boolean;
}

export interface FeaturePlan {
  /** Columns to build features from; all others are never read. */
  readonly columns: readonly string[];
  readonly steps: readonly PipelineStep[];
}

/** A column at some point of the pipeline; `FittedPipeline.slots` holds each once. */
export interface Slot {
  /** Unique and readable: `age`, `date.month`; `city=Paris` is a name within the vector `city`. */
  readonly label: string;
  readonly kind: FeatureKind;
  /** Raw columns it stems from. */
  readonly sources: readonly string[];
  /** Number: what a raw column holds. */
  readonly precision?: "float32" | "float64";
  /** Vector, image, tokens: values of a row (`CellSize`). */
  readonly width?: number;
  readonly image?: CellSize["image"];
  /** Vector: a unique feature name for each position. */
  readonly names?: readonly string[];
}

export interface FittedStep {
  readonly transform: string;
  readonly version: number;
  /** Runs before the graph (a host transform). */
  readonly host: boolean;
  /** Slots. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly state: unknown;
}

/** A plain value; `pack` and `unpack` of base/packing keep it. */
export interface FittedPipeline {
  readonly slots: readonly Slot[];
  /** Slots of the raw columns that are read. */
  readonly raw: readonly number[];
  readonly steps: readonly FittedStep[];
  /** Slots of the features: numbers, booleans, vectors; for networks with encoders also images and tokens. */
  readonly features: readonly number[];
}

/** The host steps by column labels. */
export function hostSteps({ steps, slots }: FittedPipeline): HostStep[] {
  const label = (slot: number) => slots[slot]!.label;
  return steps
    .filter((step) => step.host)
    .map(({ transform, version, inputs, outputs, state }) => ({
      id: transform,
      version,
      inputs: inputs.map(label),
      outputs: outputs.map(label),
      state,
    }));
}

/** Slots whose values enter the graph: read by a graph step or features themselves, made by none. */
export function graphInputSlots({ raw, steps, features }: FittedPipeline): number[] {
  const graphSteps = steps.filter((step) => !step.host);
  const read = new Set([...features, ...graphSteps.flatMap((step) => step.inputs)]);
  const outside = [...raw, ...steps.filter((step) => step.host).flatMap((step) => step.outputs)];
  return outside.filter((slot) => read.has(slot));
}

/** The columns that enter the graph, in order: raw ones, and what host steps make of them. Names are unique. */
export function graphInputs(fitted: FittedPipeline): GraphInputColumn[] {
  return graphInputSlots(fitted).map((slot) => {
    const { label: name, kind, precision, width, image } = fitted.slots[slot]!;
    return { name, kind, precision, width, ...(image ? { image } : {}) };
  });
}

/** Raw columns that the pipeline reads, in order, with their kinds. */
export function rawColumns({ raw, slots }: FittedPipeline): Slot[] {
  return raw.map((slot) => slots[slot]!);
}

/** From each feature's name (as `featureViews` gives it) to the raw columns it stems from. */
export function featureLineage({ features, slots }: FittedPipeline): Map<string, readonly string[]> {
  return new Map(
    features.flatMap((slot) => {
      const { label, sources, names = [label] } = slots[slot]!;
      return names.map((name) => [name, sources] as const);
    }),
  );
}

/** `name`, or `name~2`, `name~3`, … */
export function uniqueName(name: string, taken: { has(name: string): boolean }): string {
  let candidate = name;
  for (let count = 2; taken.has(candidate); count++) candidate = `${name}~${count}`;
  return candidate;
}
