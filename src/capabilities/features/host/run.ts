import { QuernError } from "../../../foundation/base/errors.js";
import { type Column, columnOf, createFrame, type Frame } from "../../../foundation/contracts/frame.js";
import type { Transform } from "../../../foundation/contracts/transform.js";
import { hash } from "./hash.js";
import { createTokens, type HanSegmenter } from "./tokens.js";

/** What host transforms need from outside. */
export interface HostServices {
  /** Cuts Chinese into words; absent where it is not available (browsers). */
  readonly segmentHan?: HanSegmenter;
}

/** A host step by column labels, as a bundle's manifest lists it. A plain value. */
export interface HostStep {
  readonly transform: string;
  readonly version: number;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly state: unknown;
}

/** All host transforms by id. */
export function createHostTransforms({ segmentHan }: HostServices = {}): Map<string, Transform> {
  const all = [createTokens(segmentHan), hash] as unknown as Transform[];
  return new Map(all.map((transform) => [transform.id, transform]));
}

/**
 * The raw columns with the outputs of the host steps beside them: what the graph's inputs are read from.
 * @throws QuernError BUNDLE_INVALID when a step names a transform that is not known, or of another version
 */
export function runHostSteps(
  frame: Frame,
  steps: readonly HostStep[],
  transforms: ReadonlyMap<string, Transform>,
): Frame {
  const columns = new Map<string, Column>(frame.columns);
  for (const { transform: id, version, inputs, outputs, state } of steps) {
    const transform = transforms.get(id);
    if (transform?.version !== version) {
      throw new QuernError(
        "BUNDLE_INVALID",
        `The bundle needs the host transform ${id}, version ${version}.`,
        {
          hint: "Use a release of Quern that has it, or export the model again.",
        },
      );
    }
    const current = createFrame(columns, frame.rows);
    const input = createFrame(
      inputs.map((name, index) => [`column ${index}`, columnOf(current, name)] as const),
      frame.rows,
    );
    const results = [...transform.apply(input, state).columns.values()];
    for (const [index, name] of outputs.entries()) columns.set(name, results[index]!);
  }
  return createFrame(columns, frame.rows);
}
