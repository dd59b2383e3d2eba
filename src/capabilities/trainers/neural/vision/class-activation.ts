/**
 * Where in a picture a convolutional network sees what speaks for a class: Grad-CAM (Selvaraju et al., 2017), by a
 * gradient graph that is appended to the exported one.
 */
import { gradients } from "../../../../engines/autodiff/index.js";
import {
  appendModel,
  createGraph,
  cutModel,
  Expressions,
  type GraphNode,
  inputPorts,
  neededNodes,
  type OnnxGraph,
  openBuiltModel,
  parseSourceModel,
} from "../../../../engines/onnx/index.js";
import { QuernError } from "../../../../foundation/base/errors.js";
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import type { Tensor } from "../../../../foundation/contracts/tensor.js";

/** What the places of the last layer with places say for a class; 0: nothing, or something against it. */
export interface ActivationMap {
  readonly height: number;
  readonly width: number;
  /** Row by row from the upper left, at least 0. */
  readonly values: Float32Array;
}

export interface ActivationMaps {
  /**
   * By the names of picture inputs: one map for each network that looks at it.
   * @param inputs of the model, of one row
   * @param chosen index of the class; 0 where a value is predicted
   */
  of(
    inputs: Readonly<Record<string, Tensor>>,
    chosen: number,
  ): Promise<ReadonlyMap<string, readonly ActivationMap[]>>;
  close(): Promise<void>;
}

const CHOSEN = "class";

/**
 * Undefined for a model without maps: no convolutions lead to its scores, attention stands behind them, or an op on the way
 * has no derivative (trees in an ensemble).
 * @param scores output [N, classes] of probabilities, or [N, 1] of values. Where one softmax makes the probabilities, what
 *   goes into it is differentiated, as the paper does; otherwise the logarithm of the probability.
 */
export async function openActivationMaps(
  bytes: Uint8Array,
  { scores, threads }: { readonly scores: string; readonly threads: number },
): Promise<ActivationMaps | undefined> {
  const source = cutModel(parseSourceModel(bytes), [scores]);
  const graph = createGraph({ name: "class-activation" });
  const ports = inputPorts(source).map(
    (port) => [port.name, graph.input(port.name, port.type, port.shape)] as const,
  );
  const output = appendModel(graph, source, Object.fromEntries(ports))[scores]!;
  const places = ports
    .filter(([, { shape }]) => shape.length === 4)
    .flatMap(([name, picture]) => lastPlaces(graph, output, picture).map((value) => ({ name, value })));
  if (places.length === 0 || new Set(places.map(({ value }) => value.name)).size < places.length)
    return undefined;
  const maps = appendMaps(
    graph,
    output,
    places.map(({ value }) => value),
  );
  if (!maps) return undefined;
  for (const [k, map] of maps.entries()) graph.output(`map-${k}`, map);
  const session = await openBuiltModel(graph.toModel(), { threads });
  return {
    async of(inputs, chosen) {
      const given = Object.fromEntries(ports.map(([name]) => [name, inputs[name]!]));
      const index: Tensor = { type: "int64", shape: [1], data: BigInt64Array.of(BigInt(chosen)) };
      const made = await session.run({ ...given, [CHOSEN]: index });
      const found = new Map<string, ActivationMap[]>();
      for (const [k, { name }] of places.entries()) {
        const { shape, data } = made[`map-${k}`]!;
        const map = { height: shape[1]!, width: shape[2]!, values: data as Float32Array };
        found.set(name, [...(found.get(name) ?? []), map]);
      }
      return found;
    },
    close: () => session.close(),
  };
}

/** Maps [N, H, W] of values [N, C, H, W]: their channels, each weighted by the mean of its derivative. */
function appendMaps(
  graph: OnnxGraph,
  output: GraphValue,
  places: readonly GraphValue[],
): GraphValue[] | undefined {
  const x = new Expressions(graph);
  const score = x.sum(x.gather(scoreBehind(x, output), graph.input(CHOSEN, "int64", [1]), 1));
  try {
    return gradients(graph, score, places).map((gradient, k) => {
      const weights = x.mean(gradient, [2, 3], true);
      return x.apply("Relu", x.sum(x.mul(weights, places[k]!), [1]));
    });
  } catch (failure) {
    if (QuernError.is(failure) && failure.code === "TRAINING_FAILED") return undefined;
    throw failure;
  }
}

const LEAST_PROBABILITY = 1e-12;

/** What a class is given before probabilities are made of it, [N, classes]. */
function scoreBehind(x: Expressions, output: GraphValue): GraphValue {
  if (output.shape[1] === 1) return output;
  const links = neededNodes(x.graph as OnnxGraph, [output]).filter(
    ({ type, outputs: [made] }) =>
      type === "Softmax" && made!.shape.length === 2 && made!.shape[1] === output.shape[1],
  );
  const [link] = links;
  return links.length === 1 ? link!.inputs[0]! : x.apply("Log", x.max(output, LEAST_PROBABILITY));
}

/** Of one picture, the values that still have places and go only where there are none: into pooling, or side by side. */
function lastPlaces(graph: OnnxGraph, output: GraphValue, picture: GraphValue): GraphValue[] {
  const nodes = neededNodes(graph, [output]);
  const seen = new Set([picture.name]);
  const convolved = new Set<string>();
  const beyond = new Map<string, boolean>();
  for (const { type, inputs, outputs } of nodes) {
    const own = inputs.filter((input) => input && seen.has(input.name));
    if (own.length === 0) continue;
    if (own.length > 1 && type === "MatMul") return [];
    const isConvolved = type === "Conv" || own.some((input) => convolved.has(input!.name));
    for (const made of outputs) {
      seen.add(made.name);
      if (isConvolved) convolved.add(made.name);
    }
    const isLast = !outputs.some(hasPlaces) && type !== "Shape";
    for (const input of own) {
      if (type !== "Shape") beyond.set(input!.name, (beyond.get(input!.name) ?? true) && isLast);
    }
  }
  const made = nodes.flatMap(({ outputs }: GraphNode) => outputs);
  return made.filter(
    (value) => hasPlaces(value) && convolved.has(value.name) && beyond.get(value.name) === true,
  );
}

function hasPlaces({ type, shape }: GraphValue): boolean {
  const [, , height, width] = shape;
  if (type !== "float32" || shape.length !== 4) return false;
  return height !== 1 || width !== 1;
}
