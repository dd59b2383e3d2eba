/** Ops that join, cut, choose, multiply and sum. */
import {
  around,
  floatOf,
  integerOf,
  numbersOf,
  type Slot,
  type Step,
  type StepCall,
  type StepMaker,
} from "./slot.js";

/** Copies elements whose places are fixed once: element k of the list from `from[k]` to `to[k]`. */
function moveStep(source: Slot, from: Int32Array, output: Slot, to: Int32Array): Step {
  const { length } = from;
  if (output.type === "string") {
    const { texts } = source;
    return () => {
      for (let k = 0; k < length; k++) output.texts[to[k]!] = texts[from[k]!]!;
    };
  }
  const [a, b] = [source.numbers, output.numbers];
  const [fromStart, toStart] = [from[0] ?? 0, to[0] ?? 0];
  if (from.every((place, k) => place === fromStart + k) && to.every((place, k) => place === toStart + k)) {
    return () => {
      for (let k = 0; k < length; k++) b[toStart + k] = a[fromStart + k]!;
    };
  }
  return () => {
    for (let k = 0; k < length; k++) b[to[k]!] = a[from[k]!]!;
  };
}

const inOrder =
  (steps: readonly Step[]): Step =>
  () => {
    for (let k = 0; k < steps.length; k++) steps[k]!();
  };

const range = (length: number): Int32Array => Int32Array.from({ length }, (_, k) => k);

/** The places that a part takes in the whole which it is joined into, or cut out of, along an axis. */
function placesInWhole(part: Slot, whole: Slot, axis: number, start: number): Int32Array {
  const [, size, inner] = around(part.shape, axis);
  const run = size * inner;
  const wholeRun = around(whole.shape, axis)[1] * inner;
  return Int32Array.from(
    { length: part.length },
    (_, k) => Math.floor(k / run) * wholeRun + start * inner + (k % run),
  );
}

const concat: StepMaker = (call) => {
  const output = call.outputs[0]!;
  const axis = integerOf(call, "axis", 0);
  let start = 0;
  const steps = (call.inputs as Slot[]).map((source) => {
    const step = moveStep(source, range(source.length), output, placesInWhole(source, output, axis, start));
    start += around(source.shape, axis)[1];
    return step;
  });
  return inOrder(steps);
};

const split: StepMaker = (call) => {
  const source = call.inputs[0]!;
  const axis = integerOf(call, "axis", 0);
  let start = 0;
  const steps = call.outputs.map((output) => {
    const step = moveStep(source, placesInWhole(output, source, axis, start), output, range(output.length));
    start += around(output.shape, axis)[1];
    return step;
  });
  return inOrder(steps);
};

/** The indices may be computed: the class that a classifier chose. */
const gather: StepMaker = (call) => {
  const [source, indices] = call.inputs as [Slot, Slot];
  const output = call.outputs[0]!;
  const [outer, size, inner] = around(source.shape, integerOf(call, "axis", 0));
  const at = indices.numbers;
  const copy =
    output.type === "string"
      ? (to: number, from: number) => {
          output.texts[to] = source.texts[from]!;
        }
      : (to: number, from: number) => {
          output.numbers[to] = source.numbers[from]!;
        };
  return () => {
    let to = 0;
    for (let k = 0; k < outer; k++) {
      for (let i = 0; i < at.length; i++) {
        const index = at[i]! < 0 ? at[i]! + size : at[i]!;
        for (let j = 0; j < inner; j++) copy(to++, (k * size + index) * inner + j);
      }
    }
  };
};

const transpose: StepMaker = (call) => {
  const [source, output] = [call.inputs[0]!, call.outputs[0]!];
  const { shape } = source;
  const order = numbersOf(call, "perm") ?? shape.map((_, axis) => shape.length - 1 - axis);
  const strides = order.map((axis) => around(shape, axis)[2]);
  const places = Int32Array.from({ length: output.length }, (_, element) => {
    let [rest, at] = [element, 0];
    for (let axis = order.length - 1; axis >= 0; axis--) {
      at += (rest % output.shape[axis]!) * strides[axis]!;
      rest = Math.floor(rest / output.shape[axis]!);
    }
    return at;
  });
  return moveStep(source, places, output, range(output.length));
};

const same: StepMaker = (call) => {
  const [source, output] = [call.inputs[0]!, call.outputs[0]!];
  const places = range(source.length);
  return moveStep(source, places, output, places);
};

/** [..., rows, inner] x [..., inner, columns]; leading sizes are repeated where one side has 1. Sums in float64. */
const matMul: StepMaker = (call) => {
  const [left, right] = call.inputs as [Slot, Slot];
  const output = call.outputs[0]!;
  if (left.shape.length < 2 || right.shape.length < 2 || left.type !== "float32") return undefined;
  const [rows, inner] = left.shape.slice(-2) as [number, number];
  const columns = right.shape.at(-1)!;
  const batches = output.length / (rows * columns);
  const [stepLeft, stepRight] = [left, right].map((slot) => batchStarts(slot, output, batches));
  const sums = new Float64Array(columns);
  const [a, b, to] = [left.numbers, right.numbers, output.numbers];
  return () => {
    for (let batch = 0; batch < batches; batch++) {
      for (let row = 0; row < rows; row++) {
        sums.fill(0);
        const from = stepLeft![batch]! + row * inner;
        addProducts(a, from, b, stepRight![batch]!, sums, inner);
        to.set(sums, (batch * rows + row) * columns);
      }
    }
  };
};

