/** Formulas over graph values as they are written on paper: `x.mul(a, x.add(b, 1))`. */
import {
  cast,
  type Dimension,
  type GraphBuilder,
  type GraphValue,
} from "../../foundation/contracts/graph.js";

/** A number stands for a constant of the other operand's type. */
export type Operand = GraphValue | number;

export class Expressions {
  readonly graph: GraphBuilder;

  constructor(graph: GraphBuilder) {
    this.graph = graph;
  }

  add = (a: Operand, b: Operand): GraphValue => this.#binary("Add", a, b);
  sub = (a: Operand, b: Operand): GraphValue => this.#binary("Sub", a, b);
  mul = (a: Operand, b: Operand): GraphValue => this.#binary("Mul", a, b);
  div = (a: Operand, b: Operand): GraphValue => this.#binary("Div", a, b);
  min = (a: Operand, b: Operand): GraphValue => this.#binary("Min", a, b);
  max = (a: Operand, b: Operand): GraphValue => this.#binary("Max", a, b);
  power = (a: Operand, b: Operand): GraphValue => this.#binary("Pow", a, b);
  matmul = (a: GraphValue, b: GraphValue): GraphValue => this.#binary("MatMul", a, b);
  /** Bool. */
  equal = (a: Operand, b: Operand): GraphValue => this.#binary("Equal", a, b);
  greater = (a: Operand, b: Operand): GraphValue => this.#binary("Greater", a, b);

  /** Any op of one input that changes neither type nor shape. */
  apply(op: string, value: GraphValue): GraphValue {
    return this.graph.op(op, [value]);
  }
  square(value: GraphValue): GraphValue {
    return this.mul(value, value);
  }
  /** 1 where true, 0 elsewhere, in the type of `like`. */
  indicator(condition: GraphValue, like: GraphValue): GraphValue {
    return cast(this.graph, condition, like.type);
  }
  where(condition: GraphValue, a: Operand, b: Operand): GraphValue {
    const [left, right] = this.#operands(a, b);
    return this.graph.op("Where", [condition, left, right]);
  }

  /** Over the given axes, or all; over no axes ([]) it is the value itself. */
  sum(value: GraphValue, axes?: readonly number[], keepsDimensions = false): GraphValue {
    return this.#reduce("ReduceSum", value, axes, keepsDimensions);
  }
  mean(value: GraphValue, axes?: readonly number[], keepsDimensions = false): GraphValue {
    return this.#reduce("ReduceMean", value, axes, keepsDimensions);
  }

  reshape(value: GraphValue, shape: GraphValue | readonly number[]): GraphValue {
    return this.graph.op("Reshape", [value, this.#sizes(shape)]);
  }
  expand(value: GraphValue, shape: GraphValue | readonly number[]): GraphValue {
    return this.graph.op("Expand", [value, this.#sizes(shape)]);
  }
  unsqueeze(value: GraphValue, axes: readonly number[]): GraphValue {
    return this.graph.op("Unsqueeze", [value, this.integers(axes)]);
  }
  transpose(value: GraphValue, order: readonly number[]): GraphValue {
    return this.graph.op("Transpose", [value], { attributes: { perm: { ints: order } } });
  }
  /** The last two dimensions change places. */
  transposeMatrices(value: GraphValue): GraphValue {
    const rank = value.shape.length;
    const order = value.shape.map((_, axis) => axis);
    return this.transpose(value, [...order.slice(0, -2), rank - 1, rank - 2]);
  }
  concat(values: readonly GraphValue[], axis: number): GraphValue {
    if (values.length === 1) return values[0]!;
    return this.graph.op("Concat", values, { attributes: { axis: { int: axis } } });
  }
  split(value: GraphValue, sizes: readonly number[], axis: number): readonly GraphValue[] {
    if (sizes.length === 1) return [value];
    return this.graph.node("Split", [value, this.integers(sizes)], { attributes: { axis: { int: axis } } });
  }
  gather(value: GraphValue, indices: GraphValue, axis = 0): GraphValue {
    return this.graph.op("Gather", [value, indices], { attributes: { axis: { int: axis } } });
  }

  /** Int64 [n]. */
  integers(values: readonly number[]): GraphValue {
    return this.graph.constant("int64", [values.length], values);
  }
  /** Int64 [rank]: a constant where the shape is known, otherwise read when the graph runs. */
  shapeOf(value: GraphValue): GraphValue {
    return isStatic(value.shape) ? this.integers(value.shape) : this.graph.op("Shape", [value]);
  }

  #sizes(shape: GraphValue | readonly number[]): GraphValue {
    return "name" in shape ? shape : this.integers(shape);
  }
  #reduce(op: string, value: GraphValue, axes: readonly number[] | undefined, keeps: boolean): GraphValue {
    if (axes?.length === 0) return value;
    const attributes = { keepdims: { int: keeps ? 1 : 0 } };
    return this.graph.op(op, axes ? [value, this.integers(axes)] : [value], { attributes });
  }
  #binary(op: string, a: Operand, b: Operand): GraphValue {
    return this.graph.op(op, this.#operands(a, b));
  }
  #operands(a: Operand, b: Operand): [GraphValue, GraphValue] {
    if (typeof a !== "number") return [a, typeof b === "number" ? this.graph.scalar(b, a.type) : b];
    if (typeof b === "number") throw new Error("A formula over two numbers needs no graph.");
    return [this.graph.scalar(a, b.type), b];
  }
}

export function isStatic(shape: readonly Dimension[]): shape is readonly number[] {
  return shape.every((size) => typeof size === "number");
}
