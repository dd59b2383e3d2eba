/** Takes the course of one training to another program. */
export interface RunTracker {
  /** Once, before the first numbers. */
  settings(values: Readonly<Record<string, string | number | boolean>>): Promise<void>;
  /** Numbers by name at a step, counted from 0; those that are not finite are left out where they have no form. */
  scalars(step: number, values: Readonly<Record<string, number>>): Promise<void>;
  end(outcome: "finished" | "failed" | "stopped"): Promise<void>;
}
