/** Tensors of several callers as one batch, and back: rows are the first dimension. */
import type { Tensor } from "../../foundation/contracts/tensor.js";

export type Tensors = Readonly<Record<string, Tensor>>;

type NumericArray = Exclude<Tensor["data"], readonly string[]>;

/** Copies, also when there is one part: parts may be views, and a batch is given away to another thread. */
export function concatenateRows(parts: readonly Tensor[]): Tensor {
  const first = parts[0]!;
  const rows = parts.reduce((sum, part) => sum + part.shape[0]!, 0);
  const shape = [rows, ...first.shape.slice(1)];
  if (first.type === "string") {
    const data = parts.length === 1 ? first.data : parts.flatMap((part) => part.data as readonly string[]);
    return { type: "string", shape, data };
  }
  const length = parts.reduce((sum, part) => sum + part.data.length, 0);
  const data = new (first.data.constructor as new (length: number) => NumericArray)(length);
  let offset = 0;
  for (const part of parts) {
    (data as Float32Array).set(part.data as Float32Array, offset);
    offset += part.data.length;
  }
  return { type: first.type, shape, data } as Tensor;
}

/** Rows start..stop, as a view where the type allows one. */
export function rowsOf(tensor: Tensor, start: number, stop: number): Tensor {
  const [rows = 0, ...rest] = tensor.shape;
  if (start === 0 && stop === rows) return tensor;
  const width = rows === 0 ? 0 : tensor.data.length / rows;
  const data =
    tensor.type === "string"
      ? tensor.data.slice(start * width, stop * width)
      : (tensor.data as Float32Array).subarray(start * width, stop * width);
  return { type: tensor.type, shape: [stop - start, ...rest], data } as Tensor;
}

/** What can be handed to another thread without a copy. */
export function buffersOf(tensors: Tensors): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of Object.values(tensors)) {
    if (ArrayBuffer.isView(data) && data.buffer instanceof ArrayBuffer) buffers.add(data.buffer);
  }
  return [...buffers];
}
