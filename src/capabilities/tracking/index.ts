export { createEventFile, type EventFileOptions } from "./event-file.js";
export { createMlflowRun, type MlflowOptions } from "./mlflow.js";
export type { RunTracker } from "./run-tracker.js";
