/** Forms that ops had in earlier operator sets, as those of the set that graphs are written in (21). */
import type { AttributeValue, GraphValue } from "../../../../foundation/contracts/graph.js";
import { renamed } from "./plain.js";
import {
  floatOf,
  floatsOf,
  type ImportRule,
  inputsOf,
  integerOf,
  integersOf,
  staticSize,
  textOf,
  unsupportedForm,
  type VersionedRule,
  without,
} from "./rule.js";

const until = (version: number, rule: ImportRule): VersionedRule => ({ until: version, rule });

/** Axes were an attribute. */
const axesAsInput: ImportRule = (call) => {
  const axes = integersOf(call, "axes");
  const inputs = axes ? [call.input(0), call.x.integers(axes)] : [call.input(0)];
  return call.graph.node(call.type, inputs, { attributes: without(call.attributes, "axes") });
};

const splitParts: ImportRule = (call) => {
  const parts = integersOf(call, "split");
  if (!parts) {
    const count = { num_outputs: { int: call.outputCount } };
    return call.graph.node("Split", [call.input(0)], { attributes: { ...call.attributes, ...count } });
  }
  const inputs = [call.input(0), call.x.integers(parts)];
  return call.graph.node("Split", inputs, { attributes: without(call.attributes, "split") });
};

/** Until operator set 12 all dimensions from `axis` on were one. */
const flatSoftmax: ImportRule = (call) => {
  const { x, graph } = call;
  const value = call.input(0);
  const rank = value.shape.length;
  const given = integerOf(call, "axis", 1);
  const axis = given < 0 ? given + rank : given;
  const last = { attributes: { axis: { int: -1 } } };
  if (axis >= rank - 1) return [graph.op(call.type, [value], last)];
  const flat = graph.op("Flatten", [value], { attributes: { axis: { int: axis } } });
  const result = graph.op("Reshape", [graph.op(call.type, [flat], last), x.shapeOf(value)], {
    outputs: [{ type: value.type, shape: value.shape }],
  });
  return [result];
};

const clip: ImportRule = (call) => {
  const { graph } = call;
  const value = call.input(0);
  const limit = (name: string) =>
    call.attributes[name] ? graph.scalar(floatOf(call, name, 0), value.type) : undefined;
  return [graph.op("Clip", [value, limit("min"), limit("max")])];
};

const slice: ImportRule = (call) => {
  const { x, graph } = call;
  const starts = integersOf(call, "starts") ?? [];
  const axes = integersOf(call, "axes") ?? starts.map((_, axis) => axis);
  // Ends beyond every size stand for the end.
  const ends = (integersOf(call, "ends") ?? []).map((end) => Math.min(end, 2 ** 31 - 1));
  return [graph.op("Slice", [call.input(0), x.integers(starts), x.integers(ends), x.integers(axes)])];
};

const pad: ImportRule = (call) => {
  const { x, graph } = call;
  const value = call.input(0);
  const pads = integersOf(call, "pads") ?? integersOf(call, "paddings") ?? [];
  const filling = graph.scalar(floatOf(call, "value", 0), value.type);
  const attributes = { mode: { string: textOf(call, "mode", "constant") } };
  return [graph.op("Pad", [value, x.integers(pads), filling], { attributes })];
};

const topK: ImportRule = (call) => {
  const inputs = [call.input(0), call.x.integers([integerOf(call, "k", 1)])];
  return call.graph.node("TopK", inputs, { attributes: without(call.attributes, "k") });
};

/** Until operator set 6 the second input stood at a given axis of the first. */
const broadcastAtAxis: ImportRule = (call) => {
  const { x, graph } = call;
  const [left, right] = [call.input(0), call.input(1)];
  const missing = left.shape.length - right.shape.length;
  const given = call.attributes.axis ? integerOf(call, "axis", 0) : missing;
  const axis = given < 0 ? given + left.shape.length : given;
  const behind = missing - axis;
  const aligned = behind > 0 && right.shape.length > 0 ? x.unsqueeze(right, places(right, behind)) : right;
  return [graph.op(call.type, [left, aligned])];
};

const places = (value: GraphValue, count: number) =>
  Array.from({ length: count }, (_, index) => value.shape.length + index);

