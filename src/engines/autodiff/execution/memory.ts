/** How much memory a step needs, from the shapes in its graph, before anything runs. */
import { QuernError } from "../../../foundation/base/errors.js";
import type { ElementType, GraphValue } from "../../../foundation/contracts/graph.js";
import { elementCount } from "../../../foundation/contracts/tensor.js";
import { neededNodes } from "../../onnx/index.js";
import { slotShapes } from "../optimizers/index.js";
import type { Execution, MemoryEstimate, TrainingDefinition } from "../training.js";
import { fixedWeightBytes, fixedWeights } from "./fixed-weights.js";
import type { BuiltStep } from "./step.js";

const ELEMENT_BYTES: Readonly<Record<ElementType, number>> = {
  float32: 4,
  float64: 8,
  int64: 8,
  int32: 4,
  uint8: 1,
  bool: 1,
  string: 16,
  float16: 2,
  int8: 1,
  int4: 0.5,
};

/** Sizes known at run time only count as 1: a training has none. */
function bytesOf({ type, shape }: Pick<GraphValue, "type" | "shape">): number {
  return elementCount(shape.map((size) => (typeof size === "number" ? size : 1))) * ELEMENT_BYTES[type];
}

export function estimateStepMemory(
  definition: TrainingDefinition,
  step: BuiltStep,
  execution: Execution,
): MemoryEstimate {
  const sum = (values: Iterable<Pick<GraphValue, "type" | "shape">>) =>
    [...values].reduce((total, value) => total + bytesOf(value), 0);
  const parameterBytes = definition.parameters.reduce(
    (total, { shape }) => total + 4 * elementCount(shape),
    0,
  );
  const gradientBytes = sum(step.gradients.values());
  const slots = [...step.gradients.values()].flatMap(({ type, shape }) =>
    slotShapes(definition.optimizer, shape).map(([, own]) => ({ type, shape: own })),
  );
  const slotBytes = sum(slots);
  const inputBytes = sum(Object.values(definition.shared)) + sum(Object.values(definition.perStep));
  const activationBytes = peakOfLive(step);
  const state = parameterBytes + slotBytes;
  const copies =
    execution === "loop" ? 3 * state : gradientBytes + fixedWeightBytes(fixedWeights(definition, step));
  return {
    parameterBytes,
    slotBytes,
    gradientBytes,
    inputBytes,
    activationBytes,
    peakBytes: state + gradientBytes + inputBytes + activationBytes + copies,
  };
}

/** Ops that give a view of their first input, or may write over it. */
const VIEWS = new Set(["Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity"]);

/** Values live from the node that makes them to the last that reads them, in the order of the graph. */
function peakOfLive({ graph, loss, gradients }: BuiltStep): number {
  const kept = new Set([...gradients.values(), loss].map(({ name }) => name));
  const nodes = neededNodes(graph, [loss, ...gradients.values()]);
  const lastUse = new Map<string, number>();
  const origin = new Map<string, string>();
  const rootOf = (name: string) => origin.get(name) ?? name;
  for (const [index, node] of nodes.entries()) {
    const [first] = node.inputs;
    if (VIEWS.has(node.type) && first) origin.set(node.outputs[0]!.name, rootOf(first.name));
    for (const input of node.inputs) if (input) lastUse.set(rootOf(input.name), index);
  }
  const sizes = new Map<string, number>();
  const ends = new Map<number, string[]>();
  let [live, peak] = [0, 0];
  for (const [index, node] of nodes.entries()) {
    for (const output of node.outputs) {
      // Gradients go straight into memory of their own.
      if (origin.has(output.name) || kept.has(output.name)) continue;
      const bytes = bytesOf(output);
      sizes.set(output.name, bytes);
      live += bytes;
      const end = lastUse.get(output.name) ?? index;
      ends.set(end, [...(ends.get(end) ?? []), output.name]);
    }
    peak = Math.max(peak, live);
    for (const name of ends.get(index) ?? []) live -= sizes.get(name) ?? 0;
  }
  return peak;
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20).toLocaleString("en-US")} MB`;

/** @throws QuernError OUT_OF_MEMORY with the numbers and what could be done instead */
export function refuseBeyond(
  limitBytes: number,
  estimate: MemoryEstimate,
  definition: TrainingDefinition,
  estimates: Readonly<Record<Execution, MemoryEstimate>>,
): void {
  if (estimate.peakBytes <= limitBytes) return;
  const { parameterBytes, slotBytes, gradientBytes, inputBytes, activationBytes } = estimate;
  const state = parameterBytes + slotBytes + gradientBytes;
  const fixed = estimate.peakBytes - activationBytes;
  const alternatives = [];
  if (estimates.stepwise.peakBytes <= limitBytes) alternatives.push("execute it stepwise");
  if (fixed < limitBytes) {
    const share = Math.floor((100 * (limitBytes - fixed)) / activationBytes);
    alternatives.push(`use batches of ${share}% of the size and accumulate their gradients`);
    if (typeof definition.loss === "function")
      alternatives.push("give the loss in parts that are recomputed");
  }
  if (slotBytes > parameterBytes) alternatives.push("use an optimizer with fewer slots");
  alternatives.push("train fewer parameters (LoRA, frozen layers)");
  throw new QuernError(
    "OUT_OF_MEMORY",
    `A step of this training needs about ${megabytes(estimate.peakBytes)} and may use ${megabytes(limitBytes)}: ` +
      `${megabytes(state)} for parameters, optimizer and gradients, ${megabytes(activationBytes)} for ` +
      `intermediate values, ${megabytes(inputBytes)} for inputs.`,
    { hint: `Choose one: ${alternatives.join("; ")}.`, details: { limitBytes, ...estimate } },
  );
}
