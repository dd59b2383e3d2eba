/** What runs before a model's graph because no graph can hold it: tokenizing, hashing of texts. */
import { QuernError } from "../base/errors.js";
import { invalidBundle } from "./bundle-check.js";
import { createFrame, type Frame } from "./frame.js";
import type { GraphColumn } from "./graph.js";
import { decodeColumn, type EncodedColumns, encodeFrameColumn } from "./row-encoding.js";

/** A transform that runs before the graph: what running a model needs of one. */
export interface HostTransform {
  readonly id: string;
  readonly version: number;
  apply(frame: Frame, state: unknown): Frame;
}
export type HostTransforms = ReadonlyMap<string, HostTransform>;

/** One host transform of a model, by the names of the columns it takes and makes. */
export interface HostStep {
  /** Of the transform. */
  readonly id: string;
  readonly version: number;
  /** Raw columns, or columns that an earlier step made. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** A plain value (base/packing). */
  readonly state: unknown;
}

/** A step with the transform that does its work. */
export interface BoundHostStep extends HostStep {
  readonly transform: HostTransform;
}

/** @throws QuernError BUNDLE_INVALID when a transform is not known here, or is of another version. */
export function bindHostSteps(steps: readonly HostStep[], known: HostTransforms): BoundHostStep[] {
  return steps.map((step) => {
    const { id, version } = step;
    const transform = known.get(id);
    if (transform && transform.version === version) return { ...step, transform };
    const here = transform ? `version ${transform.version} is` : "it is not";
    throw new QuernError(
      "BUNDLE_INVALID",
      `The model needs the host transform ${id}, version ${version}; ${here} available here.`,
      {
        details: { transform: id, version },
        hint: "Use a release of Quern that has it, or export the model again.",
      },
    );
  });
}

/**
 * The given columns and those that the steps make of them: what the graph's inputs are filled from.
 * @param kinds of the given columns
 * @throws QuernError BUNDLE_INVALID when a transform makes another number of columns than its step says
 */
export function runHostSteps(
  steps: readonly BoundHostStep[],
  columns: EncodedColumns,
  kinds: ReadonlyMap<string, GraphColumn["kind"]>,
): EncodedColumns {
  const all = new Map(columns);
  const kindOf = new Map(kinds);
  for (const { id, transform, inputs, outputs, state } of steps) {
    // Steps know columns by position; their own names for what they make do not matter.
    const frame = createFrame(
      inputs.map((name, at) => [`column ${at}`, decodeColumn(kindOf.get(name)!, all.get(name)!)] as const),
    );
    const made = [...transform.apply(frame, state).columns.values()];
    if (made.length !== outputs.length) {
      throw invalidBundle(`the host transform ${id} made ${made.length} columns, not ${outputs.length}`);
    }
    for (const [at, name] of outputs.entries()) {
      const column = made[at]!;
      all.set(name, encodeFrameColumn({ name, kind: column.kind }, column));
      kindOf.set(name, column.kind);
    }
  }
  return all;
}
