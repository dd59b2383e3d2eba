/** First part of the model loader: structure. Grown below. */
import { QuernError } from "../../foundation/base/errors.js";
import { elementTypeOf } from "./element-types.js";
import { readModel, type ValueInfoProto, writeModel } from "./protobuf/messages.js";
import type { PortInfo } from "./session.js";

export interface ModelPolicy {
  readonly nodes: number;
}
export interface AdmittedModel {
  readonly bytes: Uint8Array;
  readonly inputs: readonly PortInfo[];
  readonly outputs: readonly PortInfo[];
}
export function admitModel(bytes: Uint8Array, _policy?: ModelPolicy): AdmittedModel {
  const model = readModel(bytes);
  const port = (info: ValueInfoProto): PortInfo => {
    const type = elementTypeOf(info.type?.tensorType?.elemType);
    if (!type) throw new QuernError("MODEL_REFUSED", `The port ${info.name} is no tensor.`);
    const shape = (info.type?.tensorType?.shape?.dim ?? []).map((d) => d.dimValue ?? d.dimParam ?? "?");
    return { name: info.name ?? "", type, shape };
  };
  const initializers = new Set((model.graph?.initializer ?? []).map((tensor) => tensor.name));
  return {
    bytes: writeModel(model),
    inputs: (model.graph?.input ?? []).filter((info) => !initializers.has(info.name)).map(port),
    outputs: (model.graph?.output ?? []).map(port),
  };
}
