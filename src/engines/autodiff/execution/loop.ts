/** Training in one ONNX Loop: forward pass, backward pass and update repeated without leaving the runtime. */
import type { ElementType, GraphValue } from "../../../foundation/contracts/graph.js";
import type { Tensor, TensorArrays } from "../../../foundation/contracts/tensor.js";
import {
  Expressions,
  endOf,
  type LoopBody,
  loopModel,
  openBuiltModel,
  type Session,
  startOf,
  TURNS,
} from "../../onnx/index.js";
import { createDifferentiableGraph } from "../differentiable-graph.js";
import { gradients } from "../gradients.js";
import { clipByNorm, slotShapes } from "../optimizers/index.js";
import type { ParameterLayout } from "../parameters.js";
import type { MemoryEstimate, NamedState, Training, TrainingDefinition, TrainingState } from "../training.js";
import {
  FormSessions,
  initialContents,
  namedState,
  outlineOf,
  type RunningDefinition,
  runningDefinition,
  sessionOptions,
  slotName,
} from "./state.js";
import { known } from "./step.js";

const LOSS = "loss";
const scalarName = (scalar: string): string => `rate:${scalar}`;

export async function openLoop(
  definition: TrainingDefinition,
  layout: ParameterLayout,
  memory: MemoryEstimate,
): Promise<Training> {
  const outline = outlineOf(definition);
  const openForm = async (form: number) => {
    const body = buildBody(outline, layout, form);
    const session = await openBuiltModel(loopModel(body), sessionOptions(outline));
    return { session, carried: body.carried.map(({ input }) => input) };
  };
  return new LoopTraining(definition, layout, memory, await openForm(0), openForm);
}

interface OpenForm {
  readonly session: Session;
  /** What goes from step to step; the same in all forms. */
  readonly carried: readonly GraphValue[];
}

function buildBody(definition: TrainingDefinition, layout: ParameterLayout, form: number): LoopBody {
  const { optimizer, shared, perStep, clipNorm } = definition;
  const graph = createDifferentiableGraph("training");
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
  if (typeof definition.loss !== "function") throw new Error("A loss in parts is not executed in a Loop.");
  const updates = new Map<string, GraphValue>();
  const update = (name: string, next: GraphValue) => updates.set(name, next);
  const loss = definition.loss({
    ...{ graph, x, form, update },
    parameter: known(parameters),
    input: known(inputs),
  });
  const trained = storages.filter((_, k) => layout.storages[k]!.role === "trained");
  const raw = gradients(graph, loss, trained);
  const clipped = clipNorm === undefined ? raw : clipByNorm(x, raw, clipNorm);
  const carried = trained.flatMap((parameter, k) => {
    const storage = layout.storages[k]!;
    const shapes = slotShapes(optimizer, storage.shape);
    const slots = Object.fromEntries(
      shapes.map(([slot, shape]) => [slot, graph.input(slotName(storage.name, slot), "float32", shape)]),
    );
    const rateFactor = layout.factor(graph, storage, "rateFactor");
    const decayFactor = layout.factor(graph, storage, "decayFactor");
    const variable = { parameter, gradient: clipped[k]!, slots, scalars, rateFactor, decayFactor };
    const next = optimizer.update(x, variable);
    const kept = shapes.map(([slot]) => ({ input: slots[slot]!, next: next.slots[slot]! }));
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

class LoopTraining implements Training {
  readonly execution = "loop";
  readonly layout: ParameterLayout;
  readonly memory: MemoryEstimate;
  readonly #definition: RunningDefinition;
  readonly #forms: FormSessions<OpenForm>;
  readonly #shapes: ReadonlyMap<string, readonly number[]>;
  #state: TrainingState;

  constructor(
    definition: TrainingDefinition,
    layout: ParameterLayout,
    memory: MemoryEstimate,
    first: OpenForm,
    open: (form: number) => Promise<OpenForm>,
  ) {
    this.#definition = runningDefinition(definition);
    this.layout = layout;
    this.memory = memory;
    this.#forms = new FormSessions(first, open);
    this.#shapes = new Map(first.carried.map(({ name, shape }) => [name, shape as readonly number[]]));
    this.#state = { step: 0, contents: initialContents(layout, definition) };
  }

  get state(): TrainingState {
    return this.#state;
  }

  async run(
    learningRates: ArrayLike<number>,
    perStep: Readonly<Record<string, TensorArrays[ElementType]>>,
    form = 0,
  ): Promise<Float32Array> {
    const { session } = await this.#forms.of(form);
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
    const results = await session.run(feeds);
    const after = [...this.#shapes.keys()].map(
      (name) => [name, results[endOf(name)]!.data as Float32Array] as const,
    );
    this.#state = { step: step + steps, contents: { ...frozen, ...Object.fromEntries(after) } };
    return results[LOSS]!.data as Float32Array;
  }

  #frozenContents(): Record<string, Float32Array> {
    const frozen = this.layout.storages.filter(({ role }) => role === "frozen");
    return Object.fromEntries(frozen.map(({ name }) => [name, this.#state.contents[name]!]));
  }

  parameters(): ReadonlyMap<string, Float32Array> {
    return this.layout.read(this.layout.storages.map(({ name }) => this.#state.contents[name]!));
  }

  named(): NamedState {
    return namedState(this.layout, this.#definition.optimizer, this.#state);
  }

  restore(state: TrainingState): void {
    this.#state = state;
  }

  close(): Promise<void> {
    return this.#forms.close();
  }
}
