/** Normalisations by mean and variance or by a norm. */
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import type { Expressions } from "../../onnx/index.js";
import {
  axisAttribute,
  type Derivation,
  defineOp,
  floatAttribute,
  integerAttribute,
  integersAttribute,
  type NodeUse,
  type OpSample,
  refusal,
  staticSizes,
} from "./definition.js";

interface Standardized {
  /** (value - mean) / deviation over some axes. */
  readonly normal: GraphValue;
  /** 1 / deviation. */
  readonly inverse: GraphValue;
  readonly axes: readonly number[];
}

function standardize(
  x: Expressions,
  value: GraphValue,
  axes: readonly number[],
  epsilon: number,
): Standardized {
  const centred = x.sub(value, x.mean(value, axes, true));
  const variance = x.mean(x.square(centred), axes, true);
  const inverse = x.apply("Reciprocal", x.apply("Sqrt", x.add(variance, epsilon)));
  return { normal: x.mul(centred, inverse), inverse, axes };
}

/** From the cotangent of `normal` to that of the value it was made from (Ioffe and Szegedy, 2015, section 3). */
function standardizedCotangent(
  x: Expressions,
  { normal, inverse, axes }: Standardized,
  c: GraphValue,
): GraphValue {
  const centred = x.sub(c, x.mean(c, axes, true));
  const projected = x.mul(normal, x.mean(x.mul(c, normal), axes, true));
  return x.mul(x.sub(centred, projected), inverse);
}

/** Ba, Kiros, Hinton (2016); mean and inverse deviation are outputs 1 and 2 of the node. */
function layerNormalizationVjp(d: Derivation): (GraphValue | undefined)[] {
  const { x, c, node, input } = d;
  const [, scale, bias] = node.inputs;
  const [, mean, inverse] = node.outputs;
  if (d.cotangents[1] || d.cotangents[2]) throw refusal(node, "its mean and deviation have no rule");
  const first = axisAttribute(d, -1);
  const axes = input.shape.flatMap((_, axis) => (axis >= first ? [axis] : []));
  const normal = x.mul(x.sub(input, mean!), inverse!);
  const standardized = { normal, inverse: inverse!, axes };
  return [standardizedCotangent(x, standardized, x.mul(c, scale!)), x.mul(c, normal), bias && c];
}

/** A vector of one number for each channel as it broadcasts over [N, C, ...]. */
function perChannel({ x, input }: NodeUse, value: GraphValue): GraphValue {
  const added = input.shape.slice(2).map((_, axis) => axis + 1);
  return added.length === 0 ? value : x.unsqueeze(value, added);
}

function channelSum({ x, input }: NodeUse, value: GraphValue): GraphValue {
  return x.sum(
    value,
    input.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis])),
  );
}

/** With the statistics of the batch when training, with those of earlier batches otherwise. */
function batchNormalizationVjp(d: Derivation): (GraphValue | undefined)[] {
  const { x, c, node, input } = d;
  const [, scale, , mean, variance] = node.inputs;
  const epsilon = floatAttribute(node, "epsilon", 1e-5);
  const scaled = x.mul(c, perChannel(d, scale!));
  if (integerAttribute(node, "training_mode", 0) === 1) {
    if (d.cotangents[1] || d.cotangents[2]) throw refusal(node, "its running statistics have no rule");
    const axes = input.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
    const standardized = standardize(x, input, axes, epsilon);
    const toScale = channelSum(d, x.mul(c, standardized.normal));
    return [standardizedCotangent(x, standardized, scaled), toScale, channelSum(d, c)];
  }
  const inverse = x.apply("Reciprocal", x.apply("Sqrt", x.add(variance!, epsilon)));
  const centred = x.sub(input, perChannel(d, mean!));
  const toInput = x.mul(scaled, perChannel(d, inverse));
  const toVariance = x.mul(channelSum(d, x.mul(scaled, centred)), x.mul(x.power(inverse, 3), -0.5));
  return [
    toInput,
    x.mul(channelSum(d, x.mul(c, centred)), inverse),
    channelSum(d, c),
    x.apply("Neg", channelSum(d, toInput)),
    toVariance,
  ];
}

/** Wu and He (2018); one group for each channel is instance normalisation (Ulyanov et al., 2016). */
function groupedVjp(d: Derivation, groups: number): (GraphValue | undefined)[] {
  const { x, c, node, input } = d;
  const scale = perChannel(d, node.inputs[1]!);
  const grouped = (value: GraphValue) => x.reshape(value, [0, groups, -1]);
  const ungrouped = (value: GraphValue) => x.reshape(value, x.shapeOf(input));
  const standardized = standardize(x, grouped(input), [2], floatAttribute(node, "epsilon", 1e-5));
  const toInput = standardizedCotangent(x, standardized, grouped(x.mul(c, scale)));
  const toScale = channelSum(d, x.mul(c, ungrouped(standardized.normal)));
  return [ungrouped(toInput), toScale, channelSum(d, c)];
}

