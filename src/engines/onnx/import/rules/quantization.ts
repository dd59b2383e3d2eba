/** Quantised ops as the float arithmetic they stand for; stored weights are dequantised once, at import. */
import { cast, type GraphValue } from "../../../../foundation/contracts/graph.js";
import { elementCount } from "../../../../foundation/contracts/tensor.js";
import type { Expressions } from "../../expressions.js";
import type { FileTensor } from "../file-tensor.js";
import { integerRange } from "../narrow-integers.js";
import { DATA_TYPE, widenedType } from "../tensor-decoding.js";
import {
  type ImportCall,
  type ImportResult,
  type ImportRule,
  integerOf,
  staticSize,
  unsupportedForm,
} from "./rule.js";
import { reshaped } from "./shapes.js";

/** How scales and zero points lie along a tensor. */
interface Granularity {
  readonly axis: number;
  /** Elements along the axis that share a scale; 0: each its own. */
  readonly block: number;
}

function granularityOf(call: ImportCall, rank: number): Granularity {
  const axis = integerOf(call, "axis", 1);
  return { axis: axis < 0 ? axis + rank : axis, block: integerOf(call, "block_size", 0) };
}

/** A scale or zero point in a shape that broadcasts over a value. */
function spread(call: ImportCall, given: GraphValue, value: GraphValue): GraphValue {
  const { x } = call;
  const rank = value.shape.length;
  const { axis, block } = granularityOf(call, rank);
  if (given.shape.length === 0 || (given.shape.length === 1 && given.shape[0] === 1)) return given;
  if (block > 0) {
    const size = staticSize(call, value.shape[axis], "the quantised dimension");
    const shape = given.shape.map((own, at) => (at === axis ? size : own));
    const repeats = [...given.shape.map(() => 1), 1];
    repeats[axis + 1] = block;
    const repeated = call.graph.op("Tile", [x.unsqueeze(given, [axis + 1]), x.integers(repeats)]);
    return reshaped(x, repeated, shape);
  }
  if (given.shape.length !== 1)
    return unsupportedForm(call, "has scales that fit neither the axis nor blocks");
  return rank - 1 === axis
    ? given
    : x.unsqueeze(
        given,
        Array.from({ length: rank - 1 - axis }, (_, at) => at + 1),
      );
}

const dequantizeLinear: ImportRule = (call) => {
  const [quantised, scale] = [call.stored(0), call.stored(1)];
  if (quantised && scale && (!call.has(2) || call.stored(2)))
    return [dequantized(call, quantised, scale, call.stored(2))];
  const { x, graph } = call;
  const value = call.input(0);
  const factor = call.input(1);
  const plain = cast(graph, value, factor.type);
  const zero = call.optional(2);
  const centred = zero ? x.sub(plain, cast(graph, spread(call, zero, value), factor.type)) : plain;
  return [x.mul(centred, spread(call, factor, value))];
};

/** (q - zero point) * scale, computed now. */
function dequantized(
  call: ImportCall,
  quantised: FileTensor,
  scale: FileTensor,
  zero: FileTensor | undefined,
): FileTensor {
  const { shape } = quantised;
  const place = placeOfScale(granularityOf(call, shape.length), shape, scale.shape);
  return quantised.derive("float32", shape, () => {
    const [values, scales] = [quantised.content().data, scale.content().data];
    const zeros = zero?.content().data;
    const result = new Float32Array(values.length);
    for (let index = 0; index < result.length; index++) {
      const at = place(index);
      result[index] = (Number(values[index]) - Number(zeros?.[at] ?? 0)) * Number(scales[at]);
    }
    return result;
  });
}

/** The place of an element's scale among the scales. */
function placeOfScale(
  { axis, block }: Granularity,
  shape: readonly number[],
  scales: readonly number[],
): (index: number) => number {
  if (elementCount(scales) === 1) return () => 0;
  const inner = elementCount(shape.slice(axis + 1));
  const size = shape[axis] ?? 1;
  const blocks = block > 0 ? Math.ceil(size / block) : size;
  const expected = block > 0 ? shape.map((own, at) => (at === axis ? blocks : own)) : [size];
  if (expected.join() !== scales.join()) throw new Error(`scales of shape [${scales}] do not fit [${shape}]`);
  if (block === 0) return (index) => Math.floor(index / inner) % size;
  return (index) => {
    const along = Math.floor(index / inner);
    return (Math.floor(along / size) * blocks + Math.floor((along % size) / block)) * inner + (index % inner);
  };
}

