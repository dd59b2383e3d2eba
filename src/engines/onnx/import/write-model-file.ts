/** Models of any size: what protobuf cannot hold in one message (2 GiB) lies in a file beside it. */
import { basename, dirname, join } from "node:path";
import { writeFileAtomic } from "../../../foundation/base/atomic-file.js";
import type { ModelProto, TensorProto } from "../protobuf/messages.js";
import { writeModel } from "../protobuf/messages.js";

export interface WriteOptions {
  /** Tensors go to the file beside the model when they have more bytes together; default: what one file can hold. */
  readonly inlineBytes?: number;
}

/** Leaves room for everything that is no tensor. */
const INLINE_BYTES = 2 ** 31 - 2 ** 27;
/** Smaller tensors stay in the model: shapes and scalars, which readers look at. */
const SMALLEST_OUTSIDE = 1024;
/** Of a page, so that readers may map the file into memory. */
const ALIGNMENT = 4096;

/**
 * Writes `path` and, where the tensors need it, `path.data` (onnx: docs/ExternalData.md). Each file appears whole or
 * not at all, the data first.
 * @throws QuernError DISK_FULL
 */
export function writeModelFile(
  path: string,
  model: ModelProto,
  { inlineBytes = INLINE_BYTES }: WriteOptions = {},
): void {
  const tensors = model.graph?.initializer ?? [];
  const bytes = tensors.reduce((sum, { rawData }) => sum + (rawData?.length ?? 0), 0);
  if (bytes <= inlineBytes) {
    writeFileAtomic(path, writeModel(model));
    return;
  }
  const data = `${basename(path)}.data`;
  const initializer = writeOutside(join(dirname(path), data), data, tensors);
  writeFileAtomic(path, writeModel({ ...model, graph: { ...model.graph, initializer } }));
}

/** The tensors as the model file has them: large ones by their place in the other file. */
function writeOutside(path: string, location: string, tensors: readonly TensorProto[]): TensorProto[] {
  const parts: Uint8Array[] = [];
  let end = 0;
  const result = tensors.map((tensor): TensorProto => {
    const { rawData, ...rest } = tensor;
    if (!rawData || rawData.length < SMALLEST_OUTSIDE) return tensor;
    const offset = Math.ceil(end / ALIGNMENT) * ALIGNMENT;
    parts.push(new Uint8Array(offset - end), rawData);
    end = offset + rawData.length;
    const place = { location, offset: String(offset), length: String(rawData.length) };
    const externalData = Object.entries(place).map(([key, value]) => ({ key, value }));
    return { ...rest, dataLocation: 1, externalData };
  });
  writeFileAtomic(path, parts);
  return result;
}
