export { createGraph, type GraphOptions, type OnnxGraph } from "./graph-builder.js";
export { type AdmittedModel, admitModel } from "./model-check/admit-model.js";
export type { ModelPolicy } from "./model-check/policy.js";
export { openSession, type Session, type SessionOptions } from "./session.js";
