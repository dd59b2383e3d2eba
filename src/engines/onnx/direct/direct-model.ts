import type { Dimension, GraphValue } from "../../../foundation/contracts/graph.js";
import type { Tensor, TensorPort } from "../../../foundation/contracts/tensor.js";
import { portOf } from "../model-check/admit-model.js";
import { readAttributes } from "../model-check/attributes.js";
import { BUNDLE_POLICY } from "../model-check/policy.js";
import { inferContents, MAXIMUM_CONTENTS } from "../operators/contents.js";
import type { OperatorCall } from "../operators/operator.js";
import { operatorOf } from "../operators/table.js";
import { type GraphProto, type NodeProto, readModel } from "../protobuf/messages.js";
import { fromTensorProto } from "../tensor-proto.js";
import { STEP_MAKERS } from "./kernels.js";
import { createSlot, type Slot, type Step } from "./slot.js";

/** A model computed row by row in this process. */
export interface DirectModel {
  /**
   * Whether an input holds whole numbers of 64 bits. They are computed as doubles: exact while no value, given or between,
   * is beyond 2^53, which the caller has to know of what it gives.
   */
  readonly takesWholeNumbers: boolean;
  /** The tensors of as many rows as the inputs have; the same shapes and types as the runtime's. */
  run(inputs: Readonly<Record<string, Tensor>>, outputs: readonly string[]): Readonly<Record<string, Tensor>>;
  /**
   * The same for one row, without tensors, where every input has one value a row.
   * @returns `undefined` where an input has more
   */
  scalarRow(inputs: readonly string[]): ScalarRow | undefined;
}

/** Computes one row after another in the same place. */
export interface ScalarRow {
  /** @param values numbers (NaN = missing; whole ones up to 2^53 where the input is int64) and texts, in the order of the inputs */
  run(values: readonly (number | string)[]): void;
  /** Where each run leaves its results, overwritten by the next. */
  numbers(output: string): ArrayLike<number>;
  texts(output: string): readonly string[];
}

/**
 * @param bytes of an admitted model whose inputs and outputs have one row each where the first size is one
 * @returns `undefined` where the graph holds what is not computed directly
 */
export function compileDirect(bytes: Uint8Array): DirectModel | undefined {
  try {
    return new Compiler(readModel(bytes).graph ?? {}).compile();
  } catch (cause) {
    if (cause instanceof Unsupported) return undefined;
    throw cause;
  }
}

class Unsupported extends Error {}

class Compiler {
  readonly #graph: GraphProto;
  readonly #slots = new Map<string, Slot>();
  readonly #fixed = new Set<string>();
  readonly #contents = new Map<string, readonly Dimension[]>();
  readonly #steps: Step[] = [];

  constructor(graph: GraphProto) {
    this.#graph = graph;
  }

