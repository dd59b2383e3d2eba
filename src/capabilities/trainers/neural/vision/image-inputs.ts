/** What a network that looks takes of a feature frame: the images, and what `text-columns` takes. */
import type { Frame, ImageColumn } from "../../../../foundation/contracts/frame.js";
import type { GraphBuilder, GraphColumn, GraphValue } from "../../../../foundation/contracts/graph.js";
import { picturePresence } from "../../../../foundation/contracts/image-cells.js";
import type { Tensor } from "../../../../foundation/contracts/tensor.js";
import type { PixelStatistics } from "../layers/convolution.js";
import { TABLE } from "../table-input.js";
import * as text from "../text/text-columns.js";

export interface ImageSize {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** A plain value. */
export interface ImageInputs extends text.TextInputs {
  readonly images: readonly ImageInput[];
}

export interface ImageInput extends ImageSize {
  readonly statistics: PixelStatistics;
  /** Whether rows of the training had none; a state of such rows is learnt then. */
  readonly isOptional?: true;
}

export const imageName = (index: number): string => `image-${index}`;
/** Of pictures that may be missing, float32 [N, 1]: 1 where there is one. */
export const presenceName = (index: number): string => `${imageName(index)}-presence`;

const imagesOf = (frame: Frame): ImageColumn[] =>
  [...frame.columns.values()].filter((column) => column.kind === "image");

/** The tensors without a table of no features. */
function withoutEmptyTable(tensors: Record<string, Tensor>, features: number): Record<string, Tensor> {
  const { [TABLE]: _, ...others } = tensors;
  return features > 0 ? tensors : others;
}

/**
 * Inputs of the network by name: `image-k` uint8 [N, H, W, C], `image-k-presence`, and those of `text-columns`.
 * @throws QuernError TRAINING_FAILED naming `trainer`, for features that are not finite
 */
export function trainingInputs(
  frame: Frame,
  trainer: string,
): { inputs: ImageInputs; tensors: Record<string, Tensor> } {
  const others = text.trainingInputs(frame, trainer);
  const columns = imagesOf(frame);
  const images = columns.map((column) => {
    const { height, width, channels } = column;
    const isOptional = picturePresence(column).includes(0);
    const statistics = pixelStatistics(column);
    return { height, width, channels, statistics, ...(isOptional ? { isOptional } : {}) };
  });
  const inputs = { ...others.inputs, images };
  return {
    inputs,
    tensors: {
      ...imageTensors(columns, images, frame.rows),
      ...withoutEmptyTable(others.tensors, inputs.features),
    },
  };
}

/** The same of rows to predict; features that are not finite count as 0. */
export function predictionInputs(frame: Frame, inputs: ImageInputs): Record<string, Tensor> {
  const others = withoutEmptyTable(text.predictionInputs(frame, inputs), inputs.features);
  return { ...imageTensors(imagesOf(frame), inputs.images, frame.rows), ...others };
}

/** The same inside the exported graph, which tells the presence of pictures from their pixels. */
export function graphInputs(
  graph: GraphBuilder,
  columns: readonly GraphColumn[],
): Record<string, GraphValue> {
  const images = columns.filter(({ kind }) => kind === "image");
  return {
    ...Object.fromEntries(images.map(({ value }, k) => [imageName(k), value])),
    ...text.graphInputs(graph, columns),
  };
}

function imageTensors(
  columns: readonly ImageColumn[],
  images: readonly ImageInput[],
  rows: number,
): Record<string, Tensor> {
  return Object.fromEntries(
    columns.flatMap((column, k): [string, Tensor][] => {
      const pixels: [string, Tensor] = [imageName(k), imageTensor(column, rows)];
      if (!images[k]?.isOptional) return [pixels];
      const data = Float32Array.from(picturePresence(column));
      return [pixels, [presenceName(k), { type: "float32", shape: [rows, 1], data }]];
    }),
  );
}

/** Uint8 [rows, height, width, channels]. */
export function imageTensor({ values, height, width, channels }: ImageColumn, rows: number): Tensor {
  return { type: "uint8", shape: [rows, height, width, channels], data: values };
}

/** Pixels looked at for mean and deviation; more would change neither. */
const STATISTICS_PIXELS = 2 ** 22;

/** By channel, of values in 0..1 and of pictures that are there. A channel that never changes has deviation 1. */
export function pixelStatistics(column: ImageColumn): PixelStatistics {
  const { values, channels, height, width } = column;
  const presence = picturePresence(column);
  const pixels = values.length / channels;
  const stride = Math.max(1, Math.floor(pixels / STATISTICS_PIXELS));
  const [sums, squares] = [new Float64Array(channels), new Float64Array(channels)];
  let count = 0;
  for (let pixel = 0; pixel < pixels; pixel += stride) {
    if (presence[Math.floor(pixel / (height * width))] === 0) continue;
    count++;
    for (let c = 0; c < channels; c++) {
      const value = values[pixel * channels + c]! / 255;
      sums[c]! += value;
      squares[c]! += value * value;
    }
  }
  const mean = Array.from(sums, (sum) => sum / Math.max(1, count));
  const deviation = Array.from(squares, (square, c) =>
    Math.sqrt(Math.max(0, square / Math.max(1, count) - mean[c]! ** 2)),
  );
  return { mean, deviation: deviation.map((value) => (value > 1e-3 ? value : 1)) };
}
