/** Runs a bundle's model on rows or frames, whatever runtime executes the graph. Pure apart from `run`. */
import { QuernError } from "../base/errors.js";
import type { BundleInput, Manifest } from "./bundle.js";
import { type Frame, takeRows } from "./frame.js";
import { type BoundHostStep, bindHostSteps, type HostTransforms, runHostSteps } from "./host-steps.js";
import { type DecodeImage, decodePlainImage, hasImages, readImageCells } from "./image-cells.js";
import { entitiesOfTexts, type TextPart } from "./long-texts.js";
import { OUTPUT_TENSORS, outputTensors, type TabularOutputs } from "./model-graph.js";
import { type Prediction, type PredictionColumns, type Row, toPredictionRows } from "./prediction.js";
import { type EncodedColumns, encodeFrame, encodeRows } from "./row-encoding.js";
import {
  type EntitiesAnswer,
  type GraphResults,
  hasStructure,
  type Outputs,
  readAnswers,
  readingEnds,
  type StructuredOutputs,
} from "./structured-answers.js";
import { elementCount, type Tensor } from "./tensor.js";
import type { OnPhase } from "./tracing.js";

/** Work that has not begun when the caller is gone or the time is up is not begun at all. */
export interface RunOptions {
  /** Looked at before the work begins; an `AbortSignal` will do. */
  readonly signal?: Pick<AbortSignal, "aborted">;
  /** On the clock's `elapsed()`. */
  readonly deadlineMs?: number;
  /** Told where the time goes; only for requests that are traced. */
  readonly onPhase?: OnPhase | undefined;
}

export type RunGraph = (
  inputs: Readonly<Record<string, Tensor>>,
  outputs: readonly string[],
  options?: RunOptions,
) => Promise<Readonly<Record<string, Tensor>>>;

export interface BundlePredictor {
  /** One answer a row, in order. @throws QuernError PREDICTION_INPUT */
  predict(rows: readonly Row[], options?: RunOptions): Promise<Prediction[]>;
  /**
   * The same for a frame read by the schema of the inputs, in columns: for classes and values.
   * @throws QuernError PREDICTION_INPUT; UNSUPPORTED where answers have a structure of their own
   */
  predictFrame(frame: Frame): Promise<PredictionColumns>;
  /** One answer a row of a frame, whatever the model answers. @throws QuernError PREDICTION_INPUT */
  answerFrame(frame: Frame): Promise<Prediction[]>;
  /** The output tensors of all rows of a frame. @throws QuernError PREDICTION_INPUT */
  computeFrame(frame: Frame): Promise<Readonly<Record<string, Tensor>>>;
}

export interface BundlePredictorOptions {
  readonly manifest: Manifest;
  readonly hostTransforms: HostTransforms;
  /** Fitted states, one for each host transform of the manifest. */
  readonly hostStates: readonly unknown[];
  readonly run: RunGraph;
  /** Default: images come as pixels or Netpbm. */
  readonly decodeImage?: DecodeImage | undefined;
  /** Rows given to the graph at once; bounds memory. */
  readonly chunkRows: number;
}

/** @throws QuernError BUNDLE_INVALID when a host transform is unknown here or of another version. */
export function createBundlePredictor(options: BundlePredictorOptions): BundlePredictor {
  return new Predictor(options);
}

class Predictor implements BundlePredictor {
  readonly #options: BundlePredictorOptions;
  readonly #inputs: readonly BundleInput[];
  readonly #hasImages: boolean;
  readonly #kinds: ReadonlyMap<string, BundleInput["column"]["kind"]>;
  readonly #hostSteps: readonly BoundHostStep[];
  readonly #outputs: readonly string[];

