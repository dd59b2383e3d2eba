/** Runs a bundle's model on rows or frames, whatever runtime executes the graph. Pure apart from `run`. */
import { QuernError } from "../base/errors.js";
import type { BundleInput, Manifest } from "./bundle.js";
import { type Frame, takeRows } from "./frame.js";
import { type BoundHostStep, bindHostSteps, type HostTransforms, runHostSteps } from "./host-steps.js";
import { type DecodeImage, decodePlainImage, hasImages, readImageCells } from "./image-cells.js";
import { OUTPUT_TENSORS, outputTensors } from "./model-graph.js";
import { type Prediction, type PredictionColumns, type Row, toPredictionRows } from "./prediction.js";
import { type EncodedColumns, encodeFrame, encodeRows } from "./row-encoding.js";
import { elementCount, type Tensor } from "./tensor.js";

/** Work that has not begun when the caller is gone or the time is up is not begun at all. */
export interface RunOptions {
  /** Looked at before the work begins; an `AbortSignal` will do. */
  readonly signal?: Pick<AbortSignal, "aborted">;
  /** On the clock's `elapsed()`. */
  readonly deadlineMs?: number;
}

export type RunGraph = (
  inputs: Readonly<Record<string, Tensor>>,
  outputs: readonly string[],
  options?: RunOptions,
) => Promise<Readonly<Record<string, Tensor>>>;

export interface BundlePredictor {
  /** One answer a row, in order. @throws QuernError PREDICTION_INPUT */
  predict(rows: readonly Row[], options?: RunOptions): Promise<Prediction[]>;
  /** The same for a frame read by the schema of the inputs, in columns. @throws QuernError PREDICTION_INPUT */
  predictFrame(frame: Frame): Promise<PredictionColumns>;
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
    const { manifest, chunkRows } = this.#options;
    const classes = manifest.outputs.kind === "classes" ? manifest.outputs.classes : [];
    const decode = this.#options.decodeImage ?? decodePlainImage;
    // Rows without images reach the graph in the turn in which they came: a model that is taken down answers them.
    const read = this.#hasImages ? await readImageCells(this.#inputs, rows, decode) : rows;
    const encoded = encodeRows(this.#inputs, read);
    if (rows.length <= chunkRows) {
      return toPredictionRows(await this.#run(encoded, rows.length, options), classes);
    }
    const predictions: Prediction[] = [];
    for (let start = 0; start < rows.length; start += chunkRows) {
      const stop = Math.min(start + chunkRows, rows.length);
      const chunk = new Map([...encoded].map(([name, tensor]) => [name, cut(tensor, start, stop)]));
      predictions.push(...toPredictionRows(await this.#run(chunk, stop - start, options), classes));
    }
    return predictions;
  }

  async predictFrame(frame: Frame): Promise<PredictionColumns> {
    const { manifest, chunkRows } = this.#options;
    const width = manifest.outputs.kind === "classes" ? manifest.outputs.classes.length : 1;
    const values = new Float64Array(frame.rows * width);
    const ends = { low: new Float64Array(frame.rows), high: new Float64Array(frame.rows) };
    const labels: string[] = [];
    for (let start = 0; start < frame.rows; start += chunkRows) {
      const length = Math.min(chunkRows, frame.rows - start);
      const chunk = takeRows(
        frame,
        Int32Array.from({ length }, (_, index) => start + index),
      );
      const part = await this.#run(encodeFrame(this.#inputs, chunk), length);
      values.set(part.values, start * width);
      for (const label of part.labels ?? []) labels.push(label);
      if (part.ends) ends.low.set(part.ends.low, start);
      if (part.ends) ends.high.set(part.ends.high, start);
    }
    if (frame.rows === 0) encodeFrame(this.#inputs, frame);
    if (manifest.outputs.kind === "classes") return { kind: "probabilities", values, classes: width, labels };
    return { kind: "values", values, ...(manifest.outputs.interval ? { ends } : {}) };
  }

  async #run(columns: EncodedColumns, rows: number, options?: RunOptions): Promise<PredictionColumns> {
    const { manifest, run } = this.#options;
    const all = runHostSteps(this.#hostSteps, columns, this.#kinds);
    const feeds: Record<string, Tensor> = Object.create(null);
    for (const { tensor, column } of manifest.graphInputs) feeds[tensor] = all.get(column)!;
    const results = rows === 0 ? {} : await run(feeds, this.#outputs, options);
    if (manifest.outputs.kind === "value") {
      const column = (name: string) => numbersOf(results, name, rows);
      const { prediction, low, high } = OUTPUT_TENSORS;
      const ends = manifest.outputs.interval && { low: column(low), high: column(high) };
      return { kind: "values", values: column(prediction), ...(ends ? { ends } : {}) };
    }
    const classes = manifest.outputs.classes.length;
    return {
      kind: "probabilities",
      values: numbersOf(results, OUTPUT_TENSORS.probabilities, rows * classes),
      classes,
      labels: rows === 0 ? [] : (results[OUTPUT_TENSORS.label]!.data as readonly string[]),
    };
  }
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
