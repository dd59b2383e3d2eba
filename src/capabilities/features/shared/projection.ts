/** Linear projections of all number inputs together: (x - center) * components, in float64. */
import { createFrame, type Frame } from "../../../foundation/contracts/frame.js";
import { cast, type GraphBuilder, type GraphColumn } from "../../../foundation/contracts/graph.js";
import { joinInputs, rowConstant, where } from "./emission.js";
import { framePositions, type Position } from "./positions.js";

export interface ProjectionState {
  /** Subtracted; also stands in for values that are missing or infinite. */
  readonly center: Float64Array;
  /** Row-major [outputs, inputs]. */
  readonly components: Float64Array;
}

/** A position's values less its center, 0 where not finite. */
export function centered({ values, offset, stride }: Position, rows: number, center: number): Float64Array {
  const result = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const value = values[offset + row * stride]!;
    if (Number.isFinite(value)) result[row] = value - center;
  }
  return result;
}

/** Means of the finite values; 0 where there are none. */
export function centers(positions: readonly Position[], rows: number): Float64Array {
  return Float64Array.from(positions, ({ values, offset, stride }) => {
    let sum = 0;
    let count = 0;
    for (let row = 0; row < rows; row++) {
      const value = values[offset + row * stride]!;
      if (!Number.isFinite(value)) continue;
      sum += value;
      count++;
    }
    return count > 0 ? sum / count : 0;
  });
}

/** Row-major inner products of equally long columns, symmetric. */
export function crossProducts(columns: readonly Float64Array[]): Float64Array {
  const width = columns.length;
  const result = new Float64Array(width * width);
  for (let i = 0; i < width; i++) {
    const a = columns[i]!;
    for (let j = i; j < width; j++) {
      const b = columns[j]!;
      let sum = 0;
      for (let row = 0; row < a.length; row++) sum += a[row]! * b[row]!;
      result[i * width + j] = sum;
      result[j * width + i] = sum;
    }
  }
  return result;
}

/** One vector column `name` of the projections; none where there are no components. */
export function applyProjection(frame: Frame, name: string, { center, components }: ProjectionState): Frame {
  const positions = framePositions(frame);
  const inputs = positions.length;
  const width = inputs === 0 ? 0 : components.length / inputs;
  if (width === 0) return createFrame([], frame.rows);
  const sums = new Float64Array(frame.rows * width);
  for (const [k, position] of positions.entries()) {
    const column = centered(position, frame.rows, center[k]!);
    for (let output = 0; output < width; output++) {
      const weight = components[output * inputs + k]!;
      for (let row = 0; row < frame.rows; row++) sums[row * width + output]! += column[row]! * weight;
    }
  }
  return createFrame([[name, { kind: "vector", values: Float32Array.from(sums), width }]], frame.rows);
}

export function emitProjection(
  graph: GraphBuilder,
  inputs: readonly GraphColumn[],
  name: string,
  { center, components }: ProjectionState,
): GraphColumn[] {
  const count = center.length;
  const width = count === 0 ? 0 : components.length / count;
  if (width === 0) return [];
  const matrix = joinInputs(graph, inputs, "float64");
  const isOrdinary = graph.op("LessOrEqual", [graph.op("Abs", [matrix]), graph.scalar(3.5e38, "float64")]);
  const distance = graph.op("Sub", [matrix, rowConstant(graph, center, "float64")]);
  const filled = where(graph, isOrdinary, distance, graph.scalar(0, "float64"));
  const weights = new Float64Array(count * width);
  for (let output = 0; output < width; output++) {
    for (let k = 0; k < count; k++) weights[k * width + output] = components[output * count + k]!;
  }
  const projected = graph.op("MatMul", [filled, graph.constant("float64", [count, width], weights)]);
  return [{ name, kind: "vector", value: cast(graph, projected, "float32") }];
}
