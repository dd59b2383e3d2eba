/** What each method of the service does, apart from how calls arrive. */
import type { TableOf } from "../../../engines/onnx/protobuf/codec.js";
import { QuernError } from "../../../foundation/base/errors.js";
import { QUERN_VERSION } from "../../../foundation/base/version.js";
import type { RunOptions } from "../../../foundation/contracts/bundle-predictor.js";
import type { Permission } from "../../../foundation/contracts/http.js";
import { describeModel, inferTensors, modelOf, OIP_EXTENSIONS } from "../oip-inference.js";
import type { RouteContext } from "../route.js";
import {
  EMPTY,
  type EmptyMessage,
  FLAG_RESPONSE,
  type FlagResponse,
  HEALTH_CHECK_REQUEST,
  HEALTH_CHECK_RESPONSE,
  type HealthCheckRequest,
  type HealthCheckResponse,
  MODEL_INFER_REQUEST,
  MODEL_INFER_RESPONSE,
  MODEL_METADATA_RESPONSE,
  MODEL_REQUEST,
  type ModelInferRequest,
  type ModelInferResponse,
  type ModelMetadataResponse,
  type ModelRequest,
  type ParameterEntry,
  readMessage,
  SERVER_METADATA_RESPONSE,
  type ServerMetadataResponse,
  writeMessage,
} from "./messages.js";
import { readInputs, writeOutputs } from "./tensor-contents.js";

export interface CallOptions {
  /** Whose request it is, by the metadata quern-subject. */
  readonly subject: string | undefined;
  /** When the caller's deadline passes, and whether the call is still wanted. */
  readonly run: RunOptions;
}

interface Method<Request, Response> {
  readonly name: string;
  readonly permission: Permission;
  readonly request: TableOf<Request>;
  readonly response: TableOf<Response>;
  answer(request: Request, context: RouteContext, call: CallOptions): Response | Promise<Response>;
}
/** The same from bytes to bytes, so that methods with different messages stand in one table. */
export interface BoundMethod extends Pick<Method<unknown, unknown>, "name" | "permission"> {
  /** @throws QuernError, which becomes the status of the call */
  answer(bytes: Uint8Array, context: RouteContext, call: CallOptions): Promise<Buffer>;
}

function bind<Request, Response>(method: Method<Request, Response>): BoundMethod {
  const { name, permission, request, response } = method;
  return {
    ...{ name, permission },
    answer: async (bytes, context, call) =>
      writeMessage(response, await method.answer(readMessage(request, bytes), context, call)),
  };
}

const flag = (value: boolean): FlagResponse => ({ flag: value ? 1 : 0 });
const nameOf = ({ name = "", version }: ModelRequest) => ({
  model: name,
  version: version === "" ? undefined : version,
});

const serverLive: Method<EmptyMessage, FlagResponse> = {
  ...{ name: "ServerLive", permission: "public", request: EMPTY, response: FLAG_RESPONSE },
  answer: () => flag(true),
};
const serverReady: Method<EmptyMessage, FlagResponse> = {
  ...{ name: "ServerReady", permission: "public", request: EMPTY, response: FLAG_RESPONSE },
  answer: (_request, context) => flag(context.isReady()),
};
const modelReady: Method<ModelRequest, FlagResponse> = {
  ...{ name: "ModelReady", permission: "predict", request: MODEL_REQUEST, response: FLAG_RESPONSE },
  answer(request, { models }) {
    try {
      return flag(modelOf(models, nameOf(request)).state === "ready");
    } catch (failure) {
      // The protocol's answer for a model that is not there is "not ready".
      if (QuernError.is(failure) && failure.code === "MODEL_NOT_FOUND") return flag(false);
      throw failure;
    }
  },
};
const serverMetadata: Method<EmptyMessage, ServerMetadataResponse> = {
  ...{ name: "ServerMetadata", permission: "predict", request: EMPTY, response: SERVER_METADATA_RESPONSE },
  answer: () => ({ name: "quern", version: QUERN_VERSION, extensions: OIP_EXTENSIONS }),
};
const modelMetadata: Method<ModelRequest, ModelMetadataResponse> = {
  ...{
    name: "ModelMetadata",
    permission: "predict",
    request: MODEL_REQUEST,
    response: MODEL_METADATA_RESPONSE,
  },
  answer(request, { models }) {
    const { inputs, outputs, ...rest } = describeModel(modelOf(models, nameOf(request)), models);
    const exact = (ports: typeof inputs) =>
      ports.map((port) => ({ ...port, shape: BigInt64Array.from(port.shape, BigInt) }));
    return { ...rest, inputs: exact(inputs), outputs: exact(outputs) };
  },
};
const modelInfer: Method<ModelInferRequest, ModelInferResponse> = {
  ...{
    name: "ModelInfer",
    permission: "predict",
    request: MODEL_INFER_REQUEST,
    response: MODEL_INFER_RESPONSE,
  },
  async answer(request, context, { subject, run }) {
    const { id, outputs: asked = [], rawInputContents = [] } = request;
    const { model, outputs } = await inferTensors(context, {
      ...nameOf({ name: request.modelName ?? "", version: request.modelVersion ?? "" }),
      ...{ id, subject, run, explain: isSet(request.parameters, "explain") },
      readInputs: (chosen) => readInputs(request, chosen),
      outputs: asked.map(({ name = "" }) => name),
    });
    const { name, version } = model.manifest;
    return {
      ...{ modelName: name, modelVersion: String(version) },
      ...(id === undefined ? {} : { id }),
      ...writeOutputs(outputs, rawInputContents.length > 0),
    };
  },
};

function isSet(parameters: readonly ParameterEntry[] = [], key: string): boolean {
  return parameters.some((entry) => entry.key === key && entry.value?.boolParam === 1);
}

const [SERVING, NOT_SERVING] = [1, 2];
const check: Method<HealthCheckRequest, HealthCheckResponse> = {
  ...{
    name: "Check",
    permission: "public",
    request: HEALTH_CHECK_REQUEST,
    response: HEALTH_CHECK_RESPONSE,
  },
  answer({ service = "" }, context) {
    if (service !== "" && service !== INFERENCE_SERVICE)
      throw new QuernError("MODEL_NOT_FOUND", `There is no service ${JSON.stringify(service)} here.`);
    return { status: context.isReady() ? SERVING : NOT_SERVING };
  },
};

const INFERENCE_SERVICE = "inference.GRPCInferenceService";

/** Full names of the services, each with its methods. */
export const SERVICES: Readonly<Record<string, readonly BoundMethod[]>> = {
  [INFERENCE_SERVICE]: [
    ...[bind(serverLive), bind(serverReady), bind(modelReady)],
    ...[bind(serverMetadata), bind(modelMetadata), bind(modelInfer)],
  ],
  "grpc.health.v1.Health": [bind(check)],
};
