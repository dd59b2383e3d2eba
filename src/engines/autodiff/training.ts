/** Optimizer steps on onnxruntime: forward pass, backward pass and update in one graph, repeated in a Loop. */
import type { ElementType, GraphValue } from "../../foundation/contracts/graph.js";
import type { Tensor, TensorArrays } from "../../foundation/contracts/tensor.js";
import {
  createGraph,
  Expressions,
  endOf,
  type LoopBody,
  loopModel,
  type OnnxGraph,
  openBuiltModel,
  type Session,
  startOf,
  TURNS,
} from "../onnx/index.js";
import { gradients } from "./gradients.js";
import { clipByNorm, type Optimizer } from "./optimizers.js";
import { ParameterLayout, type ParameterSpecification } from "./parameters.js";

export interface TrainingDefinition {
  readonly parameters: readonly ParameterSpecification[];
  /** The same in every step: the data set, pools of masks. Batches are gathered inside the graph. */
  readonly shared: Readonly<Record<string, Tensor>>;
  /** Different in every step: row numbers, starts of windows. The shape is that of one step. */
  readonly perStep: Readonly<
    Record<string, { readonly type: ElementType; readonly shape: readonly number[] }>
  >;
  /** Float32 scalar. */
  loss(step: StepGraph): GraphValue;
  readonly optimizer: Optimizer;
  /** Greatest norm of all gradients together; absent: not clipped. */
  readonly clipNorm?: number;
}

/** What a loss is made of. */
export interface StepGraph {
  readonly graph: OnnxGraph;
  readonly x: Expressions;
  parameter(name: string): GraphValue;
  /** A shared or per-step tensor. */
  input(name: string): GraphValue;
  /** What a parameter of role `statistic` is from the next step on; only in the loss of a training. */
  update(name: string, next: GraphValue): void;
}

/** Float32; values between steps: enough to go on elsewhere. */
export interface TrainingState {
  /** Steps taken. */
  readonly step: number;
  readonly contents: Readonly<Record<string, Float32Array>>;
}

export interface Training {
  readonly layout: ParameterLayout;
  readonly state: TrainingState;
  /**
   * Takes as many steps as there are learning rates, without a pause: nothing else runs in this thread meanwhile.
   * @param perStep what each step sees, stacked: [steps, ...shape]
   * @returns the loss before each step
   */
  run(
    learningRates: ArrayLike<number>,
    perStep: Readonly<Record<string, TensorArrays[ElementType]>>,
  ): Promise<Float32Array>;
  /** Copies, by name. */
  parameters(): ReadonlyMap<string, Float32Array>;
  close(): Promise<void>;
}

/**
 * Builds the graph and opens the runtime on it with one thread, so that results never depend on threads.
 * @param from state of an equal training, to go on from there
 * @throws QuernError TRAINING_FAILED when an op of the loss has no derivative
 */
export async function createTraining(
  definition: TrainingDefinition,
  from?: TrainingState,
): Promise<Training> {
  const layout = new ParameterLayout(definition.parameters);
  const body = buildStep(definition, layout);
  const session = await openBuiltModel(loopModel(body), { threads: 1 });
  return new LoopTraining(definition, layout, body, session, from);
}

const LOSS = "loss";
const slotName = (storage: string, slot: string): string => `${storage}/${slot}`;
const scalarName = (scalar: string): string => `rate:${scalar}`;

function buildStep(definition: TrainingDefinition, layout: ParameterLayout): LoopBody {
  const { optimizer, shared, perStep, clipNorm } = definition;
  const graph = createGraph({ name: "training" });
  const x = new Expressions(graph);
  const turn = graph.input("turn", "int64", []);
  const { storages, parameters } = layout.declare(graph);
  const inputs = new Map<string, GraphValue>();
  for (const [name, { type, shape }] of Object.entries(shared))
    inputs.set(name, graph.input(name, type, shape));
  const ofStep = (name: string, type: ElementType, shape: readonly number[]) =>
    x.gather(graph.input(name, type, [TURNS, ...shape]), turn);
  for (const [name, { type, shape }] of Object.entries(perStep)) inputs.set(name, ofStep(name, type, shape));
  const scalars = Object.fromEntries(
    Object.keys(optimizer.scalars(1, 1)).map((name) => [name, ofStep(scalarName(name), "float32", [])]),
  );
  const updates = new Map<string, GraphValue>();
  const update = (name: string, next: GraphValue) => updates.set(name, next);
  const loss = definition.loss({ graph, x, parameter: known(parameters), input: known(inputs), update });
  const trained = storages.filter((_, k) => layout.storages[k]!.role === "trained");
  const raw = gradients(graph, loss, trained);
  const clipped = clipNorm === undefined ? raw : clipByNorm(x, raw, clipNorm);
  const carried = trained.flatMap((parameter, k) => {
    const storage = layout.storages[k]!;
    const slots = Object.fromEntries(
      optimizer.slots.map((slot) => [
        slot,
        graph.input(slotName(storage.name, slot), "float32", storage.shape),
      ]),
    );
    const rateFactor = layout.factor(graph, storage, "rateFactor");
    const decayFactor = layout.factor(graph, storage, "decayFactor");
    const variable = { parameter, gradient: clipped[k]!, slots, scalars, rateFactor, decayFactor };
    const next = optimizer.update(x, variable);
    const kept = optimizer.slots.map((slot) => ({ input: slots[slot]!, next: next.slots[slot]! }));
    return [{ input: parameter, next: next.parameter }, ...kept];
  });
  const statistics = layout.storages.flatMap((storage, k) => {
    if (storage.role !== "statistic") return [];
    const parts = storage.members.map(({ name }) =>
      x.reshape(updates.get(name) ?? parameters.get(name)!, [-1]),
    );
    return [{ input: storages[k]!, next: x.reshape(x.concat(parts, 0), storage.shape) }];
  });
  return { graph, turn, carried: [...carried, ...statistics], collected: { [LOSS]: loss } };
}

