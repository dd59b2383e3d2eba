/** A pretrained image network from an ONNX model, or from safetensors of a ResNet or a vision transformer. */
import {
  cutModel,
  findModel,
  inputPorts,
  type OnnxGraph,
  openWeights,
  readSourceModel,
  type Weights,
} from "../../../../../engines/onnx/index.js";
import { QuernError } from "../../../../../foundation/base/errors.js";
import type { GraphValue } from "../../../../../foundation/contracts/graph.js";
import type { TensorPort } from "../../../../../foundation/contracts/tensor.js";
import { beforeClassifier, oneVector } from "../../pretrained/feature-output.js";
import {
  type ImportedNetwork,
  importNetwork,
  type OpenedNetwork,
  recordNetwork,
} from "../../pretrained/imported-network.js";
import { type Normalization, type PictureForm, readPictureForm, sideFor } from "./picture-form.js";
import { stagesBefore } from "./picture-stages.js";
import { RESNET_ANCHOR, resNetFeatures } from "./resnet.js";
import { TRANSFORMER_ANCHOR, transformerFeatures, transformerSide } from "./vision-transformer.js";
import { WeightsReader } from "./weights-reader.js";

/** A plain value. */
export interface BackboneArchitecture {
  readonly network: ImportedNetwork;
  /** What the network calls its picture. */
  readonly input: string;
  readonly form: PictureForm;
  /** Features of a picture. */
  readonly width: number;
}

export interface PretrainedBackbone {
  readonly architecture: BackboneArchitecture;
  readonly tensors: OpenedNetwork["tensors"];
}

export interface BackboneOptions extends Partial<Normalization> {
  /** Name of the value that holds the features; absent: what the last linear layer looks at. */
  readonly features?: string;
  /** Of the pictures it will see; a network for one size alone gets them resized. */
  readonly height: number;
  readonly width: number;
}

/** The side of the square to which images are best read for this model. @throws QuernError as `readBackbone` */
export function preferredSide(path: string): number {
  const files = findModel(path);
  const said = readPictureForm(files.folder);
  if (files.onnx) return sideFor(said, sidesOf(picturePort(readSourceModel(files.onnx), path)).height);
  return withWeights(files.weights!, (weights) => sideFor(said, fixedSide(weights, path)));
}

/** @throws QuernError DATA_NOT_FOUND, PATH_REFUSED, MODEL_REFUSED, UNSUPPORTED */
export function readBackbone(path: string, options: BackboneOptions): PretrainedBackbone {
  const { opened, input, form } = readNetwork(path, options, (graph, features) =>
    oneVector(graph, features, path),
  );
  return {
    architecture: { network: opened.network, input, form, width: Number(opened.shape[1]) },
    tensors: opened.tensors,
  };
}

/** A plain value: views of a picture from fine to coarse, as a pretrained network makes them. */
export interface StageArchitecture extends Pick<BackboneArchitecture, "network" | "input" | "form"> {
  /** Each has about half the sides of the one before. */
  readonly stages: readonly { readonly channels: number; readonly height: number; readonly width: number }[];
}

export interface PretrainedStages {
  readonly architecture: StageArchitecture;
  readonly tensors: OpenedNetwork["tensors"];
}

/** @throws QuernError as `readBackbone`; UNSUPPORTED for a network without such views, naming those it has */
export function readStages(path: string, options: BackboneOptions): PretrainedStages {
  const { opened, input, form } = readNetwork(path, options, (graph, features) =>
    stagesBefore(graph, features, path),
  );
  const stages = opened.shapes.map(([, channels, height, width]) => {
    return { channels: Number(channels), height: Number(height), width: Number(width) };
  });
  return { architecture: { network: opened.network, input, form, stages }, tensors: opened.tensors };
}

/** From what the last linear layer looks at to what is wanted of the network. */
type FeatureChoice = (graph: OnnxGraph, features: GraphValue) => GraphValue | readonly GraphValue[];

