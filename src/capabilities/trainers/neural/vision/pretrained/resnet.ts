/**
 * ResNet (He et al., 2016), of basic or bottleneck blocks, also wide and with groups (ResNeXt): all of it is told by shapes.
 * Tensors are called as torchvision and timm call them.
 */
import { Expressions } from "../../../../../engines/onnx/index.js";
import type { GraphValue } from "../../../../../foundation/contracts/graph.js";
import type { WeightedGraph } from "../../pretrained/imported-network.js";
import type { WeightsReader } from "./weights-reader.js";

/** Only the first convolution of a ResNet is called so beside blocks. */
export const RESNET_ANCHOR = "layer1.0.conv1.weight";

const STAGES = 4;
const NORM_EPSILON = 1e-5;

/** Float32 [N, 3, H, W] to [N, channels], the mean over the last stage's places. */
export function resNetFeatures(into: WeightedGraph, weights: WeightsReader, picture: GraphValue): GraphValue {
  const layers = new ResNetLayers(into, weights);
  let value = layers.pool(layers.normed("conv1", "bn1", picture, { stride: 2, activates: true }));
  for (let stage = 1; stage <= STAGES; stage++) {
    const name = `layer${stage}`;
    const blocks = weights.count(name, "conv1.weight");
    if (blocks === 0) throw weights.refused(`it has no tensor ${name}.0.conv1.weight`);
    for (let block = 0; block < blocks; block++) {
      value = layers.block(`${name}.${block}`, value, stage > 1 && block === 0 ? 2 : 1);
    }
  }
  return layers.x.mean(value, [2, 3]);
}

interface FilterOptions {
  readonly stride?: number;
  readonly activates?: boolean;
}

class ResNetLayers {
  readonly x: Expressions;
  readonly #into: WeightedGraph;
  readonly #weights: WeightsReader;

  constructor(into: WeightedGraph, weights: WeightsReader) {
    this.x = new Expressions(into.graph);
    this.#into = into;
    this.#weights = weights;
  }

  /** Convolution, batch norm by its running statistics and, where it activates, ReLU. */
  normed(
    convolution: string,
    norm: string,
    value: GraphValue,
    { stride = 1, activates = false }: FilterOptions,
  ): GraphValue {
    const { graph } = this.#into;
    const weight = this.#weight(`${convolution}.weight`);
    const [, inputs, height, width] = weight.shape as [number, number, number, number];
    const pads = [height, width].map((size) => (size - 1) / 2);
    const filtered = graph.op("Conv", [value, weight], {
      attributes: {
        kernel_shape: { ints: [height, width] },
        strides: { ints: [stride, stride] },
        pads: { ints: [...pads, ...pads] },
        group: { int: Number(value.shape[1]) / inputs },
      },
    });
    const parts = ["weight", "bias", "running_mean", "running_var"].map((part) =>
      this.#weight(`${norm}.${part}`),
    );
    const made = graph.op("BatchNormalization", [filtered, ...parts], {
      attributes: { epsilon: { float: NORM_EPSILON } },
    });
    return activates ? this.x.apply("Relu", made) : made;
  }

  pool(value: GraphValue): GraphValue {
    return this.#into.graph.op("MaxPool", [value], {
      attributes: { kernel_shape: { ints: [3, 3] }, strides: { ints: [2, 2] }, pads: { ints: [1, 1, 1, 1] } },
    });
  }

  /** Two 3 x 3 convolutions, or 1 x 1, 3 x 3 with the stride and 1 x 1, beside a shortcut. */
  block(name: string, value: GraphValue, stride: number): GraphValue {
    const isBottleneck = this.#weights.has(`${name}.conv3.weight`);
    const normed = (k: number, given: GraphValue, options: FilterOptions) =>
      this.normed(`${name}.conv${k}`, `${name}.bn${k}`, given, options);
    const first = normed(1, value, { stride: isBottleneck ? 1 : stride, activates: true });
    const second = normed(2, first, { stride: isBottleneck ? stride : 1, activates: isBottleneck });
    const made = isBottleneck ? normed(3, second, {}) : second;
    const hasShortcut = this.#weights.has(`${name}.downsample.0.weight`);
    const shortcut = hasShortcut
      ? this.normed(`${name}.downsample.0`, `${name}.downsample.1`, value, { stride })
      : value;
    return this.x.apply("Relu", this.x.add(made, shortcut));
  }

  #weight(name: string): GraphValue {
    return this.#into.weight(name, this.#weights.read(name));
  }
}
