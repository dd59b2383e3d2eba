export {
  type InferenceOptions,
  type InferredSchema,
  inferSchema,
  type UnreadableCells,
} from "./infer-schema.js";
