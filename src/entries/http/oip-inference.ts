/** The Open Inference Protocol without its encodings: what REST and gRPC do alike. */
import { randomUUID } from "node:crypto";
import type { z } from "zod";
import { QuernError } from "../../foundation/base/errors.js";
import type { RunOptions } from "../../foundation/contracts/bundle-predictor.js";
import type { oipModelSchema } from "../../foundation/contracts/http.js";
import { outputTensors } from "../../foundation/contracts/model-graph.js";
import { findReference, parseVersion } from "../../foundation/contracts/model-reference.js";
import type { ModelPool, RoutedRequest, ServedModel } from "../../foundation/contracts/serving.js";
import type { Tensor } from "../../foundation/contracts/tensor.js";
import { isModelsFault, keepAnswers } from "./answer-rows.js";
import { MOST_EXPLAINED_ROWS, tooManyRows } from "./limits.js";
import { datatypeOf, portShape } from "./oip-tensors.js";
import type { RouteContext } from "./route.js";
import { predictionsFrom, rowsFrom } from "./tensor-rows.js";

/** What this server speaks beyond the protocol. */
export const OIP_EXTENSIONS = ["binary_tensor_data", "explanations"] as const;
/** Output that `explain` adds: for each row the explanation as JSON. */
const EXPLANATION_OUTPUT = "explanation";

export interface OipModelName {
  readonly model: string;
  readonly version?: string | undefined;
}

/** @throws QuernError MODEL_NOT_FOUND */
export function modelOf(models: ModelPool, { model, version }: OipModelName): ServedModel {
  return version === undefined ? findReference(models, model) : models.get(model, parseVersion(version));
}

export function describeModel(model: ServedModel, models: ModelPool): z.infer<typeof oipModelSchema> {
  const port = (side: ServedModel["inputs"][number]) => ({
    name: side.name,
    datatype: datatypeOf(side.type),
    shape: portShape(side),
  });
  const { name } = model.manifest;
  const versions = models.list().filter(({ manifest }) => manifest.name === name);
  return {
    name,
    versions: versions.map(({ manifest }) => String(manifest.version)),
    platform: "onnx_onnxv1",
    inputs: model.inputs.map(port),
    outputs: model.outputs.map(port),
  };
}

export interface TensorsRequest extends OipModelName {
  readonly id: string | undefined;
  readonly subject: string | undefined;
  /** The inputs as the model's ports want them. @throws QuernError PREDICTION_INPUT, REQUEST_INVALID */
  readonly readInputs: (model: ServedModel) => Readonly<Record<string, Tensor>>;
  /** All when empty. */
  readonly outputs: readonly string[];
  readonly explain: boolean;
  readonly run: RunOptions;
}

export interface TensorsAnswer {
  readonly model: ServedModel;
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/**
 * Runs the graph of the version that the request belongs to. Where rows can be formed from the tensors, the answers are
 * logged and shadowed like those of rows.
 * @throws QuernError PREDICTION_INPUT, REQUEST_TOO_LARGE, OVERLOADED, DEADLINE_EXCEEDED, INTERRUPTED, UNSUPPORTED
 */
export async function inferTensors(context: RouteContext, request: TensorsRequest): Promise<TensorsAnswer> {
  const { subject, id, explain } = request;
  const routed =
    request.version === undefined
      ? context.traffic?.route(request.model, subject ?? id ?? randomUUID())
      : undefined;
  const model = routed?.model ?? modelOf(context.models, request);
  const answered = await answerTensors(context, request, model, routed).catch((failure) => {
    routed?.settle(isModelsFault(failure));
    throw failure;
  });
  const { results, wanted, rows, rowCount, answers } = answered;
  // What fails from here on is no fault of the version's answer, which counts once.
  routed?.settle(false, answers?.[0]);
  if (rows && answers) keepAnswers(context, { model, routed, rows, ids: idsOf(id, rowCount), answers });
  context.metrics.predicted(model, rowCount);
  const outputs = Object.fromEntries(wanted.map((name) => [name, results[name]!]));
  if (explain) outputs[EXPLANATION_OUTPUT] = await explanations(model, rows);
  return { model, outputs };
}

async function answerTensors(
  context: RouteContext,
  request: TensorsRequest,
  model: ServedModel,
  routed: RoutedRequest | undefined,
) {
  const { run, explain } = request;
  const inputs = request.readInputs(model);
  const rowCount = Object.values(inputs)[0]?.shape[0] ?? 0;
  checkRowCount(rowCount, explain, context);
  const wanted = wantedOutputs(request.outputs, model);
  const isKept =
    context.predictions !== undefined || routed?.isCompared === true || (routed?.shadows.length ?? 0) > 0;
  const rows = isKept || explain ? rowsFrom(model.manifest, inputs, rowCount) : undefined;
  const asked = isKept && rows ? withAnswers(wanted, model) : wanted;
  const results = await model.infer(inputs, asked, run);
  const answers = isKept && rows ? predictionsFrom(model.manifest, results) : undefined;
  return { results, wanted, rows, rowCount, answers };
}

function checkRowCount(rows: number, explain: boolean, { options }: RouteContext): void {
  const limit = explain ? Math.min(MOST_EXPLAINED_ROWS, options.maximumRows) : options.maximumRows;
  if (rows > limit) throw tooManyRows(rows, limit);
}

function wantedOutputs(asked: readonly string[], model: ServedModel): readonly string[] {
  const known = model.outputs.map((port) => port.name);
  if (asked.length === 0) return known;
  for (const name of asked) if (!known.includes(name)) throw unknownName("output", name, known);
  return asked;
}

/** With what the prediction of a row consists of. */
function withAnswers(wanted: readonly string[], { manifest }: ServedModel): readonly string[] {
  return [...new Set([...wanted, ...outputTensors(manifest.outputs).map(({ name }) => name)])];
}

async function explanations(model: ServedModel, rows: ReturnType<typeof rowsFrom>): Promise<Tensor> {
  if (!rows) {
    throw new QuernError("UNSUPPORTED", "Tensors of this model cannot be explained: they are no columns.", {
      hint: "Ask for explanations with rows: `POST /predict/{model}`.",
    });
  }
  const texts = (await model.explain(rows)).map((explanation) => JSON.stringify(explanation));
  return { type: "string", shape: [texts.length], data: texts };
}

/** As `/predict` names them: the id itself for one row, `id/0`, `id/1`, … for several. */
function idsOf(id: string | undefined, rows: number): readonly string[] {
  if (id === undefined || id === "") return Array.from({ length: rows }, () => randomUUID());
  return rows === 1 ? [id] : Array.from({ length: rows }, (_, row) => `${id}/${row}`);
}

export function unknownName(what: string, name: string, known: Iterable<string>): QuernError {
  const list = [...known].slice(0, 50).join(", ");
  return new QuernError("PREDICTION_INPUT", `There is no ${what} ${JSON.stringify(name)}; known: ${list}.`, {
    details: { [what]: name },
  });
}