function readNetwork(
  path: string,
  options: BackboneOptions,
  pick: FeatureChoice,
): Pick<ReadNetwork, "opened" | "input"> & { readonly form: PictureForm } {
  const { onnx, weights, folder } = findModel(path);
  const { normalization } = readPictureForm(folder);
  const { mean = normalization.mean, deviation = normalization.deviation } = options;
  const read = onnx
    ? readGraph(onnx, options, pick)
    : withWeights(weights!, (opened) => readWeights(opened, path, options, pick));
  const { opened, input, sides, layout } = read;
  return { opened, input, form: { ...sides, mean, deviation, layout } };
}

interface ReadNetwork extends Pick<PictureForm, "layout"> {
  readonly opened: OpenedNetwork;
  readonly input: string;
  readonly sides: { readonly height: number; readonly width: number };
}

// ---- ONNX ------------------------------------------------------------------------------------------------------

type Source = ReturnType<typeof readSourceModel>;

function picturePort(source: Source, path: string): TensorPort {
  const ports = inputPorts(source);
  const [port] = ports;
  if (ports.length === 1 && port?.type === "float32" && port.shape.length === 4) return port;
  const found = ports.map(({ name, type, shape }) => `${name}: ${type} [${shape.join(", ")}]`).join("; ");
  throw new QuernError(
    "MODEL_REFUSED",
    `The model in ${path} is no image network: it takes ${found || "nothing"}.`,
    {
      hint: "Its one input must be pictures, float32 [N, 3, height, width] or [N, height, width, 3].",
      details: { path },
    },
  );
}

const isChannelsLast = ({ shape }: TensorPort): boolean => shape[3] === 3 && shape[1] !== 3;

/** Sides that the model is made for; undefined: any. */
function sidesOf(port: TensorPort): { height: number | undefined; width: number | undefined } {
  const [height, width] = isChannelsLast(port) ? port.shape.slice(1, 3) : port.shape.slice(2);
  const known = (size: unknown) => (typeof size === "number" && size > 0 ? size : undefined);
  return { height: known(height), width: known(width) };
}

function readGraph(
  path: string,
  { features, height, width }: BackboneOptions,
  pick: FeatureChoice,
): ReadNetwork {
  const whole = readSourceModel(path);
  const port = picturePort(whole, path);
  const own = sidesOf(port);
  const sides = { height: own.height ?? height, width: own.width ?? width };
  const layout = isChannelsLast(port) ? "channels-last" : "channels-first";
  const shape = layout === "channels-last" ? [sides.height, sides.width, 3] : [3, sides.height, sides.width];
  const opened = importNetwork(features ? cutModel(whole, [features]) : whole, {
    shape: () => ["N", ...shape],
    features(graph, outputs) {
      const output = Object.values(outputs)[0]!;
      return pick(graph, features ? output : beforeClassifier(graph, output));
    },
  });
  return { opened, input: port.name, sides, layout };
}

// ---- safetensors -----------------------------------------------------------------------------------------------

const INPUT = "picture";

function withWeights<T>(path: string, read: (weights: Weights) => T): T {
  const weights = openWeights(path);
  try {
    return read(weights);
  } finally {
    weights.close();
  }
}

function fixedSide(weights: Weights, path: string): number | undefined {
  const transformer = WeightsReader.find(weights, TRANSFORMER_ANCHOR, path);
  return transformer && transformerSide(transformer);
}

function readWeights(
  weights: Weights,
  path: string,
  { height, width }: BackboneOptions,
  pick: FeatureChoice,
): ReadNetwork {
  const transformer = WeightsReader.find(weights, TRANSFORMER_ANCHOR, path);
  const reader = transformer ?? WeightsReader.find(weights, RESNET_ANCHOR, path);
  if (!reader) {
    throw new QuernError("UNSUPPORTED", `The weights in ${path} belong to no known image network.`, {
      hint: "Safetensors are read of a ResNet or a vision transformer as timm or torchvision name them; export any other network as ONNX.",
      details: { path },
    });
  }
  const side = transformer && transformerSide(transformer);
  const sides = { height: side ?? height, width: side ?? width };
  const build = transformer ? transformerFeatures : resNetFeatures;
  const opened = recordNetwork((into) => {
    const picture = into.graph.input(INPUT, "float32", ["N", 3, sides.height, sides.width]);
    return pick(into.graph, build(into, reader, picture));
  });
  return { opened, input: INPUT, sides, layout: "channels-first" };
}
