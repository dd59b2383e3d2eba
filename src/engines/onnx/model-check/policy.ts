import { QuernError } from "../../../foundation/base/errors.js";

/** What a model may be. The defaults are for models that Quern or its users exported to run in a bundle. */
export interface ModelPolicy {
  readonly fileBytes: number;
  readonly nodes: number;
  readonly initializers: number;
  /** Dimensions of one tensor. */
  readonly rank: number;
  /** Bytes of all intermediate values for one row, beside four times the size of the file. */
  readonly bytesForOneRow: number;
  /** Characters that joining can make of one character of input. */
  readonly textGrowth: number;
  /**
   * Longest path from the root of a decision tree. The runtime walks it by recursion when it loads, about half a
   * KiB a step: 14,000 steps end the process on a stack of 8 MiB, 6,000 on the 4 MiB of a worker thread.
   */
  readonly treeDepth: number;
  /** First and last accepted version of each operator set. */
  readonly operatorSets: Readonly<Record<string, readonly [number, number]>>;
}

export const BUNDLE_POLICY: ModelPolicy = {
  fileBytes: 2 ** 31 - 1,
  nodes: 200_000,
  initializers: 200_000,
  rank: 8,
  bytesForOneRow: 64 * 2 ** 20,
  textGrowth: 1_000_000,
  treeDepth: 3000,
  operatorSets: { "": [18, 24], "ai.onnx.ml": [3, 5] },
};

export function refuse(why: string, details: Readonly<Record<string, unknown>> = {}, cause?: unknown): never {
  throw new QuernError("MODEL_REFUSED", `The model is refused: ${why}.`, { details, cause });
}

/** Names come from the file: quoted and cut. */
export function quoted(name: string | undefined): string {
  return JSON.stringify((name ?? "").slice(0, 80));
}
