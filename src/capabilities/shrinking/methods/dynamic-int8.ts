/** Products of bytes: weights quantised now, activations by their own range whenever the model runs. */
import type { ModelProto, NodeProto } from "../../../engines/onnx/index.js";
import { EditableModel, nodeOf } from "../editable-model.js";
import { matrixOf, type Product, productOf, tableOf } from "../products.js";
import { quantizeAlong } from "../quantized-weights.js";
import type { Shrunk } from "../shrunk.js";
import { quantizedRows } from "./tables.js";

/** Matrices and tables; convolutions are left, as their kernels for bytes are slower than those for floats. */
export function dynamicInt8(source: ModelProto): Shrunk {
  const model = new EditableModel(source);
  const activations = new Map<string, readonly [string, string, string]>();
  let changed = 0;
  model.rewrite((node) => {
    const table = tableOf(model, node);
    const product = productOf(model, node);
    if (!table && product?.kind !== "matrix") return [node];
    changed++;
    return table ? quantizedRows(model, node, table) : integerProduct(model, product!, activations);
  });
  return { model: model.finish(), changed };
}

/** Scale, codes and zero point of activations, made once for all products that take them. */
function integerProduct(
  model: EditableModel,
  product: Product,
  activations: Map<string, readonly [string, string, string]>,
): NodeProto[] {
  const { input, bias, node, weight } = product;
  const { rows, columns, data } = matrixOf(product);
  const { codes, scales } = quantizeAlong(data, [rows, columns], 1);
  const stored = model.store(weight.name, "int8", [rows, columns], codes);
  const scale = model.store(weight.name, "float32", [columns], scales);
  const known = activations.get(input);
  const [quantised, factor, zero] = known ?? [model.fresh(input), model.fresh(input), model.fresh(input)];
  activations.set(input, [quantised, factor, zero]);
  const output = node.output![0]!;
  const [sums, floats, both] = [model.fresh(output), model.fresh(output), model.fresh(output)];
  const product32 = bias ? model.fresh(output) : output;
  return [
    ...(known
      ? []
      : [nodeOf({ op: "DynamicQuantizeLinear", inputs: [input], outputs: [quantised, factor, zero] })]),
    nodeOf({ op: "MatMulInteger", inputs: [quantised, stored, zero], outputs: [sums] }),
    nodeOf({ op: "Cast", inputs: [sums], outputs: [floats], attributes: { to: { int: 1 } } }),
    nodeOf({ op: "Mul", inputs: [factor, scale], outputs: [both] }),
    nodeOf({ op: "Mul", inputs: [floats, both], outputs: [product32] }),
    ...(bias ? [nodeOf({ op: "Add", inputs: [product32, bias], outputs: [output] })] : []),
  ];
}