const reshape: ImportRule = (call) => [call.x.reshape(call.input(0), integersOf(call, "shape") ?? [])];

const concat: ImportRule = (call) => {
  const axis: AttributeValue = { int: integerOf(call, "axis", 1) };
  return [call.graph.op("Concat", inputsOf(call), { attributes: { axis } })];
};

/** Slopes stood at the channels. */
const parametricRelu: ImportRule = (call) => {
  const [value, slope] = [call.input(0), call.input(1)];
  const behind = value.shape.length - 2;
  const aligned =
    slope.shape.length === 1 && behind > 0 ? call.x.unsqueeze(slope, places(slope, behind)) : slope;
  return [call.graph.op("PRelu", [value, aligned])];
};

/** Scales and biases were given for groups, not for channels. */
const groupNormalization: ImportRule = (call) => {
  const { x, graph } = call;
  const value = call.input(0);
  const channels = staticSize(call, value.shape[1], "the number of channels");
  const groups = integerOf(call, "num_groups", 1);
  const [scale, bias] = [1, 2].map((index) => {
    const repeated = graph.op("Tile", [
      x.unsqueeze(call.input(index), [1]),
      x.integers([1, channels / groups]),
    ]);
    return x.reshape(repeated, [channels]);
  });
  return [graph.op("GroupNormalization", [value, scale, bias], { attributes: call.attributes })];
};

/** Upsample, and Resize as it began: sizes times scales, nearest or linear, corners not aligned. */
const resizeByScales: ImportRule = (call) => {
  const given = floatsOf(call, "scales");
  const scales = given ? call.graph.constant("float32", [given.length], given) : call.input(1);
  const mode = textOf(call, "mode", "nearest");
  if (mode !== "nearest" && mode !== "linear") unsupportedForm(call, `has the mode ${JSON.stringify(mode)}`);
  return [
    call.graph.op("Resize", [call.input(0), undefined, scales], {
      attributes: {
        mode: { string: mode },
        coordinate_transformation_mode: { string: "asymmetric" },
        ...(mode === "nearest" ? { nearest_mode: { string: "floor" } } : {}),
      },
    }),
  ];
};

const REDUCTIONS =
  "ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare";
const forEach = (types: string, rule: VersionedRule): Record<string, readonly VersionedRule[]> =>
  Object.fromEntries(types.split(" ").map((type) => [type, [rule]]));

export const OLDER_VERSIONS: Readonly<Record<string, readonly VersionedRule[]>> = {
  ...forEach("Squeeze Unsqueeze ReduceSum", until(12, axesAsInput)),
  ...forEach(REDUCTIONS, until(17, axesAsInput)),
  ...forEach("Softmax LogSoftmax Hardmax", until(12, flatSoftmax)),
  ...forEach("Add Sub Mul Div Pow And Or Xor Equal Greater Less", until(6, broadcastAtAxis)),
  ...forEach(
    "Abs Neg Exp Log Sqrt Floor Ceil Reciprocal Sigmoid Tanh",
    until(5, (call) => [call.x.apply(call.type, call.input(0))]),
  ),
  Relu: [until(5, renamed("Relu", "consumed_inputs"))],
  Elu: [until(5, renamed("Elu", "consumed_inputs"))],
  Selu: [until(5, renamed("Selu", "consumed_inputs"))],
  LeakyRelu: [until(5, renamed("LeakyRelu", "consumed_inputs"))],
  Gemm: [until(6, renamed("Gemm", "broadcast"))],
  Sum: [until(5, renamed("Sum", "consumed_inputs"))],
  Scatter: [until(99, renamed("ScatterElements"))],
  Split: [until(12, splitParts)],
  Clip: [until(10, clip)],
  Slice: [until(9, slice)],
  Pad: [until(10, pad)],
  TopK: [until(9, topK)],
  Reshape: [until(4, reshape)],
  Concat: [until(3, concat)],
  PRelu: [until(6, parametricRelu)],
  GroupNormalization: [until(20, groupNormalization)],
  Upsample: [until(99, resizeByScales)],
  Resize: [until(10, resizeByScales)],
};