const quantizeLinear: ImportRule = (call) => {
  const { x, graph } = call;
  const value = call.input(0);
  const zero = call.optional(2);
  const code = call.code(2) ?? (integerOf(call, "output_dtype", 0) || DATA_TYPE.uint8);
  const range = integerRange(code) ?? unsupportedForm(call, `makes the element type ${code}`);
  const scale = cast(graph, spread(call, call.input(1), value), "float32");
  const rounded = x.apply("Round", x.div(cast(graph, value, "float32"), scale));
  const shifted = zero ? x.add(rounded, cast(graph, spread(call, zero, value), "float32")) : rounded;
  return [saturated(x, shifted, range, code)];
};

function saturated(
  x: Expressions,
  value: GraphValue,
  [least, greatest]: readonly [number, number],
  code: number,
): ImportResult {
  const clipped = x.graph.op("Clip", [value, x.graph.scalar(least), x.graph.scalar(greatest)]);
  return { value: cast(x.graph, clipped, widenedType(code)!), code };
}

/** Scale and zero point from the range of the input, widened to hold 0; outputs uint8. */
const dynamicQuantizeLinear: ImportRule = (call) => {
  const { x, graph } = call;
  const value = call.input(0);
  const least = x.min(graph.op("ReduceMin", [value], { attributes: { keepdims: { int: 0 } } }), 0);
  const greatest = x.max(graph.op("ReduceMax", [value], { attributes: { keepdims: { int: 0 } } }), 0);
  const range = x.sub(greatest, least);
  const scale = x.where(x.equal(range, 0), 1, x.div(range, 255));
  const limits = [graph.scalar(0), graph.scalar(255)] as const;
  const zero = graph.op("Clip", [x.apply("Round", x.div(x.sub(0, least), scale)), ...limits]);
  const quantised = graph.op("Clip", [x.add(x.apply("Round", x.div(value, scale)), zero), ...limits]);
  return [cast(graph, quantised, "uint8"), scale, cast(graph, zero, "uint8")];
};

/** An operand of an integer product, less its zero point, as float64: sums of products stay exact. */
function centredOperand(call: ImportCall, index: number, zero: number, axesBehind: number): GraphValue {
  const { x, graph } = call;
  const value = cast(graph, call.input(index), "float64");
  const point = call.optional(zero);
  if (!point) return value;
  const plain = cast(graph, point, "float64");
  const isOne = point.shape.length !== 1 || point.shape[0] === 1;
  const behind = Array.from({ length: axesBehind }, (_, axis) => axis + 1);
  return x.sub(value, isOne || axesBehind === 0 ? plain : x.unsqueeze(plain, behind));
}

/** Zero points of the left matrix are those of rows, of the right one those of columns. */
const matMulInteger: ImportRule = (call) => {
  const product = call.x.matmul(centredOperand(call, 0, 2, 1), centredOperand(call, 1, 3, 0));
  return [cast(call.graph, product, "int32")];
};

const convInteger: ImportRule = (call) => {
  // float32, as no runtime convolves float64; exact up to sums of 2^24.
  const operand = (index: number, zero: number) =>
    cast(call.graph, centredOperand(call, index, zero, index * (call.input(1).shape.length - 1)), "float32");
  const product = call.graph.op("Conv", [operand(0, 2), operand(1, 3)], { attributes: call.attributes });
  return [cast(call.graph, product, "int32")];
};

/** Input, scale and zero point at `at`, as float32. */
function dequantizedInput(call: ImportCall, at: number, axis?: number): GraphValue {
  const { x, graph } = call;
  const value = cast(graph, call.input(at), "float32");
  const along = (given: GraphValue) =>
    given.shape.length === 1 && given.shape[0] !== 1 && axis !== undefined
      ? x.unsqueeze(
          given,
          Array.from({ length: value.shape.length - 1 - axis }, (_, index) => index + 1),
        )
      : given;
  const centred = x.sub(value, along(cast(graph, call.input(at + 2), "float32")));
  return x.mul(centred, along(cast(graph, call.input(at + 1), "float32")));
}

/** Scale at `at`, zero point behind it. */
function requantized(call: ImportCall, value: GraphValue, at: number): ImportResult {
  const { x, graph } = call;
  const code = call.code(at + 1) ?? DATA_TYPE.uint8;
  const range = integerRange(code) ?? unsupportedForm(call, `makes the element type ${code}`);
  const scaled = x.apply("Round", x.div(value, cast(graph, call.input(at), "float32")));
  return saturated(x, x.add(scaled, cast(graph, call.input(at + 1), "float32")), range, code);
}

const quantizedMatMul: ImportRule = (call) => {
  const left = dequantizedInput(call, 0, call.input(0).shape.length - 2);
  return [requantized(call, call.x.matmul(left, dequantizedInput(call, 3)), 6)];
};

