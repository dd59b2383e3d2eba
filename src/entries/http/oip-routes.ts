/** Open Inference Protocol v2, REST (github.com/kserve/open-inference-protocol, inference_rest.md). */
import { z } from "zod";
import { QuernError } from "../../foundation/base/errors.js";
import { QUERN_VERSION } from "../../foundation/base/version.js";
import {
  oipInferRequestSchema,
  oipInferResponseSchema,
  oipModelSchema,
  oipServerSchema,
} from "../../foundation/contracts/http.js";
import type { ServedModel } from "../../foundation/contracts/serving.js";
import type { Tensor } from "../../foundation/contracts/tensor.js";
import { checked } from "./checked.js";
import { parseJsonExact } from "./json.js";
import { binaryHead, fromBinary, toBinary } from "./oip-binary.js";
import { describeModel, inferTensors, modelOf, OIP_EXTENSIONS, unknownName } from "./oip-inference.js";
import { readTensor, writeTensor } from "./oip-tensors.js";
import { type BodyReader, defineRoute, type Route, type RouteContext, type RouteRequest } from "./route.js";

type InferRequest = z.infer<typeof oipInferRequestSchema>;

/** What came in: the request, and the bytes of its binary tensors. */
interface InferBody {
  readonly request: InferRequest;
  readonly tail: Buffer;
}

function readInfer(text: string, tail: Buffer): InferBody {
  return { request: checked(oipInferRequestSchema, parseJsonExact(text)), tail };
}

const inferBody: BodyReader<InferBody> = {
  schema: oipInferRequestSchema,
  read: (text) => readInfer(text, Buffer.alloc(0)),
  readBinary: readInfer,
};

const JSON_TYPE = "application/json; charset=utf-8";
const MODEL = z.strictObject({ model: z.string().min(1).max(200) });
const MODEL_VERSION = MODEL.extend({ version: z.string().min(1).max(20) });
const common = { permission: "predict", errors: "inference-protocol" } as const;
const readyAnswer = z.object({ name: z.string(), ready: z.boolean() });

type ModelParams = { readonly model: string; readonly version?: string };

async function infer(
  { params, body, run, subject }: RouteRequest<ModelParams, undefined, InferBody>,
  context: RouteContext,
) {
  const { request } = body;
  const { model, outputs: results } = await inferTensors(context, {
    ...params,
    id: request.id,
    subject,
    readInputs: (chosen) => readInputs(body, chosen),
    outputs: (request.outputs ?? []).map((output) => output.name),
    explain: request.parameters?.explain === true,
    run,
  });
  const { name, version } = model.manifest;
  const parts = [`"model_name":${JSON.stringify(name)}`, `"model_version":"${version}"`];
  if (request.id !== undefined) parts.push(`"id":${JSON.stringify(request.id)}`);
  const isBinary = binaryOutputs(request);
  const tail: Buffer[] = [];
  const outputs = Object.entries(results).map(([output, tensor]) => {
    if (!isBinary(output)) return writeTensor(output, tensor);
    const bytes = toBinary(tensor);
    tail.push(bytes);
    return binaryHead(output, tensor, bytes.length);
  });
  const text = `{${parts.join(",")},"outputs":[${outputs.join(",")}]}`;
  if (tail.length === 0) return { contentType: JSON_TYPE, text };
  const head = Buffer.from(text);
  return { headBytes: head.length, bytes: Buffer.concat([head, ...tail]) };
}

/** For all by `binary_data_output`, for one by its own `binary_data`. */
function binaryOutputs({ parameters, outputs = [] }: InferRequest): (name: string) => boolean {
  const all = parameters?.binary_data_output === true;
  const own = new Map(outputs.map(({ name, parameters: wishes }) => [name, wishes?.binary_data]));
  return (name) => (typeof own.get(name) === "boolean" ? own.get(name) === true : all);
}

function readInputs({ request, tail }: InferBody, model: ServedModel): Record<string, Tensor> {
  const ports = new Map(model.inputs.map((port) => [port.name, port]));
  const tensors: Record<string, Tensor> = Object.create(null);
  let at = 0;
  for (const { data, ...input } of request.inputs) {
    const port = ports.get(input.name);
    if (!port) throw unknownName("input", input.name, ports.keys());
    if (input.name in tensors) {
      throw new QuernError("PREDICTION_INPUT", `Input ${JSON.stringify(input.name)} is given twice.`);
    }
    const size = input.parameters?.binary_data_size;
    if (data !== undefined) tensors[input.name] = readTensor({ ...input, data }, port.type);
    else if (typeof size === "number" && Number.isInteger(size) && size >= 0 && at + size <= tail.length) {
      tensors[input.name] = fromBinary(input, tail.subarray(at, at + size), port.type);
      at += size;
    } else {
      throw new QuernError(
        "REQUEST_INVALID",
        `Input ${JSON.stringify(input.name)} has neither data nor bytes.`,
      );
    }
  }
  if (at !== tail.length)
    throw new QuernError("REQUEST_INVALID", `${tail.length - at} bytes belong to no input.`);
  return tensors;
}

/** Each model route exists with and without a version. */
const PLACES = [
  { prefix: "/v2/models/:model", params: MODEL, which: "the current version" },
  { prefix: "/v2/models/:model/versions/:version", params: MODEL_VERSION, which: "one version" },
] as const;

const modelRoutes = PLACES.flatMap(({ prefix, params, which }) => [
  defineRoute({
    ...{ ...common, method: "GET", path: prefix, params, answer: oipModelSchema },
    summary: `Open Inference Protocol: tensors of ${which}.`,
    handle: (request, { models }) => describeModel(modelOf(models, request.params as ModelParams), models),
  }),
  defineRoute({
    ...{ ...common, method: "GET", path: `${prefix}/ready`, params, answer: readyAnswer },
    summary: `Open Inference Protocol: whether ${which} answers.`,
    answerStatuses: [503],
    handle(request, { models }) {
      const model = modelOf(models, request.params as ModelParams);
      const ready = model.state === "ready";
      const text = JSON.stringify({ name: model.manifest.name, ready });
      return { status: ready ? 200 : 503, contentType: JSON_TYPE, text };
    },
  }),
  defineRoute({
    ...{ ...common, method: "POST", path: `${prefix}/infer`, params, answer: oipInferResponseSchema },
    summary: `Open Inference Protocol: run the graph of ${which}.`,
    heavy: true,
    body: inferBody,
    handle: (request, context) => infer(request as RouteRequest<ModelParams, undefined, InferBody>, context),
  }),
]);

export const oipRoutes: readonly Route[] = [
  defineRoute({
    ...{ ...common, method: "GET", path: "/v2", answer: oipServerSchema },
    summary: "Open Inference Protocol: the server.",
    handle: () => ({ name: "quern", version: QUERN_VERSION, extensions: OIP_EXTENSIONS }),
  }),
  ...modelRoutes,
];
