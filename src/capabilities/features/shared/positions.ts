/** Number columns as float32 positions: a number or boolean is one position, a vector has `width` of them. */
import type { Column, Frame } from "../../../foundation/contracts/frame.js";

/** A strided float32 view, `values[offset + row * stride]`. */
export interface Position {
  readonly values: Float32Array;
  readonly offset: number;
  readonly stride: number;
}

/** @throws Error for kinds that hold no numbers. */
export function columnWidth(column: Column): number {
  switch (column.kind) {
    case "number":
    case "boolean":
      return 1;
    case "vector":
      return column.width;
    default:
      throw new Error(`A ${column.kind} column holds no numbers.`);
  }
}

/** Float64 values are rounded, as the graph does when it casts. */
export function float32Values(column: Column): Float32Array {
  switch (column.kind) {
    case "number":
      return column.values instanceof Float32Array ? column.values : Float32Array.from(column.values);
    case "boolean":
    case "vector":
      return column.values;
    default:
      throw new Error(`A ${column.kind} column holds no numbers.`);
  }
}

export function framePositions(frame: Frame): Position[] {
  const positions: Position[] = [];
  for (const column of frame.columns.values()) {
    const values = float32Values(column);
    const stride = columnWidth(column);
    for (let offset = 0; offset < stride; offset++) positions.push({ values, offset, stride });
  }
  return positions;
}

/** A contiguous copy of one position (the array itself where it is contiguous). */
export function positionValues({ values, offset, stride }: Position, rows: number): Float32Array {
  if (stride === 1) return values;
  const copy = new Float32Array(rows);
  for (let row = 0; row < rows; row++) copy[row] = values[offset + row * stride]!;
  return copy;
}