  constructor(options: BundlePredictorOptions) {
    const { manifest, hostTransforms } = options;
    this.#options = options;
    this.#inputs = manifest.inputs;
    this.#hasImages = hasImages(manifest);
    this.#kinds = new Map(manifest.inputs.map(({ column }) => [column.name, column.kind]));
    this.#hostSteps = bindHostSteps(
      manifest.hostTransforms.map((step, index) => ({ ...step, state: options.hostStates[index] })),
      hostTransforms,
    );
    this.#outputs = outputTensors(manifest.outputs).map(({ name }) => name);
  }

  async predict(rows: readonly Row[], options?: RunOptions): Promise<Prediction[]> {
    const { chunkRows } = this.#options;
    const decode = this.#options.decodeImage ?? decodePlainImage;
    // Rows without images reach the graph in the turn in which they came: a model that is taken down answers them.
    const read = this.#hasImages ? await readImageCells(this.#inputs, rows, decode) : rows;
    const encoded = encodeRows(this.#inputs, read);
    if (rows.length <= chunkRows) {
      return this.#answers(await this.#run(encoded, rows.length, options), options);
    }
    const predictions: Prediction[] = [];
    for (let start = 0; start < rows.length; start += chunkRows) {
      const stop = Math.min(start + chunkRows, rows.length);
      const chunk = new Map([...encoded].map(([name, tensor]) => [name, cut(tensor, start, stop)]));
      const computed = await this.#run(chunk, stop - start, options);
      for (const answer of await this.#answers(computed, options)) predictions.push(answer);
    }
    return predictions;
  }

  async predictFrame(frame: Frame): Promise<PredictionColumns> {
    const { outputs } = this.#options.manifest;
    if (hasStructure(outputs)) throw noColumns(this.#options.manifest);
    const width = outputs.kind === "classes" ? outputs.classes.length : 1;
    const values = new Float64Array(frame.rows * width);
    const ends = { low: new Float64Array(frame.rows), high: new Float64Array(frame.rows) };
    const labels: string[] = [];
    for await (const { start, computed } of this.#chunks(frame)) {
      const part = columnsOf(outputs, computed);
      values.set(part.values, start * width);
      for (const label of part.labels ?? []) labels.push(label);
      if (part.ends) ends.low.set(part.ends.low, start);
      if (part.ends) ends.high.set(part.ends.high, start);
    }
    if (outputs.kind === "classes") return { kind: "probabilities", values, classes: width, labels };
    return { kind: "values", values, ...(outputs.interval ? { ends } : {}) };
  }

  async answerFrame(frame: Frame): Promise<Prediction[]> {
    const answers: Prediction[] = [];
    for await (const { computed } of this.#chunks(frame)) {
      for (const answer of await this.#answers(computed)) answers.push(answer);
    }
    return answers;
  }

  async computeFrame(frame: Frame): Promise<Readonly<Record<string, Tensor>>> {
    const parts: Readonly<Record<string, Tensor>>[] = [];
    for await (const { computed } of this.#chunks(frame)) parts.push(computed.tensors);
    const names = parts.length === 0 ? [] : this.#outputs;
    return Object.fromEntries(names.map((name) => [name, joined(parts.map((part) => part[name]!))]));
  }

  /** The frame part by part, so that memory is bounded. An empty one is looked at as well, for its columns may be wrong. */
  async *#chunks(frame: Frame): AsyncGenerator<{ readonly start: number; readonly computed: GraphResults }> {
    const { chunkRows } = this.#options;
    for (let start = 0; start < frame.rows; start += chunkRows) {
      const length = Math.min(chunkRows, frame.rows - start);
      const chunk = takeRows(
        frame,
        Int32Array.from({ length }, (_, index) => start + index),
      );
      yield { start, computed: await this.#run(encodeFrame(this.#inputs, chunk), length) };
    }
    if (frame.rows === 0) encodeFrame(this.#inputs, frame);
  }

  #answers(computed: GraphResults, options?: RunOptions): Prediction[] | Promise<Prediction[]> {
    const { outputs } = this.#options.manifest;
    if (outputs.kind === "tags") return this.#entities(outputs, computed, options);
    if (hasStructure(outputs)) return readAnswers(outputs, computed);
    return toPredictionRows(columnsOf(outputs, computed), outputs.kind === "classes" ? outputs.classes : []);
  }

  /** The texts are read on where the model did not reach their ends. */
  #entities(outputs: Outputs<"tags">, first: GraphResults, options?: RunOptions): Promise<Prediction[]> {
    const partsOf = (computed: GraphResults): TextPart[] => {
      const ends = readingEnds(outputs, computed);
      const answers = readAnswers(outputs, computed) as EntitiesAnswer[];
      return answers.map((answer, row) => ({ ...answer, reach: ends[row]! }));
    };
    let known: TextPart[] | undefined = partsOf(first);
    const texts = first.columns.get(outputs.text)?.data ?? [];
    return entitiesOfTexts(texts as readonly string[], async (asked) => {
      const beginnings = known;
      known = undefined;
      if (beginnings) return beginnings;
      const column: Tensor = { type: "string", shape: [asked.length, 1], data: asked };
      return partsOf(await this.#run(new Map([[outputs.text, column]]), asked.length, options));
    });
  }

  async #run(given: EncodedColumns, rows: number, options?: RunOptions): Promise<GraphResults> {
    const { manifest, run } = this.#options;
    const columns = runHostSteps(this.#hostSteps, given, this.#kinds);
    const feeds: Record<string, Tensor> = Object.create(null);
    for (const { tensor, column } of manifest.graphInputs) feeds[tensor] = columns.get(column)!;
    // A runtime may take the arrays away with it.
    const kept = hasStructure(manifest.outputs) ? keptColumns(manifest.outputs, columns) : columns;
    return { rows, columns: kept, tensors: rows === 0 ? {} : await run(feeds, this.#outputs, options) };
  }
}

/** Copies of the columns that reading the answers needs. */
function keptColumns(outputs: StructuredOutputs, columns: EncodedColumns): EncodedColumns {
  if (outputs.kind !== "tags") return new Map();
  const spans = columns.get(outputs.spans)!;
  const copy = { ...spans, data: (spans.data as Int32Array).slice() } as Tensor;
  return new Map([
    [outputs.text, columns.get(outputs.text)!],
    [outputs.spans, copy],
  ]);
}

function columnsOf(outputs: TabularOutputs, { tensors, rows }: GraphResults): PredictionColumns {
  if (outputs.kind === "value") {
    const column = (name: string) => numbersOf(tensors, name, rows);
    const { prediction, low, high } = OUTPUT_TENSORS;
    const ends = outputs.interval && { low: column(low), high: column(high) };
    return { kind: "values", values: column(prediction), ...(ends ? { ends } : {}) };
  }
  const classes = outputs.classes.length;
  return {
    kind: "probabilities",
    values: numbersOf(tensors, OUTPUT_TENSORS.probabilities, rows * classes),
    classes,
    labels: rows === 0 ? [] : (tensors[OUTPUT_TENSORS.label]!.data as readonly string[]),
  };
}

function noColumns({ name, version, task }: Manifest): QuernError {
  return new QuernError(
    "UNSUPPORTED",
    `This needs classes or numbers, and ${name}@${version} is a model for ${task}.`,
    {
      details: { task },
      hint: "These verbs work with every task: train, predict, evaluate, serve, export, models, runs.",
    },
  );
}

/** Numbers one below the other; all have the same cells. */
function joined(parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  const rows = parts.reduce((sum, { shape }) => sum + shape[0]!, 0);
  const data = new (first!.data.constructor as Float32ArrayConstructor)(
    parts.reduce((sum, part) => sum + part.data.length, 0),
  );
  let at = 0;
  for (const part of parts) {
    data.set(part.data as Float32Array, at);
    at += part.data.length;
  }
  return { type: first!.type, shape: [rows, ...first!.shape.slice(1)], data } as Tensor;
}

function numbersOf(results: Readonly<Record<string, Tensor>>, name: string, length: number): Float64Array {
  if (length === 0) return new Float64Array();
  const data = results[name]?.data as ArrayLike<number> | undefined;
  if (data?.length !== length) {
    throw new QuernError(
      "BUNDLE_INVALID",
      `The model answered ${data?.length ?? 0} numbers for ${name}, expected ${length}.`,
    );
  }
  return new Float64Array(data);
}

/** Rows start..stop of a tensor, as a view where the data allow it. */
function cut(tensor: Tensor, start: number, stop: number): Tensor {
  const cell = tensor.shape.slice(1);
  const width = elementCount(cell);
  const data = Array.isArray(tensor.data)
    ? tensor.data.slice(start, stop)
    : (tensor.data as Float32Array).subarray(start * width, stop * width);
  return { type: tensor.type, shape: [stop - start, ...cell], data } as Tensor;
}
