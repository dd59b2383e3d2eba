export { createGraph, type GraphOptions, type OnnxGraph } from "./graph-builder.js";
export { type ModelProto, readModel, writeModel } from "./protobuf/messages.js";
export { openSession, type PortInfo, type Session, type SessionOptions } from "./session.js";
