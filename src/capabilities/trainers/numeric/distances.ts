/** Squared Euclidean distances to stored points, by the expansion |x|^2 + |p|^2 - 2 x.p about a centre. */
import { cast, type GraphBuilder, type GraphValue } from "../../../foundation/contracts/graph.js";
import type { Design } from "./design.js";

/** Points with the centre all distances are computed about: a centred expansion loses few digits. */
export interface StoredPoints {
  readonly points: Float32Array;
  readonly rows: number;
  readonly width: number;
  readonly center: Float32Array;
}

/** Float64 rows minus the centre, row-major. */
export function centeredRows({ values, width }: Design, center: Float32Array): Float64Array {
  const result = new Float64Array(values.length);
  for (let base = 0; base < values.length; base += width) {
    for (let j = 0; j < width; j++) result[base + j] = values[base + j]! - center[j]!;
  }
  return result;
}

/** Squared length of each row. */
export function squaredNorms(rows: Float64Array, count: number, width: number): Float64Array {
  const norms = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    let sum = 0;
    for (let j = row * width; j < (row + 1) * width; j++) sum += rows[j]! * rows[j]!;
    norms[row] = sum;
  }
  return norms;
}

/** Dot products of one row with `count` rows into `result`, of length `count`. */
export function dotProducts(
  row: Float64Array,
  start: number,
  rows: Float64Array,
  count: number,
  width: number,
  result: Float64Array,
): void {
  // Four rows at a time: the one row is read once for all of them.
  for (let other = 0; other < count; other += 4) {
    const a = other * width;
    const b = other + 1 < count ? a + width : a;
    const c = other + 2 < count ? b + width : b;
    const d = other + 3 < count ? c + width : c;
    let sumA = 0;
    let sumB = 0;
    let sumC = 0;
    let sumD = 0;
    for (let j = 0; j < width; j++) {
      const value = row[start + j]!;
      sumA += value * rows[a + j]!;
      sumB += value * rows[b + j]!;
      sumC += value * rows[c + j]!;
      sumD += value * rows[d + j]!;
    }
    result[other] = sumA;
    // Writes past the end of a typed array do nothing.
    result[other + 1] = sumB;
    result[other + 2] = sumC;
    result[other + 3] = sumD;
  }
}

/** Float64 [N, points]: `factor` times the squared distances, never negative. `features`: float32 [N, D]. */
export function emitCenteredSquaredDistances(
  graph: GraphBuilder,
  features: GraphValue,
  { points, rows, width, center }: StoredPoints,
  factor: number,
): GraphValue {
  const middle = graph.constant("float64", [1, width], Float64Array.from(center));
  const queries = graph.op("Sub", [cast(graph, features, "float64"), middle]);
  // Stored as float32, the form in which they came; the runtime folds the widening when it loads the model.
  const narrow = graph.constant("float32", [rows, width], points);
  const stored = graph.op("Sub", [cast(graph, narrow, "float64"), middle]);
  const centered = centeredRows({ values: points, rows, width }, center);
  const norms = squaredNorms(centered, rows, width).map((norm) => norm * factor);
  const scaled = graph.op("Mul", [queries, graph.scalar(-2 * factor, "float64")]);
  const partial = graph.op("Gemm", [scaled, stored, graph.constant("float64", [1, rows], norms)], {
    attributes: { transB: { int: 1 } },
  });
  const axis = graph.constant("int64", [1], BigInt64Array.of(1n));
  const squares = graph.op("Mul", [queries, queries]);
  const own = graph.op("Mul", [graph.op("ReduceSum", [squares, axis]), graph.scalar(factor, "float64")]);
  return graph.op("Max", [graph.op("Add", [partial, own]), graph.scalar(0, "float64")]);
}
