/** What must be true of a bundle before anything of it runs; the same checks in Node and in a browser. */
import type { z } from "zod";
import { QuernError } from "../base/errors.js";
import { isPlainPath } from "../base/plain-path.js";
import {
  BUNDLE_FILES,
  BUNDLE_FORMAT_VERSION,
  type BundleOutputs,
  cellShape,
  type Manifest,
  manifestSchema,
  type Sample,
  sampleSchema,
} from "./bundle.js";
import { outputTensors } from "./model-graph.js";
import { PARITY_LIMIT, type Prediction, predictionDistance, valueScale } from "./prediction.js";
import type { TensorPort } from "./tensor.js";

export function invalidBundle(why: string, cause?: unknown): QuernError {
  return new QuernError("BUNDLE_INVALID", `The bundle is refused: ${why}.`, { cause });
}

export function parseBundleJson<T>(schema: z.ZodType<T>, name: string, bytes: Uint8Array): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw invalidBundle(`${name} is not JSON`, cause);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw invalidBundle(`${name}, ${issue?.path.join(".") || "top level"}: ${issue?.message}`, result.error);
}

/** @throws QuernError BUNDLE_INVALID */
export function parseManifest(bytes: Uint8Array): Manifest {
  const loose = parseBundleJson(
    manifestSchema.pick({ formatVersion: true }).loose(),
    BUNDLE_FILES.manifest,
    bytes,
  );
  if (loose.formatVersion > BUNDLE_FORMAT_VERSION) {
    throw invalidBundle(
      `its format version is ${loose.formatVersion}, this Quern reads up to ${BUNDLE_FORMAT_VERSION}; upgrade Quern`,
    );
  }
  const manifest = parseBundleJson(manifestSchema, BUNDLE_FILES.manifest, bytes);
  checkFiles(manifest);
  checkColumns(manifest);
  checkOutputs(manifest);
  return manifest;
}

function checkFiles({ files, hostTransforms }: Manifest): void {
  for (const name of Object.keys(files)) {
    if (!isPlainPath(name)) throw invalidBundle(`the file name ${JSON.stringify(name)} is no plain path`);
    if (name === BUNDLE_FILES.manifest) throw invalidBundle("the manifest lists itself");
  }
  const { model, sample, metrics, card } = BUNDLE_FILES;
  for (const name of [model, sample, metrics, card, ...hostTransforms.map((host) => host.state)]) {
    if (!Object.hasOwn(files, name)) throw invalidBundle(`the manifest does not list ${name}`);
  }
}

function checkColumns({ inputs, hostTransforms, graphInputs }: Manifest): void {
  const columns = inputs.map((input) => input.column.name);
  checkUnique(columns, "input column");
  checkUnique(
    graphInputs.map((input) => input.tensor),
    "graph input",
  );
  const known = new Set(columns);
  for (const { id, inputs: taken, outputs: made } of hostTransforms) {
    const unknown = taken.find((name) => !known.has(name));
    if (unknown !== undefined) {
      throw invalidBundle(`the host transform ${id} takes an unknown column ${JSON.stringify(unknown)}`);
    }
    for (const name of made) known.add(name);
  }
  const unknown = graphInputs.find((input) => !known.has(input.column));
  if (unknown) throw invalidBundle(`no input is called ${JSON.stringify(unknown.column)}`);
}

function checkUnique(names: readonly string[], what: string): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw invalidBundle(`two ${what}s are called ${JSON.stringify(name)}`);
    seen.add(name);
  }
}

const OUTPUTS_OF: Readonly<Record<Manifest["task"], BundleOutputs["kind"]>> = {
  binary: "classes",
  multiclass: "classes",
  regression: "value",
  multilabel: "labels",
  tagging: "tags",
  detection: "boxes",
  segmentation: "mask",
  embedding: "vector",
};

function checkOutputs({ task, outputs, inputs, hostTransforms }: Manifest): void {
  const fits =
    outputs.kind === OUTPUTS_OF[task] &&
    !(task === "binary" && outputs.kind === "classes" && outputs.classes.length !== 2);
  if (!fits) throw invalidBundle(`its outputs do not fit the task ${task}`);
  if (outputs.kind === "classes") checkUnique(outputs.classes, "class");
  if ("labels" in outputs) checkUnique(outputs.labels, "label");
  if (outputs.kind === "labels" && outputs.thresholds.length !== outputs.labels.length) {
    throw invalidBundle("it has not one threshold for each label");
  }
  if (outputs.kind === "tags") {
    checkUnique(outputs.tags, "tag");
    const isText = inputs.some(({ column }) => column.name === outputs.text && column.kind === "text");
    const made = hostTransforms.some((host) => host.outputs.includes(outputs.spans));
    if (!(isText && made)) throw invalidBundle("the text of its tags, or their places in it, are not there");
  }
}

