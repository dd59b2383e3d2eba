export { toAttributeProto } from "./attributes.js";
export { compileDirect, type DirectModel, type ScalarRow } from "./direct/direct-model.js";
export { Expressions, isStatic, type Operand } from "./expressions.js";
export { createGraph, type GraphOptions, isOnnxGraph, type OnnxGraph } from "./graph-builder.js";
export type { GraphNode } from "./graph-node.js";
export { type ImmediateSession, openImmediately } from "./immediate-session.js";
export { appendModel, type ImportOptions } from "./import/append-model.js";
export { cutModel } from "./import/cut-model.js";
export { type ImportedModel, importModel } from "./import/import-model.js";
export { inputPorts, parseSourceModel, readSourceModel, type SourceModel } from "./import/source-model.js";
export { writeModelFile } from "./import/write-model-file.js";
export { endOf, type LoopBody, loopModel, startOf, TURNS } from "./loop.js";
export { type AdmittedModel, admitModel } from "./model-check/admit-model.js";
export type { ModelPolicy } from "./model-check/policy.js";
export { neededNodes } from "./needed-nodes.js";
export { einsumLabels } from "./operators/einsum.js";
export {
  reachOf,
  type SlidingWindow,
  slidingWindows,
  transposedWindows,
} from "./operators/sliding-windows.js";
export type { OperatorType } from "./operators/table.js";
export {
  type GraphProto,
  type ModelProto,
  type NodeProto,
  readModel,
  type TensorProto,
  writeModel,
} from "./protobuf/messages.js";
export { openBuiltModel, openSession, type Session, type SessionOptions } from "./session.js";
export { fromTensorProto, toTensorProto } from "./tensor-proto.js";
export { findModel, type ModelFiles } from "./weights/find-model.js";
export { narrowToHalf } from "./weights/number-formats.js";
export { openWeights } from "./weights/open-weights.js";
export { openSafetensors, type Weights, writeSafetensors } from "./weights/safetensors.js";
export { type StoredTensor, type StoredType, storedTensor, tensorOf } from "./weights/stored-tensor.js";