const quantizedConvolution: ImportRule = (call) => {
  const { x, graph } = call;
  const [value, weight] = [dequantizedInput(call, 0), dequantizedInput(call, 3, 0)];
  const scale = x.mul(cast(graph, call.input(1), "float32"), cast(graph, call.input(4), "float32"));
  const bias = call.has(8) ? x.mul(cast(graph, call.input(8), "float32"), scale) : undefined;
  return [requantized(call, graph.op("Conv", [value, weight, bias], { attributes: call.attributes }), 6)];
};

/**
 * com.microsoft.MatMulNBits: A [.., K] times a stored matrix [N, K] in blocks of `block_size` along K, each with a
 * scale and a zero point. Inputs: A, B [N, blocks, bytes], scales, zero points?, group of each column?, bias?.
 */
const matMulNBits: ImportRule = (call) => {
  const { x } = call;
  const [quantised, scale] = [call.stored(1), call.stored(2)];
  const zero = call.stored(3);
  const columns = call.stored(4);
  if (!quantised || !scale || (call.has(3) && !zero) || call.has(4) !== Boolean(columns)) {
    return unsupportedForm(call, "has weights that are computed");
  }
  if (columns) unsupportedForm(call, "reorders its columns (g_idx)");
  const layout: BlockLayout = {
    rows: integerOf(call, "N", 0),
    columns: integerOf(call, "K", 0),
    bits: integerOf(call, "bits", 4),
    block: integerOf(call, "block_size", 0),
  };
  const { bits, block } = layout;
  if (![2, 4, 8].includes(bits) || block < 1) unsupportedForm(call, `has ${bits} bits in blocks of ${block}`);
  const matrix = quantised.derive("float32", [layout.columns, layout.rows], () =>
    dequantizedBlocks(layout, quantised, scale, zero),
  );
  const product = x.matmul(call.input(0), call.handOut(matrix));
  return [call.has(5) ? x.add(product, call.input(5)) : product];
};

interface BlockLayout {
  readonly rows: number;
  readonly columns: number;
  readonly bits: number;
  readonly block: number;
}

/** [K, N]: the transpose of what is stored, as a product wants it. */
function dequantizedBlocks(
  { rows, columns, bits, block }: BlockLayout,
  quantised: FileTensor,
  scale: FileTensor,
  zero: FileTensor | undefined,
): Float32Array {
  const blocks = Math.ceil(columns / block);
  const bytesOfBlock = (block * bits) / 8;
  const bytes = quantised.content().data as ArrayLike<number>;
  const scales = scale.content().data as ArrayLike<number>;
  if (bytes.length !== rows * blocks * bytesOfBlock || scales.length !== rows * blocks) {
    throw new Error("the weights do not fit N, K and block_size");
  }
  const zeros = zero && zeroPoints(zero, rows, blocks, bits);
  const values = new Float32Array(columns * rows);
  const perByte = 8 / bits;
  const mask = 2 ** bits - 1;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = row * blocks + Math.floor(column / block);
      const inBlock = column % block;
      const byte = bytes[at * bytesOfBlock + Math.floor(inBlock / perByte)]!;
      const code = (byte >> ((inBlock % perByte) * bits)) & mask;
      values[column * rows + row] = (code - (zeros?.[at] ?? 2 ** (bits - 1))) * scales[at]!;
    }
  }
  return values;
}

/** One for each block: packed like the weights, each row beginning with a new byte; or in the type of the scales. */
function zeroPoints(zero: FileTensor, rows: number, blocks: number, bits: number): ArrayLike<number> {
  const data = zero.content().data as ArrayLike<number>;
  if (zero.type !== "uint8" || bits === 8) return data;
  const bytesOfRow = Math.ceil((blocks * bits) / 8);
  if (data.length !== rows * bytesOfRow) throw new Error("the zero points do not fit N, K and block_size");
  const result = new Float32Array(rows * blocks);
  const perByte = 8 / bits;
  for (let row = 0; row < rows; row++) {
    for (let index = 0; index < blocks; index++) {
      const byte = data[row * bytesOfRow + Math.floor(index / perByte)]!;
      result[row * blocks + index] = (byte >> ((index % perByte) * bits)) & (2 ** bits - 1);
    }
  }
  return result;
}

export const STANDARD_QUANTIZATION: Readonly<Record<string, ImportRule>> = {
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
  DynamicQuantizeLinear: dynamicQuantizeLinear,
  MatMulInteger: matMulInteger,
  ConvInteger: convInteger,
  QLinearMatMul: quantizedMatMul,
  QLinearConv: quantizedConvolution,
};

export const CONTRIB_QUANTIZATION: Readonly<Record<string, ImportRule>> = {
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
  MatMulNBits: matMulNBits,
};
