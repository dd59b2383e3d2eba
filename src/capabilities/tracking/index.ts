export { createEventFile, type EventFileOptions } from "./event-file.js";
export { createMlflowRun, type MlflowOptions } from "./mlflow.js";
export type { RunOutcome, RunTracker } from "./run-tracker.js";
