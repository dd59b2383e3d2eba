/** Tensors in the messages of the protocol: typed contents, or raw bytes for all of them at once. */
import { QuernError } from "../../../foundation/base/errors.js";
import type { PortType } from "../../../foundation/contracts/graph.js";
import type { ServedModel } from "../../../foundation/contracts/serving.js";
import { elementCount, type Tensor } from "../../../foundation/contracts/tensor.js";
import { fromBinary, toBinary } from "../oip-binary.js";
import { unknownName } from "../oip-inference.js";
import { datatypeOf } from "../oip-tensors.js";
import type { ModelInferRequest, ModelInferResponse, TensorContents, TensorMessage } from "./messages.js";

const texts = new TextDecoder("utf-8", { fatal: true });

/** @throws QuernError PREDICTION_INPUT, REQUEST_INVALID */
export function readInputs(
  { inputs = [], rawInputContents = [] }: ModelInferRequest,
  model: ServedModel,
): Record<string, Tensor> {
  const isRaw = rawInputContents.length > 0;
  if (isRaw && rawInputContents.length !== inputs.length) {
    throw new QuernError(
      "REQUEST_INVALID",
      `There are ${rawInputContents.length} raw contents for ${inputs.length} inputs; give one for each.`,
    );
  }
  const ports = new Map(model.inputs.map((port) => [port.name, port]));
  const tensors: Record<string, Tensor> = Object.create(null);
  for (const [index, input] of inputs.entries()) {
    const { name = "", datatype = "" } = input;
    const port = ports.get(name);
    if (!port) throw unknownName("input", name, ports.keys());
    if (name in tensors) throw bad(name, "is given twice");
    const shape = shapeOf(input);
    if (!isRaw) {
      tensors[name] = fromContents({ ...input, name, datatype }, shape, port.type);
      continue;
    }
    if (input.contents) throw bad(name, "has contents beside the raw contents");
    const { buffer, byteOffset, byteLength } = rawInputContents[index]!;
    const bytes = Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
    tensors[name] = fromBinary({ name, shape, datatype }, bytes, port.type);
  }
  return tensors;
}

const MOST_DIMENSIONS = 8;
const MOST_ELEMENTS = 2 ** 31;

function shapeOf({ name = "", shape }: TensorMessage): readonly number[] {
  const sizes = Array.from(shape ?? [], Number);
  if (sizes.length > MOST_DIMENSIONS) throw bad(name, `has more than ${MOST_DIMENSIONS} dimensions`);
  if (sizes.some((size) => size < 0) || elementCount(sizes) > MOST_ELEMENTS) {
    throw bad(name, `has the shape [${sizes}], which no request can have`);
  }
  return sizes;
}

type NamedTensor = TensorMessage & { readonly name: string; readonly datatype: string };

function fromContents(
  { name, datatype, contents = {} }: NamedTensor,
  shape: readonly number[],
  type: PortType,
): Tensor {
  if (datatype !== datatypeOf(type)) throw bad(name, `has datatype ${datatype}, not ${datatypeOf(type)}`);
  const data = READERS[type](contents, name);
  const count = elementCount(shape);
  if (data.length !== count) throw bad(name, `has ${data.length} values; its shape holds ${count}`);
  return { type, shape, data } as Tensor;
}

const READERS: Readonly<Record<PortType, (contents: TensorContents, name: string) => Tensor["data"]>> = {
  float32: ({ fp32Contents }) => fp32Contents ?? new Float32Array(),
  float64: ({ fp64Contents }) => fp64Contents ?? new Float64Array(),
  int64: ({ int64Contents }) => int64Contents ?? new BigInt64Array(),
  int32: ({ intContents }) => intContents ?? new Int32Array(),
  uint8: ({ uintContents = [] }, name) => {
    const over = uintContents.findIndex((value) => value < 0 || value > 255);
    if (over >= 0) throw bad(name, `element ${over}: ${uintContents[over]} is not an integer from 0 to 255`);
    return Uint8Array.from(uintContents);
  },
  bool: ({ boolContents = [] }) => Uint8Array.from(boolContents, (value) => (value === 0 ? 0 : 1)),
  string: ({ bytesContents = [] }, name) =>
    bytesContents.map((bytes, index) => {
      try {
        return texts.decode(bytes);
      } catch {
        throw bad(name, `element ${index} is not valid UTF-8`);
      }
    }),
};

/** In the form in which the request came. */
export function writeOutputs(
  outputs: Readonly<Record<string, Tensor>>,
  isRaw: boolean,
): Pick<ModelInferResponse, "outputs" | "rawOutputContents"> {
  const tensors = Object.entries(outputs).map(([name, tensor]) => ({
    name,
    datatype: datatypeOf(tensor.type),
    shape: BigInt64Array.from(tensor.shape, BigInt),
    ...(isRaw ? {} : { contents: toContents(tensor) }),
  }));
  if (!isRaw) return { outputs: tensors };
  return { outputs: tensors, rawOutputContents: Object.values(outputs).map(toBinary) };
}

function toContents({ type, data }: Tensor): TensorContents {
  switch (type) {
    case "float32":
      return { fp32Contents: data };
    case "float64":
      return { fp64Contents: data };
    case "int64":
      return { int64Contents: data };
    case "int32":
      return { intContents: data };
    case "uint8":
      return { uintContents: [...data] };
    case "bool":
      return { boolContents: [...data] };
    case "string":
      return { bytesContents: data.map((text) => Buffer.from(text)) };
  }
}

function bad(name: string, why: string): QuernError {
  return new QuernError("PREDICTION_INPUT", `Input ${JSON.stringify(name)} ${why}.`, {
    details: { input: name },
  });
}
