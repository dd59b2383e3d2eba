/** The update of parameters and slots in pieces that stay in the processor's cache, in place. */
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import type { Tensor } from "../../../foundation/contracts/tensor.js";
import {
  createGraph,
  Expressions,
  neededNodes,
  type OnnxGraph,
  type Operand,
  openBuiltModel,
  type Session,
} from "../../onnx/index.js";
import { type Optimizer, slotShapes } from "../optimizers/index.js";
import type { ParameterLayout, Storage } from "../parameters.js";

/** Half a megabyte an array. */
const PIECE_ELEMENTS = 2 ** 17;
const [PARAMETER, GRADIENT, GRADIENT_FACTOR] = ["parameter", "gradient", "gradientFactor"];
const FACTORS = ["rateFactor", "decayFactor"] as const;
const scalarInput = (name: string): string => `scalar:${name}`;
const slotInput = (name: string): string => `slot:${name}`;
const nextOf = (name: string): string => `next:${name}`;

/** How a factor enters the graph: left out, as one number, or as one for each element. */
type FactorForm = "one" | "number" | "elements";

/** All storages whose factors have the same form, and that are cut or not, share one graph. */
interface Updater {
  readonly session: Session;
  /** Inputs whose memory can take the output directly. */
  readonly inPlace: ReadonlySet<string>;
}

export interface UpdateInputs {
  readonly contentsOf: (storage: Storage, slot?: string) => Float32Array;
  readonly gradientOf: (storage: Storage) => Float32Array;
  /** From the optimizer, for this step. */
  readonly scalars: Readonly<Record<string, number>>;
  /** Times every gradient. */
  readonly gradientFactor: number;
}

export interface Update {
  apply(inputs: UpdateInputs): Promise<void>;
  close(): Promise<void>;
}

export async function openUpdate(
  layout: ParameterLayout,
  optimizer: Optimizer,
  hasGradientFactor: boolean,
  threads: number,
): Promise<Update> {
  const updaters = new Map<string, Updater>();
  const storages: {
    readonly storage: Storage;
    readonly factors: readonly (number | Float32Array)[];
    readonly updater: Updater;
  }[] = [];
  for (const storage of layout.storages) {
    if (storage.role !== "trained") continue;
    const factors = FACTORS.map((of) => layout.factors(storage, of));
    const shape = optimizer.wholeTensors ? storage.shape : ["N"];
    const forms = factors.map(formOf);
    const key = JSON.stringify([forms, shape]);
    const known = updaters.get(key);
    const updater = known ?? (await openUpdater(optimizer, forms, shape, hasGradientFactor, threads));
    updaters.set(key, updater);
    storages.push({ storage, factors, updater });
  }
  return {
    async apply(inputs) {
      for (const { storage, factors, updater } of storages) {
        const size = optimizer.wholeTensors ? storage.size : PIECE_ELEMENTS;
        for (let start = 0; start < storage.size; start += size) {
          const piece = { start, end: Math.min(storage.size, start + size) };
          await updatePiece(optimizer, updater, storage, factors, inputs, piece);
        }
      }
    },
    async close() {
      for (const { session } of updaters.values()) await session.close();
    },
  };
}

function formOf(factors: number | Float32Array): FactorForm {
  if (typeof factors !== "number") return "elements";
  return factors === 1 ? "one" : "number";
}

async function openUpdater(
  optimizer: Optimizer,
  forms: readonly FactorForm[],
  shape: readonly (number | string)[],
  hasGradientFactor: boolean,
  threads: number,
): Promise<Updater> {
  const graph = createGraph({ name: "update" });
  const x = new Expressions(graph);
  const parameter = graph.input(PARAMETER, "float32", shape);
  const raw = graph.input(GRADIENT, "float32", shape);
  const gradient = hasGradientFactor ? x.mul(raw, graph.input(GRADIENT_FACTOR, "float32", [])) : raw;
  const shapes = slotShapes(optimizer, shape);
  const slots = Object.fromEntries(
    shapes.map(([slot, own]) => [slot, graph.input(slotInput(slot), "float32", own)]),
  );
  const scalars = Object.fromEntries(
    Object.keys(optimizer.scalars(1, 1)).map((name) => [name, graph.input(scalarInput(name), "float32", [])]),
  );
  const [rateFactor, decayFactor] = forms.map((form, k): Operand => {
    return form === "one" ? 1 : graph.input(FACTORS[k]!, "float32", form === "number" ? [] : shape);
  }) as [Operand, Operand];
  const next = optimizer.update(x, { parameter, gradient, slots, scalars, rateFactor, decayFactor });
  const changes: [GraphValue, GraphValue][] = [
    [parameter, next.parameter],
    ...shapes.map(([slot]): [GraphValue, GraphValue] => [slots[slot]!, next.slots[slot]!]),
  ];
  for (const [input, value] of changes) graph.output(nextOf(input.name), value);
  const all = changes.map(([, value]) => value);
  const safe = changes.filter(([input, value]) => isOverwritable(graph, input, value, all));
  const session = await openBuiltModel(graph.toModel(), { threads });
  return { session, inPlace: new Set(safe.map(([input]) => input.name)) };
}

/** Whether everything that reads `input` is computed before `value` is, so that `value` may take its memory. */
function isOverwritable(
  graph: OnnxGraph,
  input: GraphValue,
  value: GraphValue,
  outputs: readonly GraphValue[],
): boolean {
  const before = new Set(neededNodes(graph, [value]));
  const readers = neededNodes(graph, outputs).filter((node) =>
    node.inputs.some((read) => read?.name === input.name),
  );
  return before.size > 0 && readers.every((node) => before.has(node));
}

async function updatePiece(
  optimizer: Optimizer,
  { session, inPlace }: Updater,
  storage: Storage,
  factors: readonly (number | Float32Array)[],
  inputs: UpdateInputs,
  { start, end }: { readonly start: number; readonly end: number },
): Promise<void> {
  const shape = optimizer.wholeTensors ? storage.shape : [end - start];
  const tensor = (whole: Float32Array): Tensor => ({
    type: "float32",
    shape,
    data: whole.subarray(start, end),
  });
  const scalar = (value: number): Tensor => ({ type: "float32", shape: [], data: Float32Array.of(value) });
  const changed: Record<string, Tensor> = { [PARAMETER]: tensor(inputs.contentsOf(storage)) };
  for (const [slot, own] of slotShapes(optimizer, shape)) {
    changed[slotInput(slot)] = { ...tensor(inputs.contentsOf(storage, slot)), shape: own };
  }
  const feeds: Record<string, Tensor> = {
    ...changed,
    [GRADIENT]: tensor(inputs.gradientOf(storage)),
    [GRADIENT_FACTOR]: scalar(inputs.gradientFactor),
  };
  for (const [name, value] of Object.entries(inputs.scalars)) feeds[scalarInput(name)] = scalar(value);
  for (const [k, factor] of factors.entries()) {
    feeds[FACTORS[k]!] = typeof factor === "number" ? scalar(factor) : tensor(factor);
  }
  const outputs: Record<string, Tensor> = {};
  for (const [name, target] of Object.entries(changed)) {
    const isSafe = inPlace.has(name);
    outputs[nextOf(name)] = isSafe
      ? target
      : ({ ...target, data: new Float32Array(target.data.length) } as Tensor);
  }
  await session.runInto(feeds, outputs);
  for (const [name, target] of Object.entries(changed)) {
    if (!inPlace.has(name)) (target.data as Float32Array).set(outputs[nextOf(name)]!.data as Float32Array);
  }
}
