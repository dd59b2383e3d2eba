/** Views of a picture from fine to coarse, inside networks that were made to classify. */
import { neededNodes, type OnnxGraph } from "../../../../../engines/onnx/index.js";
import { QuernError } from "../../../../../foundation/base/errors.js";
import type { GraphValue } from "../../../../../foundation/contracts/graph.js";

/** Finer views know edges alone, and cost most. */
const LEAST_STRIDE = 4;
const LEAST_STAGES = 2;

/**
 * The last values [N, C, H, W] of each resolution, from a fourth of the picture's sides on: what Lin et al. (2017) build feature
 * pyramids on.
 * @param features what the network makes in the end
 * @throws QuernError UNSUPPORTED for networks that keep one resolution, such as vision transformers
 */
export function stagesBefore(graph: OnnxGraph, features: GraphValue, path: string): GraphValue[] {
  const nodes = neededNodes(graph, [features]);
  const picture = nodes.find(({ type }) => type === "Conv")?.inputs[0];
  const views = new Map<string, GraphValue>();
  for (const { type, outputs } of nodes) {
    if (!picture || type === "Pad") continue;
    for (const value of outputs) if (isViewOf(value, picture)) views.set(sidesOf(value).join(" x "), value);
  }
  const most = picture ? (ROOM * areaOf(picture)) / LEAST_STRIDE ** 2 : 0;
  const stages = [...views.values()]
    .filter((value) => areaOf(value) <= most)
    .sort((a, b) => areaOf(b) - areaOf(a));
  const halved = stages.filter((value, k) => k === 0 || areaOf(value) <= areaOf(stages[k - 1]!) / 2);
  if (halved.length >= LEAST_STAGES) return halved;
  const found = stages.map((value) => sidesOf(value).join(" x "));
  throw new QuernError(
    "UNSUPPORTED",
    `The network in ${path} has no views of a picture from fine to coarse; it has ${found.join(", ") || "none"}.`,
    {
      hint: "Boxes and masks need a convolutional network whose views become coarser: a ResNet, MobileNet, EfficientNet or ConvNeXt; leave `model` out to train one from scratch.",
      details: { path, views: found },
    },
  );
}

/** Sides that are rounded up. */
const ROOM = 1.25;

const sidesOf = ({ shape }: GraphValue): readonly [height: number, width: number] => [
  Number(shape[2]),
  Number(shape[3]),
];

function areaOf(value: GraphValue): number {
  const [height, width] = sidesOf(value);
  return height * width;
}

/** [N, C, H, W] of several places in the ratio of the picture; values with their channels last are none. */
function isViewOf(value: GraphValue, picture: GraphValue): boolean {
  const { type, shape } = value;
  if (type !== "float32" || shape.length !== 4 || shape.slice(1).some((size) => typeof size !== "number")) {
    return false;
  }
  const [[height, width], [high, wide]] = [sidesOf(value), sidesOf(picture)];
  return height * width > 1 && Math.abs(height * wide - width * high) <= Math.max(high, wide);
}
