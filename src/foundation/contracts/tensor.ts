import type { Dimension, ElementType } from "./graph.js";

/** The typed array or list that holds tensors of each type: bool as bytes 0 and 1, strings as an array. */
export interface TensorArrays {
  float32: Float32Array;
  float64: Float64Array;
  int64: BigInt64Array;
  int32: Int32Array;
  uint8: Uint8Array;
  bool: Uint8Array;
  string: readonly string[];
}

/** What goes into a model and comes out of it. Row-major. */
export type Tensor = {
  [Type in ElementType]: {
    readonly type: Type;
    readonly shape: readonly number[];
    readonly data: TensorArrays[Type];
  };
}[ElementType];

/** A tensor that enters or leaves a graph; sizes given as text are known at run time only. */
export interface TensorPort {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly Dimension[];
}

/** Of a scalar (`[]`): 1. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
