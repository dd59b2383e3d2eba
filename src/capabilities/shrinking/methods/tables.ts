import { type NodeProto, narrowToHalf } from "../../../engines/onnx/index.js";
import { type EditableModel, nodeOf, type Weight } from "../editable-model.js";
import { LARGEST_HALF, quantizeAlong, SMALLEST_HALF } from "../quantized-weights.js";

/**
 * Rows are taken as bytes and scaled behind; the table itself is never made of floats. The scales are halves: many tables are
 * narrow (the linear part of a text network has a number for each class), and four bytes a row would be more than the codes.
 */
export function quantizedRows(model: EditableModel, node: NodeProto, table: Weight): readonly NodeProto[] {
  const { codes, scales } = quantizeAlong(table.data, table.shape, 0);
  const [indices, output] = [node.input![1]!, node.output![0]!];
  const stored = model.store(table.name, "int8", table.shape, codes);
  // What half precision takes from smaller scales is little beside a step of the largest.
  const largest = scales.reduce((most, scale) => Math.max(most, scale), 0);
  const isHalf = largest >= SMALLEST_HALF && largest <= LARGEST_HALF;
  const shape = [table.shape[0]!, 1];
  const scale = isHalf
    ? model.store(table.name, "float16", shape, narrowToHalf(scales))
    : model.store(table.name, "float32", shape, scales);
  const [rows, taken] = [model.fresh(output), model.fresh(output)];
  const [floats, factors] = [model.fresh(output), isHalf ? model.fresh(output) : taken];
  return [
    nodeOf({ op: "Gather", inputs: [stored, indices], outputs: [rows] }),
    nodeOf({ op: "Gather", inputs: [scale, indices], outputs: [taken] }),
    ...(isHalf ? [single(taken, factors)] : []),
    single(rows, floats),
    nodeOf({ op: "Mul", inputs: [floats, factors], outputs: [output] }),
  ];
}

const single = (from: string, to: string): NodeProto =>
  nodeOf({ op: "Cast", inputs: [from], outputs: [to], attributes: { to: { int: 1 } } });
