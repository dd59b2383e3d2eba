import type { SerializedError } from "../../foundation/base/errors.js";
import type { ExperimentResult, ExperimentStart } from "../../foundation/contracts/experiment.js";

/** What the process of experiments is asked, one question after another. */
export type ExperimentQuestion = {
  readonly store: string;
  readonly folder: string;
  readonly name: string;
} & (
  | { readonly action: "start"; readonly request: ExperimentStart }
  | { readonly action: "status" | "conclude" }
  | { readonly action: "stop"; readonly reason: string }
);

export type ExperimentReply =
  | { readonly result: ExperimentResult }
  | { readonly error: SerializedError }
  | { readonly crash: string };
