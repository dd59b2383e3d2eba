/** Dense float32 kernels of the ops an eager graph computes. Shapes are row-major and known. */
import { elementCount } from "../../../foundation/contracts/tensor.js";

export interface Dense {
  readonly shape: readonly number[];
  /** Float32 values, or whole numbers of any integer type. */
  readonly data: Float32Array | Float64Array;
}

export interface KernelCall {
  readonly inputs: readonly Dense[];
  readonly shape: readonly number[];
  /** An integer attribute. */
  integer(name: string, fallback: number): number;
  /** A list of integers. */
  integers(name: string): readonly number[] | undefined;
}
type Kernel = (call: KernelCall) => Float32Array;

function unary(compute: (value: number) => number): Kernel {
  return ({ inputs: [input] }) => {
    const { data } = input!;
    const result = new Float32Array(data.length);
    for (let i = 0; i < result.length; i++) result[i] = compute(data[i]!);
    return result;
  };
}

/** Strides of an input in a broadcast result: 0 along dimensions that are repeated. */
function broadcastStrides(shape: readonly number[], result: readonly number[]): number[] {
  const strides = new Array<number>(result.length).fill(0);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1) strides[axis + result.length - shape.length] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** Calls `row` for each run along the last dimension, with where it begins in the result and in both inputs. */
function forEachRow(
  shape: readonly number[],
  strides: readonly (readonly number[])[],
  row: (start: number, a: number, b: number) => void,
): void {
  const outer = shape.slice(0, -1);
  const length = shape.at(-1) ?? 1;
  const count = elementCount(outer);
  const position = new Array<number>(outer.length).fill(0);
  let [a, b] = [0, 0];
  for (let index = 0; index < count; index++) {
    row(index * length, a, b);
    for (let axis = outer.length - 1; axis >= 0; axis--) {
      position[axis]!++;
      a += strides[0]![axis]!;
      b += strides[1]![axis]!;
      if (position[axis]! < outer[axis]!) break;
      a -= strides[0]![axis]! * outer[axis]!;
      b -= strides[1]![axis]! * outer[axis]!;
      position[axis] = 0;
    }
  }
}

function binary(compute: (a: number, b: number) => number): Kernel {
  return ({ inputs: [left, right], shape }) => {
    const [a, b] = [left!.data, right!.data];
    const strides = [broadcastStrides(left!.shape, shape), broadcastStrides(right!.shape, shape)];
    const result = new Float32Array(elementCount(shape));
    const length = shape.at(-1) ?? 1;
    const [stepA, stepB] = [strides[0]!.at(-1) ?? 0, strides[1]!.at(-1) ?? 0];
    forEachRow(shape, strides, (start, atA, atB) => {
      for (let i = 0; i < length; i++) result[start + i] = compute(a[atA + i * stepA]!, b[atB + i * stepB]!);
    });
    return result;
  };
}

const matMul: Kernel = ({ inputs: [left, right], shape }) => {
  const [rows, inner] = left!.shape.slice(-2) as [number, number];
  const columns = right!.shape.at(-1)!;
  const outer = shape.slice(0, -2);
  const result = new Float32Array(elementCount(shape));
  const strides = [left!, right!].map((input) => broadcastStrides(input.shape.slice(0, -2), outer));
  // Float64, as every product is summed in it: converted once, not at each use.
  const weights = Float64Array.from(right!.data);
  forEachRow([...outer, 1], strides, (batch, a, b) => {
    const matrix = weights.subarray(b * inner * columns, (b + 1) * inner * columns);
    const rowsOfA = left!.data.subarray(a * rows * inner, (a + 1) * rows * inner);
    multiply(rowsOfA, matrix, result.subarray(batch * rows * columns, (batch + 1) * rows * columns), {
      rows,
      inner,
      columns,
    });
  });
  return result;
};

