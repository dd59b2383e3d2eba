/**
 * The messages of `inference.GRPCInferenceService` (Open Inference Protocol v2, open_inference_grpc.proto) and of
 * `grpc.health.v1.Health`, as field tables. The same definition for people and other tools: docs/open-inference.proto.
 */
import {
  decodeMessage,
  encodeMessage,
  many,
  manyMessages,
  one,
  oneMessage,
  type TableOf,
} from "../../../engines/onnx/protobuf/codec.js";
import { QuernError } from "../../../foundation/base/errors.js";

/** One of these is set. */
export interface InferParameter {
  readonly boolParam?: number;
  readonly int64Param?: bigint;
  readonly stringParam?: string;
  readonly doubleParam?: number;
  readonly uint64Param?: bigint;
}
const INFER_PARAMETER: TableOf<InferParameter> = {
  boolParam: one(1, "integer"),
  int64Param: one(2, "int64"),
  stringParam: one(3, "string"),
  doubleParam: one(4, "double"),
  uint64Param: one(5, "uint64"),
};

/** An entry of a map field. */
export interface ParameterEntry {
  readonly key?: string;
  readonly value?: InferParameter;
}
const PARAMETER_ENTRY: TableOf<ParameterEntry> = {
  key: one(1, "string"),
  value: oneMessage(2, () => INFER_PARAMETER),
};
const parameters = (number: number) => manyMessages(number, () => PARAMETER_ENTRY);

/** Row-major; the field of the tensor's datatype is set. */
export interface TensorContents {
  readonly boolContents?: readonly number[];
  readonly intContents?: Int32Array;
  readonly int64Contents?: BigInt64Array;
  readonly uintContents?: readonly number[];
  readonly uint64Contents?: BigUint64Array;
  readonly fp32Contents?: Float32Array;
  readonly fp64Contents?: Float64Array;
  readonly bytesContents?: readonly Uint8Array[];
}
const TENSOR_CONTENTS: TableOf<TensorContents> = {
  boolContents: many(1, "integer"),
  intContents: many(2, "int32"),
  int64Contents: many(3, "int64"),
  uintContents: many(4, "integer"),
  uint64Contents: many(5, "uint64"),
  fp32Contents: many(6, "float"),
  fp64Contents: many(7, "double"),
  bytesContents: many(8, "bytes"),
};

/** `InferInputTensor` and `InferOutputTensor`, which have the same fields. */
export interface TensorMessage {
  readonly name?: string;
  readonly datatype?: string;
  readonly shape?: BigInt64Array;
  readonly parameters?: readonly ParameterEntry[];
  readonly contents?: TensorContents;
}
const TENSOR: TableOf<TensorMessage> = {
  name: one(1, "string"),
  datatype: one(2, "string"),
  shape: many(3, "int64"),
  parameters: parameters(4),
  contents: oneMessage(5, () => TENSOR_CONTENTS),
};

export interface RequestedOutput {
  readonly name?: string;
  readonly parameters?: readonly ParameterEntry[];
}
const REQUESTED_OUTPUT: TableOf<RequestedOutput> = { name: one(1, "string"), parameters: parameters(2) };

export interface ModelInferRequest {
  readonly modelName?: string;
  readonly modelVersion?: string;
  readonly id?: string;
  readonly parameters?: readonly ParameterEntry[];
  readonly inputs?: readonly TensorMessage[];
  readonly outputs?: readonly RequestedOutput[];
  readonly rawInputContents?: readonly Uint8Array[];
}
export const MODEL_INFER_REQUEST: TableOf<ModelInferRequest> = {
  modelName: one(1, "string"),
  modelVersion: one(2, "string"),
  id: one(3, "string"),
  parameters: parameters(4),
  inputs: manyMessages(5, () => TENSOR),
  outputs: manyMessages(6, () => REQUESTED_OUTPUT),
  rawInputContents: many(7, "bytes"),
};

export interface ModelInferResponse {
  readonly modelName?: string;
  readonly modelVersion?: string;
  readonly id?: string;
  readonly parameters?: readonly ParameterEntry[];
  readonly outputs?: readonly TensorMessage[];
  readonly rawOutputContents?: readonly Uint8Array[];
}
export const MODEL_INFER_RESPONSE: TableOf<ModelInferResponse> = {
  modelName: one(1, "string"),
  modelVersion: one(2, "string"),
  id: one(3, "string"),
  parameters: parameters(4),
  outputs: manyMessages(5, () => TENSOR),
  rawOutputContents: many(6, "bytes"),
};

export type EmptyMessage = Readonly<Record<never, never>>;
export const EMPTY: TableOf<EmptyMessage> = {};

/** `ServerLive`, `ServerReady` and `ModelReady` answer one flag. */
export interface FlagResponse {
  readonly flag?: number;
}
export const FLAG_RESPONSE: TableOf<FlagResponse> = { flag: one(1, "integer") };

export interface ServerMetadataResponse {
  readonly name?: string;
  readonly version?: string;
  readonly extensions?: readonly string[];
}
export const SERVER_METADATA_RESPONSE: TableOf<ServerMetadataResponse> = {
  name: one(1, "string"),
  version: one(2, "string"),
  extensions: many(3, "string"),
};

export interface ModelRequest {
  readonly name?: string;
  readonly version?: string;
}
export const MODEL_REQUEST: TableOf<ModelRequest> = { name: one(1, "string"), version: one(2, "string") };

interface TensorMetadata {
  readonly name?: string;
  readonly datatype?: string;
  readonly shape?: BigInt64Array;
}
const TENSOR_METADATA: TableOf<TensorMetadata> = {
  name: one(1, "string"),
  datatype: one(2, "string"),
  shape: many(3, "int64"),
};

export interface ModelMetadataResponse {
  readonly name?: string;
  readonly versions?: readonly string[];
  readonly platform?: string;
  readonly inputs?: readonly TensorMetadata[];
  readonly outputs?: readonly TensorMetadata[];
}
export const MODEL_METADATA_RESPONSE: TableOf<ModelMetadataResponse> = {
  name: one(1, "string"),
  versions: many(2, "string"),
  platform: one(3, "string"),
  inputs: manyMessages(4, () => TENSOR_METADATA),
  outputs: manyMessages(5, () => TENSOR_METADATA),
};

export interface HealthCheckRequest {
  readonly service?: string;
}
export const HEALTH_CHECK_REQUEST: TableOf<HealthCheckRequest> = { service: one(1, "string") };

export interface HealthCheckResponse {
  /** 1 = SERVING, 2 = NOT_SERVING. */
  readonly status?: number;
}
export const HEALTH_CHECK_RESPONSE: TableOf<HealthCheckResponse> = { status: one(1, "integer") };

/** A request nests five messages; each text of a BYTES tensor is an element. */
const LIMITS = { depth: 8, elements: 2_000_000 };

/** @throws QuernError REQUEST_INVALID */
export function readMessage<T>(table: TableOf<T>, bytes: Uint8Array): T {
  try {
    return decodeMessage(table, bytes, LIMITS);
  } catch (cause) {
    if (!QuernError.is(cause)) throw cause;
    const why = cause.message.replace(/^The model file is malformed: /, "");
    throw new QuernError("REQUEST_INVALID", `The message is malformed: ${why}`, { cause });
  }
}

/** Fields that are left out have their default: empty, zero, false. */
export function writeMessage<T>(table: TableOf<T>, message: T): Buffer {
  const bytes = encodeMessage(table, message);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
