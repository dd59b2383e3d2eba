import type { JobSettings } from "../../foundation/contracts/job.js";

/** What the process of jobs is told when it starts. */
export interface JobWorkerData {
  readonly folder: string;
  readonly settings: JobSettings;
  /** Of the models. */
  readonly store: string;
  readonly chunkRows?: number;
}
