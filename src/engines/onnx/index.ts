export { EagerGraph } from "./eager/eager-graph.js";
export { Expressions, isStatic, type Operand } from "./expressions.js";
export { createGraph, type GraphOptions, type OnnxGraph } from "./graph-builder.js";
export type { GraphNode } from "./graph-node.js";
export { endOf, type LoopBody, loopModel, startOf, TURNS } from "./loop.js";
export { type AdmittedModel, admitModel } from "./model-check/admit-model.js";
export type { ModelPolicy } from "./model-check/policy.js";
export type { OperatorType } from "./operators/table.js";
export { openBuiltModel, openSession, type Session, type SessionOptions } from "./session.js";
