/** Layer and root-mean-square normalisation with what exporters fuse into them. */
import { cast, type GraphValue } from "../../../../foundation/contracts/graph.js";
import { elementCount } from "../../../../foundation/contracts/tensor.js";
import { type Expressions, isStatic } from "../../expressions.js";
import type { OnnxGraph } from "../../graph-builder.js";
import { floatOf, type ImportCall, type ImportRule, integerOf } from "./rule.js";

/**
 * Ba, Kiros and Hinton (2016). Always with a bias: onnxruntime 1.30 fuses a sum into a normalisation without one
 * (SkipLayerNormalization) and crashes while it does so.
 */
function layerNormalization(
  { graph }: ImportCall,
  [value, scale, given]: readonly [GraphValue, GraphValue, GraphValue | undefined],
  epsilon: number,
  axis = -1,
): GraphValue[] {
  const bias = given ?? (isStatic(scale.shape) ? zeros(graph, scale) : undefined);
  const attributes = { axis: { int: axis }, epsilon: { float: epsilon } };
  return graph.node("LayerNormalization", [value, scale, bias], { attributes });
}

function zeros(graph: OnnxGraph, { type, shape }: GraphValue): GraphValue {
  const sizes = shape as readonly number[];
  return graph.constant(type, sizes, new Array<number>(elementCount(sizes)).fill(0));
}

const standardLayerNormalization: ImportRule = (call) =>
  layerNormalization(
    call,
    [call.input(0), call.input(1), call.optional(2)],
    floatOf(call, "epsilon", 1e-5),
    integerOf(call, "axis", -1),
  );

/** Over the dimensions from `axis` on, without centring (Zhang and Sennrich, 2019); also 1 / the root mean square. */
function rootMeanSquare(
  x: Expressions,
  value: GraphValue,
  scale: GraphValue,
  epsilon: number,
  axis: number,
): [GraphValue, GraphValue] {
  const rank = value.shape.length;
  const first = axis < 0 ? axis + rank : axis;
  const axes = Array.from({ length: rank - first }, (_, index) => first + index);
  const inverse = x.apply("Reciprocal", x.apply("Sqrt", x.add(x.mean(x.square(value), axes, true), epsilon)));
  return [x.mul(x.mul(value, inverse), scale), inverse];
}

/** Input + skip + bias, the sum that the fused forms normalise. */
function skipSum(call: ImportCall, bias: number): GraphValue {
  const { x } = call;
  const sum = x.add(call.input(0), call.input(1));
  return call.has(bias) ? x.add(sum, call.input(bias)) : sum;
}

/** Outputs: result, mean, inverse deviation (which only training needs), sum. */
const skipLayerNormalization: ImportRule = (call) => {
  const sum = skipSum(call, 4);
  const epsilon = floatOf(call, "epsilon", 1e-12);
  return [...layerNormalization(call, [sum, call.input(2), call.optional(3)], epsilon).slice(0, 3), sum];
};

const skipSimplified: ImportRule = (call) => {
  const sum = skipSum(call, 3);
  const [result, inverse] = rootMeanSquare(call.x, sum, call.input(2), floatOf(call, "epsilon", 1e-5), -1);
  return [result, undefined, inverse, sum];
};

const rootMeanSquareRule: ImportRule = (call) => {
  const axis = integerOf(call, "axis", -1);
  return rootMeanSquare(call.x, call.input(0), call.input(1), floatOf(call, "epsilon", 1e-5), axis);
};

/**
 * Word, position and segment embeddings, summed and normalised (BERT).
 * Inputs: ids, segments?, words, positions, segment table?, scale, bias, mask?, position ids?.
 */
const embedLayerNormalization: ImportRule = (call) => {
  const { x } = call;
  const ids = call.input(0);
  const words = x.gather(call.input(2), ids);
  const length = ids.shape[1];
  const table = call.input(3);
  const positions = call.has(8) ? x.gather(table, call.input(8)) : firstRows(call, table, ids, length);
  const plain = x.add(words, positions);
  const sum = call.has(1) && call.has(4) ? x.add(plain, x.gather(call.input(4), call.input(1))) : plain;
  const epsilon = floatOf(call, "epsilon", 1e-12);
  const [result] = layerNormalization(call, [sum, call.input(5), call.input(6)], epsilon);
  const mask = call.optional(7);
  const lengths = mask && cast(call.graph, x.sum(cast(call.graph, mask, "int64"), [1]), "int32");
  return [result, lengths ?? zeroLengths(call, ids), sum];
};

function zeroLengths(call: ImportCall, ids: GraphValue): GraphValue | undefined {
  if (call.outputCount < 2) return undefined;
  const first = call.x.sum(cast(call.graph, ids, "int64"), [1]);
  return cast(call.graph, call.x.mul(first, 0), "int32");
}

/** The embeddings of positions 0, 1, … */
function firstRows(
  { x, graph }: ImportCall,
  table: GraphValue,
  ids: GraphValue,
  length: GraphValue["shape"][number] | undefined,
): GraphValue {
  const end =
    typeof length === "number"
      ? x.integers([length])
      : graph.op("Shape", [ids], { attributes: { start: { int: 1 }, end: { int: 2 } } });
  return graph.op("Slice", [table, x.integers([0]), end, x.integers([0])], {
    outputs: [{ type: table.type, shape: [length ?? 1, table.shape[1]!] }],
  });
}

export const STANDARD_NORMALIZATIONS: Readonly<Record<string, ImportRule>> = {
  LayerNormalization: standardLayerNormalization,
  RMSNormalization: rootMeanSquareRule,
  SimplifiedLayerNormalization: rootMeanSquareRule,
};

export const CONTRIB_NORMALIZATIONS: Readonly<Record<string, ImportRule>> = {
  SkipLayerNormalization: skipLayerNormalization,
  SkipSimplifiedLayerNormalization: skipSimplified,
  SimplifiedLayerNormalization: rootMeanSquareRule,
  EmbedLayerNormalization: embedLayerNormalization,
};
