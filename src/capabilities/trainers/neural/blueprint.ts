/** What a training needs to know of a network before its first step, found by tracing it once. */
import type { ParameterSpecification } from "../../../engines/autodiff/index.js";
import { createGraph, Expressions, isStatic } from "../../../engines/onnx/index.js";
import type { Random } from "../../../foundation/base/random.js";
import type { ElementType, GraphValue } from "../../../foundation/contracts/graph.js";
import { elementCount } from "../../../foundation/contracts/tensor.js";
import type { Batches } from "./batches.js";
import type { NetworkTensors } from "./inference.js";
import { createScope, type Declaration, type NetworkFunction } from "./scope.js";

export interface Blueprint {
  /** In the order in which the network asks for them. */
  readonly declarations: readonly Declaration[];
  /** Rate and number of elements of each use of dropout, in order. */
  readonly dropouts: readonly { readonly rate: number; readonly elements: number }[];
}

/** Traces the network in training mode on the shapes of its batches. */
export function traceNetwork(
  network: NetworkFunction<unknown>,
  { shared, perStep, inputs }: Pick<Batches, "shared" | "perStep" | "inputs">,
): Blueprint {
  const graph = createGraph({ name: "blueprint" });
  const x = new Expressions(graph);
  const declared = new Map<string, { declaration: Declaration; value: GraphValue }>();
  const dropouts: { rate: number; elements: number }[] = [];
  const scope = createScope({
    x,
    mode: "training",
    tensor(declaration) {
      const known = declared.get(declaration.name);
      if (known) return sharedTensor(known, declaration);
      const value = graph.input(`parameter:${declaration.name}`, "float32", declaration.shape);
      declared.set(declaration.name, { declaration, value });
      return value;
    },
    update: () => undefined,
    dropout(value, rate) {
      if (!isStatic(value.shape)) throw new Error("Dropout needs sizes that are known before the training.");
      dropouts.push({ rate, elements: elementCount(value.shape) });
      return value;
    },
  });
  const tensors = new Map<string, GraphValue>();
  const ports: Readonly<Record<string, { type: ElementType; shape: readonly number[] }>> = {
    ...shared,
    ...perStep,
  };
  for (const [name, { type, shape }] of Object.entries(ports)) {
    tensors.set(name, graph.input(name, type, shape));
  }
  network(
    scope,
    inputs(x, (name) => tensors.get(name)!, 0),
  );
  return { declarations: [...declared.values()].map(({ declaration }) => declaration), dropouts };
}

function sharedTensor(
  known: { readonly declaration: Declaration; readonly value: GraphValue },
  { name, shape }: Declaration,
): GraphValue {
  if (known.declaration.shape.join() === shape.join()) return known.value;
  throw new Error(
    `The parameter ${name} is [${known.declaration.shape}] in one place, [${shape}] in another.`,
  );
}

/** How a parameter is treated in fine-tuning. */
export interface Treatment extends Partial<Pick<Declaration, "decayFactor" | "rateFactor">> {
  /** Keeps its first value. */
  readonly isFrozen?: boolean;
}

export interface BeginningOptions {
  readonly random: Random;
  /** Values that are not drawn: pretrained ones. */
  readonly given?: NetworkTensors;
  /** Changes how a parameter is trained, by its name. */
  readonly treatment?: (name: string) => Treatment | undefined;
}

/** The parameters as a training takes them. Each is drawn from a stream of its own name. */
export function beginningOf(
  { declarations }: Blueprint,
  { random, given = {}, treatment }: BeginningOptions,
): ParameterSpecification[] {
  return declarations.map((declaration) => {
    const { name, shape, initial, isTrained } = declaration;
    const { isFrozen = false, ...changed } = treatment?.(name) ?? {};
    const { decayFactor, rateFactor } = { ...declaration, ...changed };
    const values = givenValues(declaration, given) ?? initial(shape, random.fork(name));
    const role = isTrained ? (isFrozen ? "frozen" : "trained") : "statistic";
    return { name, shape, values, decayFactor, rateFactor, role };
  });
}

function givenValues({ name, shape }: Declaration, given: NetworkTensors): Float32Array | undefined {
  const tensor = given[name];
  if (!tensor) return undefined;
  if (tensor.shape.join() === shape.join()) return tensor.values;
  throw new Error(`The parameter ${name} is [${shape}], the given one is [${tensor.shape}].`);
}
