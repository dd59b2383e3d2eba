import type { ModelProto } from "../../engines/onnx/index.js";

/** A changed model, and how many products and tables were changed. */
export interface Shrunk {
  readonly model: ModelProto;
  readonly changed: number;
}
