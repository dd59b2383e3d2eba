/** Bytes between quantise and dequantise nodes, with ranges that calibration rows showed; runtimes fuse what lies between. */
import type { ModelProto, NodeProto } from "../../../engines/onnx/index.js";
import type { ActivationRange } from "../calibration.js";
import { EditableModel, nodeOf } from "../editable-model.js";
import { type Product, productOf, tableOf } from "../products.js";
import { quantizeAlong } from "../quantized-weights.js";
import type { Shrunk } from "../shrunk.js";
import { quantizedRows } from "./tables.js";

/** Names of the activations whose ranges `staticInt8` needs. */
export function calibratedValues(source: ModelProto): string[] {
  const model = new EditableModel(source);
  const names = model.nodes.flatMap((node) => {
    const product = productOf(model, node);
    if (!product) return [];
    return product.kind === "kernel" ? [product.input, node.output![0]!] : [product.input];
  });
  return [...new Set(names)];
}

export function staticInt8(source: ModelProto, ranges: ReadonlyMap<string, ActivationRange>): Shrunk {
  const model = new EditableModel(source);
  const activations = new Map<string, Activation>();
  let changed = 0;
  model.rewrite((node) => {
    const table = tableOf(model, node);
    const product = productOf(model, node);
    if (!table && !product) return [node];
    changed++;
    return table ? quantizedRows(model, node, table) : quantizedProduct(model, product!, ranges, activations);
  });
  return { model: model.finish(), changed };
}

interface Activation {
  /** The value after it was a byte. */
  readonly name: string;
  readonly scale: number;
  readonly nodes: readonly NodeProto[];
}

function quantizedProduct(
  model: EditableModel,
  product: Product,
  ranges: ReadonlyMap<string, ActivationRange>,
  activations: Map<string, Activation>,
): NodeProto[] {
  const { node, weight, axis, kind, bias, input } = product;
  const known = activations.get(input);
  const activation = known ?? quantizedActivation(model, input, model.fresh(input), ranges);
  activations.set(input, activation);
  const { codes, scales } = quantizeAlong(weight.data, weight.shape, axis);
  const stored = model.store(weight.name, "int8", weight.shape, codes);
  const scale = model.store(weight.name, "float32", [scales.length], scales);
  const floats = model.fresh(weight.name);
  const along = { axis: { int: axis } };
  const nodes = [
    ...(known ? [] : activation.nodes),
    nodeOf({ op: "DequantizeLinear", inputs: [stored, scale], outputs: [floats], attributes: along }),
  ];
  const [before, biasName] =
    kind === "kernel" && bias ? quantizedBias(model, bias, scales, activation.scale) : [[], bias];
  const inputs = [activation.name, floats, ...(biasName ? [biasName] : [])];
  const output = node.output![0]!;
  if (kind === "matrix") return [...nodes, { ...node, input: inputs }];
  const raw = model.fresh(output);
  const result = quantizedActivation(model, raw, output, ranges, output);
  return [...nodes, ...before, { ...node, name: raw, input: inputs, output: [raw] }, ...result.nodes];
}

/** Quantise and dequantise nodes around a value. @param measured the name that its range has */
function quantizedActivation(
  model: EditableModel,
  input: string,
  output: string,
  ranges: ReadonlyMap<string, ActivationRange>,
  measured = input,
): Activation {
  const { least, greatest } = ranges.get(measured) ?? { least: -1, greatest: 1 };
  const [low, high] = [Math.min(least, 0), Math.max(greatest, 0)];
  const step = Math.fround((high - low) / 255) || 1;
  const scale = model.store(measured, "float32", [], [step]);
  const zero = model.store(measured, "uint8", [], [Math.max(0, Math.min(255, Math.round(-low / step)))]);
  const codes = model.fresh(measured);
  return {
    name: output,
    scale: step,
    nodes: [
      nodeOf({ op: "QuantizeLinear", inputs: [input, scale, zero], outputs: [codes] }),
      nodeOf({ op: "DequantizeLinear", inputs: [codes, scale, zero], outputs: [output] }),
    ],
  };
}

/** In steps of the products, as the sums of the convolution are. */
function quantizedBias(
  model: EditableModel,
  bias: string,
  weightScales: Float32Array,
  inputScale: number,
): readonly [readonly NodeProto[], string] {
  const stored = model.weight(bias);
  if (!stored) return [[], bias];
  const scales = weightScales.map((scale) => scale * inputScale);
  const codes = Int32Array.from(stored.data, (value, index) => Math.round(value / scales[index]!));
  const name = model.store(bias, "int32", stored.shape, codes);
  const scale = model.store(bias, "float32", [scales.length], scales);
  const output = model.fresh(bias);
  const attributes = { axis: { int: 0 } };
  return [[nodeOf({ op: "DequantizeLinear", inputs: [name, scale], outputs: [output], attributes })], output];
}
