import type { z } from "zod";
import type { Extension, WorkContext } from "./extension.js";
import type { Frame } from "./frame.js";
import type { GraphBuilder, GraphColumn } from "./graph.js";
import type { Target } from "./target.js";

/** What `fit` may look at: training rows only. */
export interface TransformContext extends WorkContext {
  /** Present for transforms that declare `needsTarget`. */
  readonly target?: Target;
}

/**
 * One definition of a transform: fitted once on training rows, applied by the same code in training,
 * evaluation and prediction, and emitted to ONNX.
 *
 * The frame given to `fit` and `apply` holds just the columns the transform was pointed at. Output names:
 * a transform that makes one column out of one keeps the name; one that makes several adds a suffix
 * (`city=Paris`, `date.month`); one that joins all its inputs names the result itself.
 */
export interface Transform<Config extends z.ZodObject = z.ZodObject, State = unknown>
  extends Extension<Config> {
  /** Kinds it takes, among those of `GraphColumn`. */
  readonly accepts: readonly GraphColumn["kind"][];
  readonly needsTarget?: boolean;
  /**
   * Learns from training rows. The state is a plain value: JSON and typed arrays (see base/packing).
   * Works on any frame it accepts, also one row, all missing, constant.
   */
  fit(frame: Frame, config: z.infer<Config>, context: TransformContext): State;
  /** Pure. Handles nulls, NaN, infinities, unseen categories and zero rows as `emit` does. */
  apply(frame: Frame, state: State): Frame;
  /**
   * For supervised encodings: the values for the training rows themselves, out of fold, so that no row sees
   * its own target. Absent: `apply`.
   */
  applyToTraining?(frame: Frame, state: State, config: z.infer<Config>, context: TransformContext): Frame;
  /** Appends the same computation to the graph. Absent in host transforms. */
  emit?(graph: GraphBuilder, inputs: readonly GraphColumn[], state: State): GraphColumn[];
}

export function defineTransform<Config extends z.ZodObject, State>(
  transform: Transform<Config, State>,
): Transform<Config, State> {
  return Object.freeze(transform);
}
