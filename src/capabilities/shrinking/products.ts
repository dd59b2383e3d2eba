/** The nodes whose weights can be shrunk: products with a stored matrix, convolutions with a stored kernel, tables. */
import type { NodeProto } from "../../engines/onnx/index.js";
import { type EditableModel, floatAttribute, integerAttribute, type Weight } from "./editable-model.js";

/** Smaller weights are not worth a node. */
const SMALLEST_ELEMENTS = 256;

export interface Product {
  readonly node: NodeProto;
  readonly kind: "matrix" | "kernel";
  /** Name of the activations. */
  readonly input: string;
  readonly weight: Weight;
  /** Dimension of the weight that has a scale for each index: its outputs. */
  readonly axis: 0 | 1;
  /** Name of what is added to the result: of Gemm and Conv. */
  readonly bias: string | undefined;
}

/** `undefined` for other nodes, weights that are computed, small, or have an unusual form. */
export function productOf(model: EditableModel, node: NodeProto): Product | undefined {
  const [input = "", name, bias] = node.input ?? [];
  const weight = node.domain ? undefined : model.weight(name);
  if (!weight || weight.data.length < SMALLEST_ELEMENTS || model.weight(input)) return undefined;
  const found = { node, input, weight, bias: bias || undefined };
  switch (node.opType) {
    case "MatMul":
      return weight.shape.length === 2 ? { ...found, kind: "matrix", axis: 1, bias: undefined } : undefined;
    case "Gemm": {
      const isPlain =
        integerAttribute(node, "transA", 0) === 0 &&
        floatAttribute(node, "alpha", 1) === 1 &&
        floatAttribute(node, "beta", 1) === 1;
      return isPlain
        ? { ...found, kind: "matrix", axis: integerAttribute(node, "transB", 0) === 1 ? 0 : 1 }
        : undefined;
    }
    case "Conv":
      return { ...found, kind: "kernel", axis: 0 };
    default:
      return undefined;
  }
}

/** A stored table [rows, width] of which a Gather takes rows: embeddings. */
export function tableOf(model: EditableModel, node: NodeProto): Weight | undefined {
  if (node.opType !== "Gather" || node.domain || integerAttribute(node, "axis", 0) !== 0) return undefined;
  const weight = model.weight(node.input?.[0]);
  return weight?.shape.length === 2 && weight.data.length >= SMALLEST_ELEMENTS ? weight : undefined;
}

/** The matrix of a product as [inputs, outputs], row-major. */
export function matrixOf({ weight, axis }: Product): { rows: number; columns: number; data: Float32Array } {
  const [first, second] = weight.shape as [number, number];
  if (axis === 1) return { rows: first, columns: second, data: weight.data };
  const data = new Float32Array(weight.data.length);
  for (let row = 0; row < first; row++) {
    for (let column = 0; column < second; column++)
      data[column * first + row] = weight.data[row * second + column]!;
  }
  return { rows: second, columns: first, data };
}