/** Local response normalisation (Krizhevsky et al., 2012): squares summed over neighbouring channels. */
function responseComposition({ graph, x, node, input }: NodeUse): GraphValue[] {
  const size = integerAttribute(node, "size", 1);
  const before = Math.floor((size - 1) / 2);
  const rest = input.shape.slice(2).map(() => 0);
  const pads = x.integers([0, before, ...rest, 0, size - 1 - before, ...rest]);
  const padded = graph.op("Pad", [x.square(input), pads]);
  const channels = Number(input.shape[1]);
  const windows = Array.from({ length: size }, (_, k) =>
    graph.op("Slice", [padded, x.integers([k]), x.integers([k + channels]), x.integers([1])]),
  );
  const sum = windows.reduce((total, window) => x.add(total, window));
  const alpha = floatAttribute(node, "alpha", 1e-4) / size;
  const base = x.add(x.mul(sum, alpha), floatAttribute(node, "bias", 1));
  return [x.div(input, x.power(base, floatAttribute(node, "beta", 0.75)))];
}

function lengthComposition(use: NodeUse): GraphValue[] {
  const { graph, x, node, input } = use;
  const op = integerAttribute(node, "p", 2) === 1 ? "ReduceL1" : "ReduceL2";
  return [x.div(input, graph.op(op, [input, x.integers([axisAttribute(use, -1)])]))];
}

function meanVarianceComposition({ x, node, input }: NodeUse): GraphValue[] {
  const axes = integersAttribute(node, "axes") ?? [0, 2, 3];
  const centred = x.sub(input, x.mean(input, axes, true));
  const deviation = x.apply("Sqrt", x.mean(x.square(centred), axes, true));
  return [x.div(centred, x.add(deviation, 1e-9))];
}

const positive: [number, number] = [0.5, 2];
const affine = (channels: number) => [{ shape: [channels], range: positive }, { shape: [channels] }];
const AFFINE_SAMPLES: OpSample[] = [
  { inputs: [{ shape: [2, 4, 2, 3] }, ...affine(4)], attributes: { num_groups: { int: 2 } } },
  {
    inputs: [{ shape: [3, 4, 3] }, ...affine(4)],
    attributes: { num_groups: { int: 2 }, epsilon: { float: 0.01 } },
  },
];
const withoutGroups = ({
  inputs,
  attributes: { num_groups: _, ...attributes } = {},
}: OpSample): OpSample => ({
  inputs,
  attributes,
});

export const NORMALIZATION = {
  LayerNormalization: defineOp({
    type: "LayerNormalization",
    samples: [
      { inputs: [{ shape: [3, 4] }, { shape: [4], range: positive }, { shape: [4] }], outputs: 1 },
      {
        inputs: [{ shape: [2, 2, 3] }, { shape: [2, 3], range: positive }],
        attributes: { axis: { int: 1 }, epsilon: { float: 0.01 } },
        outputs: 1,
      },
    ],
    vjp: layerNormalizationVjp,
  }),
  BatchNormalization: defineOp({
    type: "BatchNormalization",
    samples: [
      { inputs: [{ shape: [2, 3, 2, 2] }, ...affine(3), { shape: [3] }, { shape: [3], range: positive }] },
      { inputs: [{ shape: [4, 3] }, ...affine(3), { shape: [3] }, { shape: [3], range: positive }] },
      {
        inputs: [
          { shape: [3, 2, 2, 1] },
          ...affine(2),
          { constant: [0, 0], shape: [2] },
          { constant: [1, 1], shape: [2] },
        ],
        attributes: { training_mode: { int: 1 }, epsilon: { float: 0.01 } },
        outputs: 1,
      },
    ],
    vjp: batchNormalizationVjp,
  }),
  InstanceNormalization: defineOp({
    type: "InstanceNormalization",
    samples: AFFINE_SAMPLES.map(withoutGroups),
    vjp: (d) => groupedVjp(d, staticSizes(d, [d.input.shape[1]!])[0]!),
  }),
  GroupNormalization: defineOp({
    type: "GroupNormalization",
    samples: AFFINE_SAMPLES,
    vjp: (d) => groupedVjp(d, integerAttribute(d.node, "num_groups", 1)),
  }),
  MeanVarianceNormalization: defineOp({
    type: "MeanVarianceNormalization",
    samples: [
      { inputs: [{ shape: [2, 2, 3, 2] }] },
      { inputs: [{ shape: [2, 5] }], attributes: { axes: { ints: [1] } } },
    ],
    composition: meanVarianceComposition,
  }),
  LpNormalization: defineOp({
    type: "LpNormalization",
    samples: [
      { inputs: [{ shape: [2, 5] }] },
      { inputs: [{ shape: [3, 2] }], attributes: { axis: { int: 0 }, p: { int: 1 } } },
    ],
    composition: lengthComposition,
  }),
  LRN: defineOp({
    type: "LRN",
    samples: [
      { inputs: [{ shape: [2, 4, 2, 1] }], attributes: { size: { int: 3 }, alpha: { float: 0.5 } } },
      {
        inputs: [{ shape: [1, 5, 2, 1] }],
        attributes: { size: { int: 5 }, alpha: { float: 0.5 }, bias: { float: 2 } },
      },
    ],
    composition: responseComposition,
  }),
};
