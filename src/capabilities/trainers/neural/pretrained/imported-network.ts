/** A network with given weights as a plain value: its layers are laid again into any graph, its weights are parameters. */
import {
  appendModel,
  createGraph,
  type GraphNode,
  inputPorts,
  isOnnxGraph,
  neededNodes,
  type OnnxGraph,
  parseSourceModel,
  type SourceModel,
  writeModel,
} from "../../../../engines/onnx/index.js";
import type { Dimension, GraphValue } from "../../../../foundation/contracts/graph.js";
import { elementCount, type Tensor, type TensorPort } from "../../../../foundation/contracts/tensor.js";
import type { NetworkTensor, NetworkTensors } from "../inference.js";
import { zeros } from "../initializers.js";
import type { Scope, Values } from "../scope.js";

/** A plain value. */
export interface ImportedParameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** Layers with weights count from 0 below; vectors belong to the layer before them; -1: before the first, tables of embeddings. */
  readonly layer: number;
  /** Statistics of batch norms do not learn. */
  readonly learns: boolean;
}

/** A plain value. */
export interface ImportedNetwork {
  /** ONNX without weights: these are inputs beside those of the data. Its outputs are the features, the first one `features`. */
  readonly model: Uint8Array;
  /** In the order in which the layers use them. */
  readonly parameters: readonly ImportedParameter[];
  /** Layers with weights. */
  readonly layers: number;
  /** Multiplications for one row; sizes known only when it runs count as 1. */
  readonly products: number;
}

export interface OpenedNetwork {
  readonly network: ImportedNetwork;
  readonly tensors: NetworkTensors;
  /** Of the features, whose first dimension is "N"; where there are several, of the first. */
  readonly shape: readonly Dimension[];
  /** Of all of them. */
  readonly shapes: readonly (readonly Dimension[])[];
}

const FEATURES = "features";
const featuresName = (index: number): string => (index === 0 ? FEATURES : `${FEATURES}-${index}`);
const portOf = (parameter: string): string => `weight:${parameter}`;

/** A graph that asks for weights by name. */
export interface WeightedGraph {
  readonly graph: OnnxGraph;
  weight(name: string, content: NetworkTensor): GraphValue;
}

/** Records the network that `build` writes; it returns the features, one value or several. */
export function recordNetwork(
  build: (into: WeightedGraph) => GraphValue | readonly GraphValue[],
): OpenedNetwork {
  const graph = createGraph({ name: "network" });
  const weights = new Map<string, NetworkTensor>();
  const built = build({
    graph,
    weight(name, content) {
      weights.set(name, content);
      return graph.input(portOf(name), "float32", content.shape);
    },
  });
  const features = "name" in built ? [built] : built;
  const used = usedParameters(neededNodes(graph, features), weights);
  for (const [index, value] of features.entries()) graph.output(featuresName(index), value);
  const names = new Set(used.parameters.map(({ name }) => portOf(name)));
  const model = graph.toModel();
  const input = (model.graph?.input ?? []).filter(
    ({ name = "" }) => names.has(name) || !name.startsWith(portOf("")),
  );
  return {
    network: { ...used, model: writeModel({ ...model, graph: { ...model.graph, input } }) },
    tensors: Object.fromEntries(used.parameters.map(({ name }) => [name, weights.get(name)!])),
    shape: features[0]!.shape,
    shapes: features.map(({ shape }) => shape),
  };
}

export interface NetworkImport {
  /** Of a data input, the first dimension "N". */
  shape(port: TensorPort): readonly Dimension[];
  features(
    graph: OnnxGraph,
    outputs: Readonly<Record<string, GraphValue>>,
  ): GraphValue | readonly GraphValue[];
}

/**
 * A model from elsewhere. Single numbers are constants; all other floats of the file are weights.
 * @throws QuernError MODEL_REFUSED, UNSUPPORTED
 */
export function importNetwork(source: SourceModel, { shape, features }: NetworkImport): OpenedNetwork {
  return recordNetwork(({ graph, weight }) => {
    const ports = inputPorts(source).map((port) => {
      return [port.name, graph.input(port.name, port.type, shape(port))] as const;
    });
    const outputs = appendModel(graph, source, Object.fromEntries(ports), {
      weight: (name, { type, shape: sizes, data }) =>
        type === "float32" && elementCount(sizes) > 1
          ? weight(name, { shape: sizes, values: data as Float32Array })
          : graph.constant(type, sizes, data as Tensor["data"]),
    });
    return features(graph, outputs);
  });
}

/** What the layers use in place of a weight. */
export type Adaptation = (scope: Scope, weight: GraphValue, parameter: ImportedParameter) => GraphValue;

/** The network's layers on given inputs, which are called as in its file: its features, where there are several the first. */
export function layNetwork(
  scope: Scope,
  network: ImportedNetwork,
  inputs: Values,
  adapt?: Adaptation,
): GraphValue {
  return layStages(scope, network, inputs, adapt)[0]!;
}

/** The same with all features. */
export function layStages(
  scope: Scope,
  { model, parameters }: ImportedNetwork,
  inputs: Values,
  adapt: Adaptation = (_, weight) => weight,
): GraphValue[] {
  const { graph } = scope.x;
  if (!isOnnxGraph(graph)) throw new Error("An imported network needs a graph of the ONNX engine.");
  const weights = parameters.map((parameter) => {
    const { name, shape, layer, learns } = parameter;
    // As layers of our own: only matrices of products and convolutions decay.
    const decayFactor = layer >= 0 && shape.length > 1 ? 1 : 0;
    const value = learns
      ? scope.parameter(name, shape, zeros, { decayFactor })
      : scope.statistic(name, shape, zeros);
    return [portOf(name), learns ? adapt(scope, value, parameter) : value] as const;
  });
  const laid = appendModel(graph, parseSourceModel(model), { ...inputs, ...Object.fromEntries(weights) });
  return Object.keys(laid).map((_, index) => laid[featuresName(index)]!);
}

/** Ops whose weights of two or more dimensions make a layer; others look rows up, or add what was learnt for places. */
const LAYERS = new Set(["Conv", "ConvTranspose", "MatMul", "Gemm", "Transpose", "Reshape"]);

function usedParameters(
  nodes: readonly GraphNode[],
  weights: ReadonlyMap<string, NetworkTensor>,
): Pick<ImportedNetwork, "parameters" | "layers" | "products"> {
  const parameters = new Map<string, ImportedParameter>();
  let [layer, products] = [-1, 0];
  for (const node of nodes) {
    products += productsOf(node);
    for (const [index, input] of node.inputs.entries()) {
      const name = input?.name.startsWith(portOf("")) ? input.name.slice(portOf("").length) : undefined;
      if (name === undefined || parameters.has(name)) continue;
      const { shape } = weights.get(name)!;
      if (shape.length > 1 && LAYERS.has(node.type)) layer++;
      const learns = !(node.type === "BatchNormalization" && index >= 3);
      parameters.set(name, { name, shape, layer, learns });
    }
  }
  return { parameters: [...parameters.values()], layers: layer + 1, products };
}

const size = (shape: readonly Dimension[]): number =>
  shape.reduce<number>((product, length) => product * (typeof length === "number" ? length : 1), 1);

function productsOf({ type, inputs: [first, second], outputs: [made] }: GraphNode): number {
  if (!first || !second || !made) return 0;
  if (type === "Conv") return size(made.shape) * size(second.shape.slice(1));
  if (type === "MatMul" || type === "Gemm") return size(made.shape) * size(first.shape.slice(-1));
  return 0;
}
