import type { z } from "zod";
import type { Random } from "../base/random.js";
import type { Extension } from "./extension.js";
import type { Column } from "./frame.js";

/** One column on both sides: of one kind, with at least one row each; missing values are among them. */
export interface DriftTestInput {
  /** Rows that were judged at training. */
  readonly reference: Column;
  /** Rows to judge. */
  readonly current: Column;
  /** For permutations; the same for the same column of the same window. */
  readonly random: Random;
}

export interface DriftTestResult {
  /** 0..1: how often chance alone makes a difference as large. */
  readonly pValue: number;
  /** How large the difference is, in the unit of `leastEffect`; finite, 0 where there is none. */
  readonly effect: number;
  /** Up to five values that show it. */
  readonly examples?: readonly string[];
}

/**
 * One more question about each column of a model in use. Its p value is adjusted together with those of all other checks,
 * so that own tests do not raise the chance of a false alarm; they make the other checks a little weaker instead.
 * Pure: equal input gives an equal result. Checked by `conformance/drift-test`.
 */
export interface DriftTest<Config extends z.ZodObject = z.ZodObject> extends Extension<Config> {
  readonly accepts: readonly Column["kind"][];
  /** Predictions (a value, or a probability a class) are columns too; default: inputs alone. */
  readonly testsPredictions?: boolean;
  /** The smallest effect worth an alarm. */
  readonly leastEffect: number;
  /** Undefined where the values are too few to say anything. */
  compare(input: DriftTestInput, config: z.infer<Config>): DriftTestResult | undefined;
}

export function defineDriftTest<Config extends z.ZodObject>(test: DriftTest<Config>): DriftTest<Config> {
  return Object.freeze(test);
}
