/** What a search may choose from, and one choice of it. */

/** A value a choice can take. */
export type ChoiceValue = string | number | boolean;

/**
 * A dimension takes part only where every named field, itself a choice dimension that takes part, has one of
 * the listed values.
 */
export type ActiveWhen = Readonly<Record<string, readonly ChoiceValue[]>>;

interface AnyDimension {
  readonly name: string;
  /** Absent: always active. */
  readonly when?: ActiveWhen;
  /** A sensible or cheap value inside the range, where local search begins. */
  readonly start?: ChoiceValue;
}

export interface NumberDimension extends AnyDimension {
  readonly kind: "number";
  /** Both ends belong to the range; low < high, and 0 < low on a log scale. */
  readonly low: number;
  readonly high: number;
  readonly scale: "linear" | "log";
  /** Whole numbers only; the ends are whole. */
  readonly integer: boolean;
}

export interface ChoiceDimension extends AnyDimension {
  readonly kind: "choice";
  /** At least one, all different, in no order. */
  readonly choices: readonly ChoiceValue[];
}

/** One tunable field of a config. */
export type Dimension = NumberDimension | ChoiceDimension;

/** Dimensions with distinct names; conditions name dimensions of the same space, in no circle. */
export type SearchSpace = readonly Dimension[];

/** A value for each active dimension, and for no other. */
export type Configuration = Readonly<Record<string, ChoiceValue>>;