interface Sizes {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

/**
 * Four rows and two terms at a time: each weight that is read serves eight products. Sums in float64, rounded once;
 * those of a row do not depend on the rows beside it.
 */
function multiply(a: Dense["data"], b: Float64Array, result: Float32Array, sizes: Sizes): void {
  const { rows, inner, columns } = sizes;
  const sums = Array.from({ length: 4 }, () => new Float64Array(columns));
  for (let first = 0; first < rows; first += 4) {
    // Rows that do not exist repeat the last one, and are not stored.
    const starts = [0, 1, 2, 3].map((k) => Math.min(first + k, rows - 1) * inner);
    addFourRows(a, b, sums, starts, inner, columns);
    for (let k = 0; k < 4; k++) {
      if (first + k < rows) result.set(sums[k]!, (first + k) * columns);
      sums[k]!.fill(0);
    }
  }
}

function addFourRows(
  a: Dense["data"],
  b: Float64Array,
  [sum0, sum1, sum2, sum3]: readonly Float64Array[],
  [start0, start1, start2, start3]: readonly number[],
  inner: number,
  columns: number,
): void {
  for (let k = 0; k < inner; k += 2) {
    const isPair = k + 1 < inner;
    const base = k * columns;
    const next = isPair ? base + columns : base;
    const [a0, a1, a2, a3] = [a[start0! + k]!, a[start1! + k]!, a[start2! + k]!, a[start3! + k]!];
    const d0 = isPair ? a[start0! + k + 1]! : 0;
    const d1 = isPair ? a[start1! + k + 1]! : 0;
    const d2 = isPair ? a[start2! + k + 1]! : 0;
    const d3 = isPair ? a[start3! + k + 1]! : 0;
    for (let j = 0; j < columns; j++) {
      const u = b[base + j]!;
      const v = b[next + j]!;
      sum0![j]! += a0 * u + d0 * v;
      sum1![j]! += a1 * u + d1 * v;
      sum2![j]! += a2 * u + d2 * v;
      sum3![j]! += a3 * u + d3 * v;
    }
  }
}

/** How a tensor divides along an axis: [outer, size, inner]. */
function around(shape: readonly number[], axis: number): [number, number, number] {
  const at = axis < 0 ? axis + shape.length : axis;
  return [elementCount(shape.slice(0, at)), shape[at] ?? 1, elementCount(shape.slice(at + 1))];
}

const concat: Kernel = ({ inputs, shape, integer }) => {
  const axis = integer("axis", 0);
  const [outer, size, inner] = around(shape, axis);
  const result = new Float32Array(elementCount(shape));
  let start = 0;
  for (const { data, shape: own } of inputs) {
    const width = around(own, axis)[1] * inner;
    for (let k = 0; k < outer; k++) {
      result.set(data.subarray(k * width, (k + 1) * width), k * size * inner + start);
    }
    start += width;
  }
  return result;
};

const gather: Kernel = ({ inputs: [input, indices], shape, integer }) => {
  const [outer, size, inner] = around(input!.shape, integer("axis", 0));
  const result = new Float32Array(elementCount(shape));
  const count = indices!.data.length;
  for (let k = 0; k < outer; k++) {
    for (let i = 0; i < count; i++) {
      const index = indices!.data[i]!;
      const at = (k * size + (index < 0 ? index + size : index)) * inner;
      for (let j = 0; j < inner; j++) result[(k * count + i) * inner + j] = input!.data[at + j]!;
    }
  }
  return result;
};

const transpose: Kernel = ({ inputs: [input], shape, integers }) => {
  const order = integers("perm") ?? input!.shape.map((_, axis) => input!.shape.length - 1 - axis);
  const own = input!.shape.map((_, axis) => elementCount(input!.shape.slice(axis + 1)));
  const strides = order.map((axis) => own[axis]!);
  const result = new Float32Array(input!.data.length);
  const length = shape.at(-1) ?? 1;
  const step = strides.at(-1) ?? 0;
  forEachRow(shape, [strides, strides], (start, at) => {
    for (let i = 0; i < length; i++) result[start + i] = input!.data[at + i * step]!;
  });
  return result;
};

const softmax: Kernel = ({ inputs: [input], shape, integer }) => {
  const [outer, size, inner] = around(shape, integer("axis", -1));
  const { data } = input!;
  const result = new Float32Array(data.length);
  for (let k = 0; k < outer; k++) {
    for (let j = 0; j < inner; j++) {
      const base = k * size * inner + j;
      let greatest = Number.NEGATIVE_INFINITY;
      for (let i = 0; i < size; i++) greatest = Math.max(greatest, data[base + i * inner]!);
      let sum = 0;
      for (let i = 0; i < size; i++) sum += Math.exp(data[base + i * inner]! - greatest);
      for (let i = 0; i < size; i++)
        result[base + i * inner] = Math.exp(data[base + i * inner]! - greatest) / sum;
    }
  }
  return result;
};

/** Over one axis. */
const mean: Kernel = ({ inputs: [input, axes], shape }) => {
  if (axes?.data.length !== 1) throw new Error("An eager ReduceMean takes one axis.");
  const [outer, size, inner] = around(input!.shape, axes.data[0]!);
  const result = new Float32Array(elementCount(shape));
  for (let k = 0; k < outer; k++) {
    for (let j = 0; j < inner; j++) {
      let sum = 0;
      for (let i = 0; i < size; i++) sum += input!.data[(k * size + i) * inner + j]!;
      result[k * inner + j] = sum / size;
    }
  }
  return result;
};

const same: Kernel = ({ inputs: [input] }) => Float32Array.from(input!.data);

const SELU = { alpha: 1.6732632423543772, gamma: 1.0507009873554805 };

export const EAGER_KERNELS: Readonly<Record<string, Kernel>> = {
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: binary((a, b) => a / b),
  Neg: unary((value) => -value),
  Sqrt: unary(Math.sqrt),
  Sin: unary(Math.sin),
  Cos: unary(Math.cos),
  Tanh: unary(Math.tanh),
  Relu: unary((value) => Math.max(value, 0)),
  Sigmoid: unary((value) => 1 / (1 + Math.exp(-value))),
  Selu: unary((value) => SELU.gamma * (value > 0 ? value : SELU.alpha * Math.expm1(value))),
  MatMul: matMul,
  Concat: concat,
  Gather: gather,
  Transpose: transpose,
  Softmax: softmax,
  ReduceMean: mean,
  Reshape: same,
  Unsqueeze: same,
};
