import type {
  AttributeValue,
  Dimension,
  ElementType,
  GraphBuilder,
  GraphValue,
  NodeOptions,
  TensorData,
} from "../../../foundation/contracts/graph.js";
import type { OperatorCall } from "../operators/operator.js";
import { operatorOf } from "../operators/table.js";
import { type Dense, EAGER_KERNELS, type KernelCall } from "./kernels.js";

/** Builds nothing and computes at once: each value has its elements as soon as it is made. */
export class EagerGraph implements GraphBuilder {
  readonly #values = new Map<string, Dense>();

  /** The elements of a value of this graph: float32, or whole numbers as float64. */
  dataOf(value: GraphValue): Dense["data"] {
    const dense = this.#values.get(value.name);
    if (!dense) throw new Error(`${value.name} is no value of this graph.`);
    return dense.data;
  }

  constant(type: ElementType, shape: readonly number[], data: TensorData): GraphValue {
    if (data instanceof Float32Array) return this.#keep(type, shape, data);
    const numbers = Float64Array.from(data as ArrayLike<number | bigint>, Number);
    return this.#keep(type, shape, type === "float32" ? Float32Array.from(numbers) : numbers);
  }

  scalar(value: number, type: ElementType = "float32"): GraphValue {
    return this.constant(type, [], [value]);
  }

  op(
    op: string,
    inputs: readonly (GraphValue | undefined)[],
    { attributes = {} }: NodeOptions = {},
  ): GraphValue {
    const [kernel, operator] = [EAGER_KERNELS[op], operatorOf(op)];
    if (!kernel || !operator) throw new Error(`The op ${op} cannot be computed eagerly.`);
    const given = inputs.flatMap((input) => (input ? [this.#dense(input)] : []));
    const call: OperatorCall = {
      type: op,
      inputs,
      attributes,
      contents: (index) => this.#contents(inputs[index]),
      fresh: () => {
        throw new Error(`The size of what ${op} makes is unknown.`);
      },
    };
    const [type] = operator.infer(call);
    const shape = type!.shape as readonly number[];
    return this.#keep(type!.type, shape, kernel({ inputs: given, shape, ...attributeReaders(attributes) }));
  }

  node(op: string, inputs: readonly (GraphValue | undefined)[], options?: NodeOptions): GraphValue[] {
    return [this.op(op, inputs, options)];
  }

  input(name: string): GraphValue {
    throw new Error(`An eager graph has no inputs; make ${JSON.stringify(name)} a constant.`);
  }

  output(): void {
    throw new Error("An eager graph has no outputs; ask for the data of a value.");
  }

  #keep(type: ElementType, shape: readonly number[], data: Dense["data"]): GraphValue {
    const value: GraphValue = { name: `${this.#values.size}`, type, shape };
    this.#values.set(value.name, { shape, data });
    return value;
  }

  #dense(value: GraphValue): Dense {
    return { shape: value.shape as readonly number[], data: this.dataOf(value) };
  }

  #contents(value: GraphValue | undefined): readonly Dimension[] | undefined {
    return value && value.type === "int64" ? Array.from(this.dataOf(value)) : undefined;
  }
}

function attributeReaders(
  attributes: Readonly<Record<string, AttributeValue>>,
): Pick<KernelCall, "integer" | "integers"> {
  return {
    integer(name, fallback) {
      const value = attributes[name];
      return value && "int" in value ? Number(value.int) : fallback;
    },
    integers(name) {
      const value = attributes[name];
      return value && "ints" in value ? Array.from(value.ints as ArrayLike<number>, Number) : undefined;
    },
  };
}
