import type { z } from "zod";
import type { ColumnKind } from "./column.js";
import type { Extension } from "./extension.js";
import type { Finding } from "./finding.js";
import type { Frame } from "./frame.js";
import type { Profile } from "./profile.js";
import type { Split } from "./split.js";
import type { Target } from "./target.js";

/** Columns the project names for a purpose. */
export interface ColumnRoles {
  readonly id?: string;
  /** When the row's facts were known: the moment a prediction would be made. */
  readonly time?: string;
  readonly group?: string;
}

export interface FinderInput {
  /** The rows looked at: the whole table, or a sample of `profile.rows`. Holds the target's column too. */
  readonly frame: Frame;
  /** Figures of the whole table. */
  readonly profile: Omit<Profile, "findings">;
  /** Rows of `frame`, ascending, few enough for statistics of every column. */
  readonly sample: Int32Array;
  /** One entry a row of `frame`; a row without a target has code -1 or NaN. */
  readonly target?: { readonly name: string; readonly values: Target };
  /** Structured tasks: the columns that hold the truth (entities, boxes, masks, labels), in a format of their own. */
  readonly truths?: readonly string[];
  /** Row numbers of `frame`. Present only when `frame` is the whole table. */
  readonly splits?: readonly Split[];
  readonly roles: ColumnRoles;
  /** Cells that are present but no value of their column's kind; they were read as missing. */
  readonly unreadable?: readonly UnreadableColumn[];
}

export interface UnreadableColumn {
  readonly column: string;
  readonly kind: ColumnKind;
  readonly rows: number;
  /** Rows that were looked at; absent: all. */
  readonly looked?: number;
  /** `row` counts from 0 in source order. */
  readonly examples: readonly { readonly row: number; readonly value: string }[];
}

/**
 * Looks for one kind of problem. Pure: the same input and config give the same findings, in a stable order.
 * Works on any frame: no rows, one row, all missing, one class. Says nothing where it is not sure.
 */
export interface Finder<Config extends z.ZodObject = z.ZodObject> extends Extension<Config> {
  find(input: FinderInput, config: z.infer<Config>): readonly Finding[];
}

export function defineFinder<Config extends z.ZodObject>(finder: Finder<Config>): Finder<Config> {
  return Object.freeze(finder);
}