/** Looks tensors up by name. @throws Error for one that is not there: a bug of the caller */
export function known(values: ReadonlyMap<string, GraphValue>): (name: string) => GraphValue {
  return (name) => {
    const value = values.get(name);
    if (!value) throw new Error(`The training has no tensor ${JSON.stringify(name)}.`);
    return value;
  };
}

class LoopTraining implements Training {
  readonly layout: ParameterLayout;
  readonly #definition: TrainingDefinition;
  readonly #session: Session;
  readonly #shapes: ReadonlyMap<string, readonly number[]>;
  #state: TrainingState;

  constructor(
    definition: TrainingDefinition,
    layout: ParameterLayout,
    body: LoopBody,
    session: Session,
    from?: TrainingState,
  ) {
    this.#definition = definition;
    this.layout = layout;
    this.#session = session;
    this.#shapes = new Map(body.carried.map(({ input }) => [input.name, input.shape as readonly number[]]));
    this.#state = from ?? { step: 0, contents: this.#initial() };
  }

  get state(): TrainingState {
    return this.#state;
  }

  async run(
    learningRates: ArrayLike<number>,
    perStep: Readonly<Record<string, TensorArrays[ElementType]>>,
  ): Promise<Float32Array> {
    const { optimizer, shared } = this.#definition;
    const { step, contents } = this.#state;
    const steps = learningRates.length;
    const feeds: Record<string, Tensor> = {
      ...shared,
      [TURNS]: { type: "int64", shape: [], data: BigInt64Array.of(BigInt(steps)) },
    };
    for (const [name, { type, shape }] of Object.entries(this.#definition.perStep)) {
      feeds[name] = { type, shape: [steps, ...shape], data: perStep[name]! } as Tensor;
    }
    const scalars = Array.from(learningRates, (rate, k) => optimizer.scalars(step + k + 1, rate));
    for (const name of Object.keys(optimizer.scalars(1, 1))) {
      const data = Float32Array.from(scalars, (values) => values[name]!);
      feeds[scalarName(name)] = { type: "float32", shape: [steps], data };
    }
    for (const [name, shape] of this.#shapes) {
      feeds[startOf(name)] = { type: "float32", shape, data: contents[name]! };
    }
    const frozen = this.#frozenContents();
    for (const { name, shape } of this.layout.storages) {
      if (frozen[name]) feeds[name] = { type: "float32", shape, data: frozen[name] };
    }
    const results = await this.#session.run(feeds);
    const after = [...this.#shapes.keys()].map(
      (name) => [name, results[endOf(name)]!.data as Float32Array] as const,
    );
    this.#state = { step: step + steps, contents: { ...frozen, ...Object.fromEntries(after) } };
    return results[LOSS]!.data as Float32Array;
  }

  parameters(): ReadonlyMap<string, Float32Array> {
    return this.layout.read(this.layout.storages.map(({ name }) => this.#state.contents[name]!));
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  #frozenContents(): Record<string, Float32Array> {
    const frozen = this.layout.storages.filter(({ role }) => role === "frozen");
    return Object.fromEntries(frozen.map(({ name }) => [name, this.#state.contents[name]!]));
  }

  #initial(): Record<string, Float32Array> {
    const contents: Record<string, Float32Array> = {};
    for (const [k, values] of this.layout.initial().entries()) {
      const storage = this.layout.storages[k]!;
      contents[storage.name] = values;
      if (storage.role !== "trained") continue;
      for (const slot of this.#definition.optimizer.slots) {
        contents[slotName(storage.name, slot)] = new Float32Array(storage.size);
      }
    }
    return contents;
  }
}
