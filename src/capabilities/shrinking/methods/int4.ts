/** Matrices as 4-bit integers in blocks, dequantised by a node that runtimes fuse with the product behind it. */
import type { ModelProto, NodeProto } from "../../../engines/onnx/index.js";
import { EditableModel, nodeOf } from "../editable-model.js";
import { matrixOf, type Product, productOf, tableOf } from "../products.js";
import { quantizeBlocks } from "../quantized-weights.js";
import type { Shrunk } from "../shrunk.js";
import { quantizedRows } from "./tables.js";

/** Tables become bytes: four bits for words that are seen rarely cost too much. */
export function int4(source: ModelProto, block: number): Shrunk {
  const model = new EditableModel(source);
  let changed = 0;
  model.rewrite((node) => {
    const table = tableOf(model, node);
    const product = productOf(model, node);
    if (!table && product?.kind !== "matrix") return [node];
    changed++;
    return table ? quantizedRows(model, node, table) : blockProduct(model, product!, block);
  });
  return { model: model.finish(21), changed };
}

function blockProduct(model: EditableModel, product: Product, block: number): NodeProto[] {
  const { rows, columns, data } = matrixOf(product);
  const { codes, scales } = quantizeBlocks(data, rows, columns, block);
  const { input, bias, node, weight } = product;
  const stored = model.store(weight.name, "int4", [rows, columns], codes);
  const scale = model.store(weight.name, "float32", [Math.ceil(rows / block), columns], scales);
  const output = node.output![0]!;
  const [matrix, plain] = [model.fresh(weight.name), bias ? model.fresh(output) : output];
  const attributes = { axis: { int: 0 }, block_size: { int: block } };
  return [
    nodeOf({ op: "DequantizeLinear", inputs: [stored, scale], outputs: [matrix], attributes }),
    nodeOf({ op: "MatMul", inputs: [input, matrix], outputs: [plain] }),
    ...(bias ? [nodeOf({ op: "Add", inputs: [plain, bias], outputs: [output] })] : []),
  ];
}
