/**
 * Whole hidden units and channels are taken out where one product feeds another through elementwise ops alone: both
 * become smaller, and so does the arithmetic (Li et al., 2017).
 */

import type { ModelProto, NodeProto } from "../../../engines/onnx/index.js";
import { elementCount } from "../../../foundation/contracts/tensor.js";
import { EditableModel, integerAttribute } from "../editable-model.js";
import { type Product, productOf } from "../products.js";
import type { Shrunk } from "../shrunk.js";

const UNARY = new Set(
  "Relu Gelu Tanh Sigmoid Elu Selu LeakyRelu HardSwish Softplus Mish Identity Erf".split(" "),
);
/** Of pictures: they work on each channel by itself. */
const CHANNELWISE = new Set(["MaxPool", "AveragePool", "GlobalAveragePool"]);

interface Pair {
  readonly first: Product;
  readonly second: Product;
  /** Vectors with one element for each unit between the two: biases and parameters of normalisations. */
  readonly vectors: readonly string[];
}

/** @param share of the units of each pair that go, 0..1; at least one stays */
export function pruneUnits(source: ModelProto, share: number): Shrunk {
  const model = new EditableModel(source);
  let changed = 0;
  for (const node of source.graph?.node ?? []) {
    const pair = pairFrom(model, node);
    if (!pair) continue;
    const kept = unitsToKeep(pair, share);
    for (const [weight, axis] of [
      [pair.first.weight, pair.first.axis],
      [pair.second.weight, 1 - pair.second.axis],
    ] as const) {
      const size = weight.shape[axis]!;
      if (kept.length === size) continue;
      const shape = weight.shape.map((own, at) => (at === axis ? kept.length : own));
      model.restore(weight.name, shape, taken(weight.data, weight.shape, axis, kept));
    }
    for (const name of pair.vectors) {
      const { shape, data } = model.weight(name)!;
      const axis = shape.findIndex((size) => size > 1);
      model.restore(
        name,
        shape.map((size, at) => (at === axis ? kept.length : size)),
        taken(data, shape, axis, kept),
      );
    }
    changed++;
  }
  return { model: model.finish(), changed };
}

/** The units with the largest products of the norms of what enters and what leaves them. */
function unitsToKeep({ first, second }: Pair, share: number): number[] {
  const count = first.weight.shape[first.axis]!;
  const before = norms(first.weight.data, first.weight.shape, first.axis);
  const behind = norms(second.weight.data, second.weight.shape, 1 - second.axis);
  const order = Array.from({ length: count }, (_, unit) => unit).sort(
    (a, b) => before[b]! * behind[b]! - before[a]! * behind[a]! || a - b,
  );
  return order.slice(0, Math.max(1, Math.round((1 - share) * count))).sort((a, b) => a - b);
}

function norms(data: Float32Array, shape: readonly number[], axis: number): Float64Array {
  const size = shape[axis]!;
  const inner = elementCount(shape.slice(axis + 1));
  const sums = new Float64Array(size);
  for (let index = 0; index < data.length; index++)
    sums[Math.floor(index / inner) % size]! += data[index]! ** 2;
  return sums.map(Math.sqrt);
}

function taken(
  data: Float32Array,
  shape: readonly number[],
  axis: number,
  kept: readonly number[],
): Float32Array {
  const size = shape[axis]!;
  const inner = elementCount(shape.slice(axis + 1));
  const outer = elementCount(shape.slice(0, axis));
  const result = new Float32Array(outer * kept.length * inner);
  for (let part = 0; part < outer; part++) {
    for (const [place, unit] of kept.entries()) {
      const start = (part * size + unit) * inner;
      result.set(data.subarray(start, start + inner), (part * kept.length + place) * inner);
    }
  }
  return result;
}

/** Follows the only path behind a product to the next; `undefined` where anything else could see the units. */
function pairFrom(model: EditableModel, node: NodeProto): Pair | undefined {
  const first = productOf(model, node);
  if (!first || !isAlone(model, first) || integerAttribute(node, "group", 1) !== 1) return undefined;
  const units = first.weight.shape[first.axis]!;
  const vectors: string[] = [];
  if (first.bias && !collect(model, first.bias, units, vectors)) return undefined;
  let value = node.output![0]!;
  for (let steps = 0; steps < 12; steps++) {
    const users = model.consumersOf(value);
    const [next] = users;
    if (users.length !== 1 || !next || model.isOutput(value) || next.domain) return undefined;
    const second = productOf(model, next);
    if (second && second.input === value) {
      const isPlain = second.kind === first.kind && integerAttribute(next, "group", 1) === 1;
      const isFitting = second.weight.shape[1 - second.axis] === units && isAlone(model, second);
      return isPlain && isFitting && second.weight.name !== first.weight.name
        ? { first, second, vectors }
        : undefined;
    }
    if (!passes(model, next, value, units, first.kind, vectors)) return undefined;
    value = next.output![0]!;
  }
  return undefined;
}

/** Whether a node works on each unit by itself; its vectors are collected. */
function passes(
  model: EditableModel,
  { opType = "", input = [], output = [] }: NodeProto,
  value: string,
  units: number,
  kind: Product["kind"],
  vectors: string[],
): boolean {
  if (output.length !== 1) return false;
  if (UNARY.has(opType)) return true;
  if (kind === "kernel" && CHANNELWISE.has(opType)) return true;
  if (kind === "kernel" && opType === "BatchNormalization") {
    return input.slice(1).every((name) => collect(model, name, units, vectors));
  }
  if (opType !== "Add" && opType !== "Mul") return false;
  const other = input.find((name) => name !== value);
  const weight = other === undefined ? undefined : model.weight(other);
  if (!weight) return false;
  return (
    weight.data.length === 1 ||
    (kind === "matrix" && weight.shape.at(-1) === units && collect(model, other!, units, vectors))
  );
}

function collect(model: EditableModel, name: string, units: number, vectors: string[]): boolean {
  const weight = model.weight(name);
  if (!weight || weight.data.length !== units || model.consumersOf(name).length !== 1) return false;
  vectors.push(name);
  return true;
}

const isAlone = (model: EditableModel, { weight }: Product): boolean =>
  model.consumersOf(weight.name).length === 1;
