/**
 * Training step by step: the runtime computes loss and gradients into memory that stays, then the update goes over
 * parameters and slots in small pieces, in place. The state exists once, and large intermediate values are given back
 * as soon as they are used.
 */
import type { ElementType } from "../../../foundation/contracts/graph.js";
import { elementCount, type Tensor, type TensorArrays } from "../../../foundation/contracts/tensor.js";
import { Expressions, openBuiltModel, type Session } from "../../onnx/index.js";
import type { ParameterLayout, ParameterPlace, Storage } from "../parameters.js";
import type { MemoryEstimate, NamedState, Training, TrainingDefinition, TrainingState } from "../training.js";
import { fixedWeights, withFixedWeights } from "./fixed-weights.js";
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
import { type BuiltStep, buildStep, parameterInput } from "./step.js";
import { openUpdate, type Update } from "./update.js";

const [LOSS, SQUARED_NORM] = ["loss", "squaredNorm"];
const gradientOutput = (name: string): string => `gradient:${name}`;
const statisticOutput = (name: string): string => `statistic:${name}`;
const sumInput = (name: string): string => `sum:${name}`;

export async function openStepwise(
  definition: TrainingDefinition,
  layout: ParameterLayout,
  step: BuiltStep,
  memory: MemoryEstimate,
): Promise<Training> {
  const { accumulate = 1, clipNorm, threads = 1, optimizer } = definition;
  const outline = outlineOf(definition);
  const openForm = async (form: number) => ({
    session: await openGradients(outline, buildStep(outline, form), "release"),
  });
  const first = { session: await openGradients(definition, step, holding(definition, memory)) };
  const hasGradientFactor = clipNorm !== undefined || accumulate > 1;
  const update = await openUpdate(layout, optimizer, hasGradientFactor, threads);
  return new StepwiseTraining(definition, layout, memory, step, {
    forms: new FormSessions(first, openForm),
    update,
  });
}

/** From here on gradients are many beside what lies between them. */
const FEW_GRADIENTS = 1 / 8;

/**
 * Where few weights learn (LoRA, a new head), memory held for the next step is no more than the step needs. Gradients are
 * copied into memory of their own, and several forms of a step would hold some each: there it is given back.
 */
function holding(
  { forms = 1 }: TrainingDefinition,
  { gradientBytes, activationBytes }: MemoryEstimate,
): "pool" | "release" {
  return forms === 1 && gradientBytes < FEW_GRADIENTS * activationBytes ? "pool" : "release";
}

/** Loss, gradients and what statistics become. */
function openGradients(
  definition: TrainingDefinition,
  step: BuiltStep,
  memory: "pool" | "release",
): Promise<Session> {
  const { graph, loss, gradients, updates } = step;
  const { accumulate = 1, clipNorm } = definition;
  const x = new Expressions(graph);
  graph.output(LOSS, loss);
  for (const [name, next] of updates) graph.output(statisticOutput(name), next);
  const totals = [...gradients].map(([name, gradient]) => {
    const shape = gradient.shape;
    const total =
      accumulate === 1 ? gradient : x.add(gradient, graph.input(sumInput(name), "float32", shape));
    graph.output(gradientOutput(name), total);
    return total;
  });
  if (clipNorm !== undefined) {
    const squares = totals.map((total) => x.sum(x.square(total)));
    graph.output(
      SQUARED_NORM,
      squares.reduce((sum, square) => x.add(sum, square)),
    );
  }
  const model = withFixedWeights(graph.toModel(), fixedWeights(definition, step));
  return openBuiltModel(model, { ...sessionOptions(definition), memory });
}

class StepwiseTraining implements Training {
  readonly execution = "stepwise";
  readonly layout: ParameterLayout;
  readonly memory: MemoryEstimate;
  readonly #definition: RunningDefinition;
  readonly #forms: FormSessions<{ readonly session: Session }>;
  readonly #update: Update;
  readonly #places: readonly ParameterPlace[];
  readonly #trained: ReadonlySet<string>;
  readonly #statistics: ReadonlySet<string>;
  readonly #contents: Record<string, Float32Array>;
  readonly #gradients: ReadonlyMap<string, Float32Array>;
  #step = 0;

  constructor(
    definition: TrainingDefinition,
    layout: ParameterLayout,
    memory: MemoryEstimate,
    { gradients, updates }: BuiltStep,
    {
      forms,
      update,
    }: { readonly forms: FormSessions<{ readonly session: Session }>; readonly update: Update },
  ) {
    this.layout = layout;
    this.memory = memory;
    this.#definition = runningDefinition(definition);
    this.#forms = forms;
    this.#update = update;
    this.#trained = new Set(gradients.keys());
    this.#statistics = new Set(updates.keys());
    this.#places = layout.places();
    this.#contents = initialContents(layout, definition);
    const trained = layout.storages.filter(({ role }) => role === "trained");
    this.#gradients = new Map(trained.map(({ name, size }) => [name, new Float32Array(size)]));
  }

