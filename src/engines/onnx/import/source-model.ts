/** A model file from elsewhere, read and described; nothing of it has been run. */
import { readFileSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { QuernError } from "../../../foundation/base/errors.js";
import type { Dimension } from "../../../foundation/contracts/graph.js";
import type { TensorPort } from "../../../foundation/contracts/tensor.js";
import { DEFAULT_DECODE_LIMITS } from "../protobuf/codec.js";
import { type GraphProto, type ModelProto, readModel, type ValueInfoProto } from "../protobuf/messages.js";
import { type ExternalData, externalDataIn } from "./external-data.js";
import { malformedModel, quoted, unsupportedModel } from "./limits.js";
import { widenedType } from "./tensor-decoding.js";

export interface SourceModel {
  readonly model: ModelProto;
  /** Where tensors outside the file are; absent: such tensors are refused. */
  readonly external?: ExternalData;
}

const MAXIMUM_FILE_BYTES = 2 ** 31 - 1;

/** @throws QuernError MODEL_REFUSED when the bytes are no ModelProto */
export function parseSourceModel(bytes: Uint8Array, external?: ExternalData): SourceModel {
  const model = readModel(bytes, { ...DEFAULT_DECODE_LIMITS, keepUnknown: true });
  return { model, ...(external ? { external } : {}) };
}

/** A `.onnx` file of the user's own choice, with what lies beside it. @throws QuernError MODEL_REFUSED, DATA_NOT_FOUND */
export function readSourceModel(path: string): SourceModel {
  const status = statSync(path, { throwIfNoEntry: false });
  if (!status?.isFile()) throw new QuernError("DATA_NOT_FOUND", `There is no file ${JSON.stringify(path)}.`);
  if (status.size > MAXIMUM_FILE_BYTES) malformedModel(`${quoted(basename(path))} has more than 2 GiB`);
  return parseSourceModel(readFileSync(path), externalDataIn(dirname(path)));
}

/** Inputs that a caller gives: without those that have an initializer as their default. */
export function inputPorts({ model }: SourceModel): TensorPort[] {
  const graph = graphOf(model);
  const defaults = new Set(graph.initializer?.map(({ name }) => name));
  return (graph.input ?? []).filter(({ name }) => !defaults.has(name)).map(portOf);
}

export function graphOf({ graph }: ModelProto): GraphProto {
  return graph ?? malformedModel("it has no graph");
}

/** Types are those of the graph that the model becomes. Sizes without a name get one of their own. */
function portOf(info: ValueInfoProto): TensorPort {
  const name = info.name ?? "";
  const tensor = info.type?.tensorType;
  if (!tensor) {
    return unsupportedModel(
      `${quoted(name)} is no tensor`,
      "Export a model whose inputs and outputs are tensors: no sequences, maps or optional values.",
    );
  }
  const type =
    widenedType(tensor.elemType) ??
    unsupportedModel(
      `${quoted(name)} has the element type ${tensor.elemType}`,
      "Convert inputs to float32 or integers before exporting.",
    );
  if (!tensor.shape) {
    return unsupportedModel(
      `the rank of ${quoted(name)} is not given`,
      "Export the model with its inputs' number of dimensions; sizes may be names.",
    );
  }
  const shape = (tensor.shape.dim ?? []).map(({ dimValue, dimParam }, axis): Dimension => {
    if (dimValue === undefined) return dimParam || `${name}_${axis}`;
    return dimValue >= 0 ? dimValue : malformedModel(`${quoted(name)} has the negative size ${dimValue}`);
  });
  return { name, type, shape };
}