/** The graph must take and give exactly what the manifest says. @throws QuernError BUNDLE_INVALID */
export function checkPorts(
  manifest: Manifest,
  inputs: readonly TensorPort[],
  outputs: readonly TensorPort[],
): void {
  const expected = new Map(manifest.graphInputs.map((input) => [input.tensor, input]));
  for (const { name, type, shape } of inputs) {
    const input = expected.get(name);
    if (!input) throw invalidBundle(`the graph has an unknown input ${JSON.stringify(name)}`);
    const cell = cellShape(input);
    const fits = shape.length === cell.length + 1 && cell.every((size, axis) => size === shape[axis + 1]);
    if (type !== input.type || !fits) {
      throw invalidBundle(
        `the graph input ${JSON.stringify(name)} is ${type}[${shape}], not what the manifest says`,
      );
    }
    expected.delete(name);
  }
  const [missing] = expected.keys();
  if (missing !== undefined) throw invalidBundle(`the graph has no input ${JSON.stringify(missing)}`);
  for (const { name, type } of outputTensors(manifest.outputs)) {
    if (!outputs.some((output) => output.name === name && output.type === type)) {
      throw invalidBundle(`the graph has no ${type} output ${JSON.stringify(name)}`);
    }
  }
}

export function parseSample(bytes: Uint8Array): Sample {
  const sample = parseBundleJson(sampleSchema, BUNDLE_FILES.sample, bytes);
  if (sample.requests.length === sample.responses.length) return sample;
  throw invalidBundle(`${BUNDLE_FILES.sample} has not one response for each request`);
}

/** The model must still answer its sample as it did when it was written. @throws QuernError BUNDLE_INVALID */
export function checkSample(sample: Sample, answers: readonly Prediction[]): void {
  const scale = valueScale(sample.responses.map(({ prediction }) => readNumber(prediction)));
  for (const [index, answer] of answers.entries()) {
    const distance = answerDistance(answer, sample.responses[index]!, scale);
    if (distance > PARITY_LIMIT) {
      throw invalidBundle(
        `it answers sample ${index + 1} with a difference of ${distance} (limit ${PARITY_LIMIT})`,
      );
    }
  }
}

/**
 * The largest distance between the numbers of two answers, on the scale of `predictionDistance`; infinite where one has
 * another form, or another text, than the other. A label goes by its probability; `scale` is that of predicted values.
 */
export function answerDistance(
  answer: Prediction,
  expected: Readonly<Record<string, unknown>> | Prediction,
  scale = 1,
): number {
  const known = expected as Readonly<Record<string, unknown>>;
  if ("prediction" in answer)
    return predictionDistance(answer.prediction, readNumber(known.prediction), scale);
  if ("probabilities" in answer) return probabilityDistance(answer.probabilities, known.probabilities);
  return valueDistance(answer, expected);
}

function probabilityDistance(found: Readonly<Record<string, number>>, expected: unknown): number {
  const probabilities = (expected ?? {}) as Readonly<Record<string, unknown>>;
  return Object.entries(found).reduce((worst, [label, probability]) => {
    const known = Object.hasOwn(probabilities, label) ? readNumber(probabilities[label]) : Number.NaN;
    return Math.max(worst, predictionDistance(probability, known));
  }, 0);
}

function valueDistance(found: unknown, expected: unknown): number {
  if (typeof found === "number") return predictionDistance(found, readNumber(expected));
  if (typeof found !== "object" || found === null) return found === expected ? 0 : Number.POSITIVE_INFINITY;
  if (typeof expected !== "object" || expected === null) return Number.POSITIVE_INFINITY;
  const keys = Object.keys(found);
  if (keys.length !== Object.keys(expected).length) return Number.POSITIVE_INFINITY;
  return keys.reduce((worst, key) => {
    const other = Object.hasOwn(expected, key) ? (expected as Record<string, unknown>)[key] : undefined;
    return Math.max(worst, valueDistance((found as Record<string, unknown>)[key], other));
  }, 0);
}

/** Canonical JSON writes non-finite numbers as text. */
function readNumber(value: unknown): number {
  return typeof value === "number" ? value : Number(value ?? Number.NaN);
}