  get state(): TrainingState {
    return { step: this.#step, contents: this.#contents };
  }

  async run(
    learningRates: ArrayLike<number>,
    perStep: Readonly<Record<string, TensorArrays[ElementType]>>,
    form = 0,
  ): Promise<Float32Array> {
    const { session } = await this.#forms.of(form);
    const { accumulate = 1 } = this.#definition;
    const losses = new Float32Array(learningRates.length);
    for (let k = 0; k < losses.length; k++) {
      if (accumulate > 1) for (const sums of this.#gradients.values()) sums.fill(0);
      let [loss, squaredNorm] = [0, 0];
      for (let batch = 0; batch < accumulate; batch++) {
        const results = await this.#differentiate(session, perStep, k * accumulate + batch);
        loss += results.loss;
        squaredNorm = results.squaredNorm;
      }
      losses[k] = loss / accumulate;
      await this.#move(learningRates[k]!, squaredNorm);
    }
    return losses;
  }

  /** @param index of the batch within the run */
  async #differentiate(
    session: Session,
    perStep: Readonly<Record<string, TensorArrays[ElementType]>>,
    index: number,
  ): Promise<{ loss: number; squaredNorm: number }> {
    const { shared, perStep: ports, accumulate = 1, clipNorm } = this.#definition;
    const feeds: Record<string, Tensor> = { ...shared };
    for (const [name, { type, shape }] of Object.entries(ports)) {
      const size = elementCount(shape);
      const data = sliceOf(perStep[name]!, index * size, (index + 1) * size);
      feeds[name] = { type, shape, data } as Tensor;
    }
    const scalar = (): Tensor => ({ type: "float32", shape: [], data: new Float32Array(1) });
    const outputs: Record<string, Tensor> = { [LOSS]: scalar() };
    const changed: [Float32Array, Float32Array][] = [];
    if (clipNorm !== undefined) outputs[SQUARED_NORM] = scalar();
    for (const { name, shape, storage, start, end } of this.#places) {
      const home = this.layout.storages[storage]!.name;
      const view = (whole: Float32Array): Tensor => ({
        type: "float32",
        shape,
        data: whole.subarray(start, end),
      });
      const value = view(this.#contents[home]!);
      feeds[parameterInput(name)] = value;
      if (this.#statistics.has(name)) {
        const next = { ...value, data: new Float32Array(end - start) } as Tensor;
        outputs[statisticOutput(name)] = next;
        changed.push([value.data as Float32Array, next.data as Float32Array]);
      }
      if (!this.#trained.has(name)) continue;
      const gradient = view(this.#gradients.get(home)!);
      outputs[gradientOutput(name)] = gradient;
      if (accumulate > 1) feeds[sumInput(name)] = gradient;
    }
    await session.runInto(feeds, outputs);
    for (const [own, next] of changed) own.set(next);
    const numberOf = (name: string) => (outputs[name]?.data as Float32Array | undefined)?.[0] ?? 0;
    return { loss: numberOf(LOSS), squaredNorm: numberOf(SQUARED_NORM) };
  }

  async #move(learningRate: number, squaredNorm: number): Promise<void> {
    const { optimizer, accumulate = 1, clipNorm } = this.#definition;
    this.#step++;
    const mean = 1 / accumulate;
    const norm = Math.sqrt(squaredNorm) * mean;
    const clip = clipNorm === undefined ? 1 : Math.min(1, clipNorm / (norm + 1e-6));
    await this.#update.apply({
      contentsOf: ({ name }: Storage, slot?: string) =>
        this.#contents[slot === undefined ? name : slotName(name, slot)]!,
      gradientOf: ({ name }: Storage) => this.#gradients.get(name)!,
      scalars: optimizer.scalars(this.#step, learningRate),
      gradientFactor: mean * clip,
    });
  }

  parameters(): ReadonlyMap<string, Float32Array> {
    return this.layout.read(this.layout.storages.map(({ name }) => this.#contents[name]!));
  }

  named(): NamedState {
    return namedState(this.layout, this.#definition.optimizer, this.state);
  }

  restore({ step, contents }: TrainingState): void {
    this.#step = step;
    for (const [name, own] of Object.entries(this.#contents)) own.set(contents[name]!);
  }

  async close(): Promise<void> {
    await this.#update.close();
    await this.#forms.close();
  }
}

function sliceOf(values: TensorArrays[ElementType], start: number, end: number): TensorArrays[ElementType] {
  return ArrayBuffer.isView(values) ? values.subarray(start, end) : values.slice(start, end);
}
