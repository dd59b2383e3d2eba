import type { SerializedError } from "../../foundation/base/errors.js";
import type { PredictionExplanation } from "../../foundation/contracts/explanation.js";
import type { Row } from "../../foundation/contracts/prediction.js";
import type { ServableBundle } from "../../foundation/contracts/serving.js";

/** What the thread is started with. */
export interface ExplanationThreadData {
  readonly bundle: ServableBundle;
}

/** To the thread. */
export interface ExplanationRequest {
  readonly id: number;
  readonly rows: readonly Row[];
}

/** From the thread, one for each request; of bugs only the message crosses. */
export type ExplanationReply =
  | { readonly id: number; readonly explanations: readonly PredictionExplanation[] }
  | { readonly id: number; readonly error: SerializedError | { readonly message: string } };
