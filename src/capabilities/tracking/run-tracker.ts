export type RunOutcome = "finished" | "failed" | "stopped";

/** Takes the course of one training to another program. */
export interface RunTracker {
  /** May be called again with other names, as they become known. */
  settings(values: Readonly<Record<string, string | number | boolean>>): Promise<void>;
  /** Numbers by name at a step, counted from 0; those that are not finite are left out where they have no form. */
  scalars(step: number, values: Readonly<Record<string, number>>): Promise<void>;
  /** Whole curves by name, each from step 0 on. */
  series(values: Readonly<Record<string, readonly number[]>>): Promise<void>;
  end(outcome: RunOutcome): Promise<void>;
}