function addProducts(
  a: ArrayLike<number>,
  from: number,
  b: ArrayLike<number>,
  start: number,
  sums: Float64Array,
  inner: number,
): void {
  const columns = sums.length;
  for (let k = 0; k < inner; k++) {
    const value = a[from + k]!;
    if (value === 0) continue;
    const base = start + k * columns;
    for (let j = 0; j < columns; j++) sums[j]! += value * b[base + j]!;
  }
}

/** Where the matrix of each batch begins in an input. */
function batchStarts(slot: Slot, output: Slot, batches: number): Int32Array {
  const own = slot.shape.slice(0, -2);
  const outer = output.shape.slice(0, -2);
  const size = slot.shape.at(-1)! * slot.shape.at(-2)!;
  return Int32Array.from({ length: batches }, (_, batch) => {
    let [rest, at, stride] = [batch, 0, 1];
    for (let axis = outer.length - 1; axis >= 0; axis--) {
      const place = rest % outer[axis]!;
      rest = Math.floor(rest / outer[axis]!);
      const ownSize = own[axis - (outer.length - own.length)] ?? 1;
      if (ownSize !== 1) at += place * stride;
      stride *= ownSize;
    }
    return at * size;
  });
}

const gemm: StepMaker = (call) => {
  const [left, right, added] = call.inputs as [Slot, Slot, Slot | undefined];
  const output = call.outputs[0]!;
  const [alpha, beta] = [floatOf(call, "alpha", 1), floatOf(call, "beta", 1)];
  if (integerOf(call, "transA", 0) !== 0 || left.shape[0] !== 1) return undefined;
  if (added && added.length !== 1 && added.length !== output.length) return undefined;
  const columns = output.shape[1]!;
  const inner = left.shape[1]!;
  const [rowStep, columnStep] = integerOf(call, "transB", 0) === 1 ? [1, inner] : [columns, 1];
  const [a, b, c, to] = [left.numbers, right.numbers, added?.numbers, output.numbers];
  return () => {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += a[k]! * b[k * rowStep + j * columnStep]!;
      to[j] = alpha * sum + (c ? beta * c[c.length === 1 ? 0 : j]! : 0);
    }
  };
};

const softmax: StepMaker = (call) => {
  const [from, to] = [call.inputs[0]!.numbers, call.outputs[0]!.numbers];
  const [outer, size, inner] = around(call.outputs[0]!.shape, integerOf(call, "axis", -1));
  return () => {
    for (let k = 0; k < outer; k++) {
      for (let j = 0; j < inner; j++) {
        const base = k * size * inner + j;
        let greatest = Number.NEGATIVE_INFINITY;
        for (let i = 0; i < size; i++) greatest = Math.max(greatest, from[base + i * inner]!);
        let sum = 0;
        for (let i = 0; i < size; i++) sum += Math.exp(from[base + i * inner]! - greatest);
        for (let i = 0; i < size; i++)
          to[base + i * inner] = Math.exp(from[base + i * inner]! - greatest) / sum;
      }
    }
  };
};

/** The first of the greatest. */
const argMax: StepMaker = (call) => {
  const [input, output] = [call.inputs[0]!, call.outputs[0]!];
  const [outer, size, inner] = around(input.shape, integerOf(call, "axis", 0));
  if (integerOf(call, "select_last_index", 0) !== 0) return undefined;
  const [from, to] = [input.numbers, output.numbers];
  return () => {
    for (let k = 0; k < outer * inner; k++) {
      const base = Math.floor(k / inner) * size * inner + (k % inner);
      let best = 0;
      for (let i = 1; i < size; i++) if (from[base + i * inner]! > from[base + best * inner]!) best = i;
      to[k] = best;
    }
  };
};

/** Over one axis, or over all elements. */
const reduce =
  (
    begin: number,
    add: (sum: number, value: number) => number,
    end: (sum: number, count: number) => number,
  ): StepMaker =>
  (call) => {
    const [input, output] = [call.inputs[0]!, call.outputs[0]!];
    const axes = call.inputs[1]?.numbers ?? numbersOf(call, "axes") ?? [];
    if (axes.length > 1 || (axes.length === 0 && integerOf(call, "noop_with_empty_axes", 0) === 1))
      return undefined;
    const [outer, size, inner] = axes.length === 0 ? [1, input.length, 1] : around(input.shape, axes[0]!);
    const [from, to] = [input.numbers, output.numbers];
    return () => {
      for (let k = 0; k < outer; k++) {
        for (let j = 0; j < inner; j++) {
          let sum = begin;
          for (let i = 0; i < size; i++) sum = add(sum, from[(k * size + i) * inner + j]!);
          to[k * inner + j] = end(sum, size);
        }
      }
    };
  };

const unchanged = (sum: number): number => sum;

function isNumeric({ inputs }: StepCall): boolean {
  return inputs.every((slot) => slot?.type !== "string");
}
const numeric =
  (maker: StepMaker): StepMaker =>
  (call) =>
    isNumeric(call) ? maker(call) : undefined;

export const MATRIX: Readonly<Record<string, StepMaker>> = {
  Concat: concat,
  Split: split,
  Gather: gather,
  Transpose: transpose,
  Identity: same,
  Reshape: same,
  Squeeze: same,
  Unsqueeze: same,
  Flatten: same,
  MatMul: numeric(matMul),
  Gemm: numeric(gemm),
  Softmax: numeric(softmax),
  ArgMax: numeric(argMax),
  ReduceSum: numeric(reduce(0, (sum, value) => sum + value, unchanged)),
  ReduceMean: numeric(
    reduce(
      0,
      (sum, value) => sum + value,
      (sum, count) => sum / count,
    ),
  ),
  ReduceMax: numeric(reduce(Number.NEGATIVE_INFINITY, Math.max, unchanged)),
  ReduceMin: numeric(reduce(Number.POSITIVE_INFINITY, Math.min, unchanged)),
};
