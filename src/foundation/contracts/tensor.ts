import type { Dimension, PortType } from "./graph.js";

/**
 * The typed array or list that holds tensors of each type: bool as bytes 0 and 1, strings as an array, float16 as its
 * bits, int4 as one byte an element (files hold two in a byte).
 */
export interface TensorArrays {
  float32: Float32Array;
  float64: Float64Array;
  int64: BigInt64Array;
  int32: Int32Array;
  uint8: Uint8Array;
  bool: Uint8Array;
  string: readonly string[];
  int8: Int8Array;
  int4: Int8Array;
  float16: Uint16Array;
}

/** What goes into a model and comes out of it. Row-major. */
export type Tensor = {
  [Type in PortType]: {
    readonly type: Type;
    readonly shape: readonly number[];
    readonly data: TensorArrays[Type];
  };
}[PortType];

/** A tensor that enters or leaves a graph; sizes given as text are known at run time only. */
export interface TensorPort {
  readonly name: string;
  readonly type: PortType;
  readonly shape: readonly Dimension[];
}

/** Of a scalar (`[]`): 1. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