  compile(): DirectModel {
    const { input = [], output = [], initializer = [], node = [] } = this.#graph;
    const inputs = input.map((info) => portOf(info));
    for (const port of inputs) this.#slots.set(port.name, inputSlot(port));
    for (const proto of initializer) {
      const { type, shape, data } = fromTensorProto(proto) ?? unsupported();
      if (data instanceof Int8Array || data instanceof Uint16Array) unsupported();
      else this.#keep(proto.name!, filledSlot(type, shape, data), true);
    }
    for (const proto of node) this.#node(proto);
    const ports = output.map((info) => portOf(info));
    const slots = new Map(ports.map((port) => [port.name, this.#slots.get(port.name) ?? unsupported()]));
    for (const slot of slots.values()) if (slot.shape[0] !== 1) unsupported();
    return new RowByRow(
      inputs.map(({ name }) => [name, this.#slots.get(name)!]),
      slots,
      this.#steps,
    );
  }

  #keep(name: string, slot: Slot, isFixed: boolean): void {
    this.#slots.set(name, slot);
    if (!isFixed) return;
    this.#fixed.add(name);
    if (slot.type !== "string" && slot.length <= MAXIMUM_CONTENTS) {
      this.#contents.set(name, Array.from(slot.numbers));
    }
  }

  #node(proto: NodeProto): void {
    const type = proto.opType ?? "";
    const maker = Object.hasOwn(STEP_MAKERS, type) ? STEP_MAKERS[type]! : unsupported();
    const names = proto.input ?? [];
    const attributes = readAttributes(proto, BUNDLE_POLICY);
    const call: OperatorCall = {
      type,
      attributes,
      inputs: names.map((name) => (name === "" ? undefined : graphValue(name, this.#slots.get(name)!))),
      contents: (index) => this.#contents.get(names[index] ?? ""),
      fresh: unsupported,
    };
    const types = operatorOf(type)!.infer(call);
    const outputs = (proto.output ?? []).map((_, k) => createSlot(types[k]!.type, sizes(types[k]!.shape)));
    const inputs = names.map((name) => this.#slots.get(name));
    const step = maker({ inputs, outputs, attributes }) ?? unsupported();
    const isFixed = names.every((name) => name === "" || this.#fixed.has(name));
    if (isFixed) step();
    else this.#steps.push(step);
    for (const [k, name] of (proto.output ?? []).entries()) this.#keep(name, outputs[k]!, isFixed);
    const contents = isFixed || types[0]?.type === "string" ? undefined : inferContents(call);
    if (contents) this.#contents.set(proto.output![0]!, contents);
  }
}

class RowByRow implements DirectModel {
  readonly takesWholeNumbers: boolean;
  readonly #inputs: readonly (readonly [string, Slot])[];
  readonly #outputs: ReadonlyMap<string, Slot>;
  readonly #steps: readonly Step[];

  constructor(
    inputs: readonly (readonly [string, Slot])[],
    outputs: ReadonlyMap<string, Slot>,
    steps: readonly Step[],
  ) {
    this.takesWholeNumbers = inputs.some(([, { type }]) => type === "int64");
    this.#inputs = inputs;
    this.#outputs = outputs;
    this.#steps = steps;
  }

  run(inputs: Readonly<Record<string, Tensor>>, outputs: readonly string[]): Record<string, Tensor> {
    const rows = inputs[this.#inputs[0]![0]]!.shape[0]!;
    const wanted = outputs.map((name) => [name, this.#outputs.get(name)!] as const);
    const results = wanted.map(([, slot]) => emptyResult(slot, rows));
    for (let row = 0; row < rows; row++) {
      for (const [name, slot] of this.#inputs) readRow(inputs[name]!, slot, row);
      for (const step of this.#steps) step();
      for (let k = 0; k < wanted.length; k++) writeRow(wanted[k]![1], results[k]!, row);
    }
    const tensors: Record<string, Tensor> = Object.create(null);
    for (const [k, [name, { type, shape }]] of wanted.entries()) {
      tensors[name] = { type, shape: [rows, ...shape.slice(1)], data: results[k] } as Tensor;
    }
    return tensors;
  }

  scalarRow(inputs: readonly string[]): ScalarRow | undefined {
    const byName = new Map(this.#inputs);
    const slots = inputs.map((name) => byName.get(name));
    if (slots.length !== byName.size || slots.some((slot) => slot?.length !== 1)) return undefined;
    const places = slots.map((slot) => (slot!.type === "string" ? slot!.texts : slot!.numbers));
    const whole = places.filter((_, k) => slots[k]!.type === "int64") as Float64Array[];
    return {
      run: (values) => {
        for (let k = 0; k < places.length; k++) (places[k] as (number | string)[])[0] = values[k]!;
        for (const place of whole) if (Number.isNaN(place[0])) place[0] = MISSING_WHOLE;
        for (const step of this.#steps) step();
      },
      numbers: (output) => this.#outputs.get(output)!.numbers,
      texts: (output) => this.#outputs.get(output)!.texts,
    };
  }
}

function unsupported(): never {
  throw new Unsupported("This graph is not computed directly.");
}

function graphValue(name: string, { type, shape }: Slot): GraphValue {
  return { name, type, shape };
}

function sizes(shape: readonly Dimension[]): number[] {
  return shape.map((size) => (typeof size === "number" ? size : unsupported()));
}

/** How a missing time is written (contracts/row-encoding): a power of two, which a double holds. */
const MISSING_WHOLE = -(2 ** 63);

/** One row of an input. */
function inputSlot({ type, shape }: TensorPort): Slot {
  if (type !== "float32" && type !== "float64" && type !== "string" && type !== "int64") return unsupported();
  if (typeof shape[0] !== "string") return unsupported();
  return createSlot(type, [1, ...sizes(shape.slice(1))]);
}

function filledSlot(type: Slot["type"], shape: readonly number[], data: Tensor["data"]): Slot {
  const slot = createSlot(type, shape);
  for (let k = 0; k < slot.length; k++) {
    if (type === "string") slot.texts[k] = data[k] as string;
    else slot.numbers[k] = Number(data[k]);
  }
  return slot;
}

function readRow({ data }: Tensor, { type, texts, numbers, length }: Slot, row: number): void {
  const start = row * length;
  if (type === "string") for (let k = 0; k < length; k++) texts[k] = data[start + k] as string;
  else if (type === "int64") for (let k = 0; k < length; k++) numbers[k] = Number(data[start + k]);
  else for (let k = 0; k < length; k++) numbers[k] = data[start + k] as number;
}

type ResultArray = Float32Array | Float64Array | BigInt64Array | string[];

function emptyResult({ type, length }: Slot, rows: number): ResultArray {
  if (type === "string") return new Array<string>(rows * length);
  if (type === "float32") return new Float32Array(rows * length);
  if (type === "float64") return new Float64Array(rows * length);
  return type === "int64" ? new BigInt64Array(rows * length) : unsupported();
}

function writeRow({ type, texts, numbers, length }: Slot, result: ResultArray, row: number): void {
  const start = row * length;
  if (type === "string") for (let k = 0; k < length; k++) (result as string[])[start + k] = texts[k]!;
  else if (type === "int64") {
    for (let k = 0; k < length; k++) (result as BigInt64Array)[start + k] = BigInt(numbers[k]!);
  } else for (let k = 0; k < length; k++) (result as Float32Array)[start + k] = numbers[k]!;
}
