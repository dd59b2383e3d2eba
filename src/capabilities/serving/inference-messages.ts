import type { SerializedError } from "../../foundation/base/errors.js";
import type { Tensor, TensorPort } from "../../foundation/contracts/tensor.js";

/** What the thread is started with. */
export interface InferenceThreadData {
  /** The model, as ONNX bytes. */
  readonly model: Uint8Array;
  readonly threads: number;
}

/** To the thread. */
export type InferenceRequest = RunMessage | EndMessage;

/**
 * Ends the thread between two runs. One that is terminated from outside within a run takes the process with it: the
 * runtime does not expect that.
 */
export interface EndMessage {
  readonly end: true;
}
export interface RunMessage {
  readonly id: number;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: readonly string[];
}

/** From the thread: `ready` or `failed` once, then one answer for each run. */
export type InferenceReply =
  | {
      readonly kind: "ready";
      readonly inputs: readonly TensorPort[];
      readonly outputs: readonly TensorPort[];
      /** As many rows as keep the memory of one run low. */
      readonly comfortableRows: number;
    }
  | { readonly kind: "failed"; readonly error: TransferredError }
  | RunReply;
export type RunReply =
  | { readonly kind: "done"; readonly id: number; readonly outputs: Readonly<Record<string, Tensor>> }
  | { readonly kind: "error"; readonly id: number; readonly error: TransferredError };

/** Known errors keep their code; of bugs only the message crosses. */
export type TransferredError = { readonly known: SerializedError } | { readonly message: string };
