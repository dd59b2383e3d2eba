import type { NodeProto } from "../../../engines/onnx/index.js";
import { type EditableModel, nodeOf, type Weight } from "../editable-model.js";
import { quantizeAlong } from "../quantized-weights.js";

/** Rows are taken as bytes and scaled behind; the table itself is never made of floats. */
export function quantizedRows(model: EditableModel, node: NodeProto, table: Weight): readonly NodeProto[] {
  const { codes, scales } = quantizeAlong(table.data, table.shape, 0);
  const [indices, output] = [node.input![1]!, node.output![0]!];
  const stored = model.store(table.name, "int8", table.shape, codes);
  const scale = model.store(table.name, "float32", [table.shape[0]!, 1], scales);
  const [rows, factors, floats] = [model.fresh(output), model.fresh(output), model.fresh(output)];
  return [
    nodeOf({ op: "Gather", inputs: [stored, indices], outputs: [rows] }),
    nodeOf({ op: "Gather", inputs: [scale, indices], outputs: [factors] }),
    nodeOf({ op: "Cast", inputs: [rows], outputs: [floats], attributes: { to: { int: 1 } } }),
    nodeOf({ op: "Mul", inputs: [floats, factors], outputs: [output] }),
  ];
}
