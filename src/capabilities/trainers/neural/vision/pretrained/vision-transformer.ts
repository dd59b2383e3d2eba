/** Vision transformer (Dosovitskiy et al., 2021), its tensors called as timm calls them. */
import { Expressions } from "../../../../../engines/onnx/index.js";
import type { GraphValue } from "../../../../../foundation/contracts/graph.js";
import type { WeightedGraph } from "../../pretrained/imported-network.js";
import type { WeightsReader } from "./weights-reader.js";

/** Positions are learnt beside the network, not in its blocks. */
export const TRANSFORMER_ANCHOR = "pos_embed";

const NORM_EPSILON = 1e-6;
/** Of all sizes that are published. */
const HEAD_WIDTH = 64;
const headsOf = (width: number): number => Math.max(1, Math.round(width / HEAD_WIDTH));

/** Pixels of a side: patches times places of the square that positions were learnt for. */
export function transformerSide(weights: WeightsReader): number {
  const [, places] = weights.read("pos_embed").shape as [number, number, number];
  const [, , patch] = weights.read("patch_embed.proj.weight").shape as [number, number, number, number];
  const side = Math.sqrt(places - 1);
  if (!Number.isInteger(side))
    throw weights.refused("its positions are no square and one place for the whole");
  return patch * side;
}

/** Float32 [N, 3, side, side] to [N, width], the normalised state of the place that stands for the whole. */
export function transformerFeatures(
  into: WeightedGraph,
  weights: WeightsReader,
  picture: GraphValue,
): GraphValue {
  const layers = new TransformerLayers(into, weights);
  let value = layers.places(picture);
  const blocks = weights.count("blocks", "attn.qkv.weight");
  if (blocks === 0) throw weights.refused("it has no tensor blocks.0.attn.qkv.weight");
  for (let block = 0; block < blocks; block++) {
    const name = `blocks.${block}`;
    const attended = layers.x.add(
      value,
      layers.attention(`${name}.attn`, layers.norm(`${name}.norm1`, value)),
    );
    value = layers.x.add(attended, layers.forward(`${name}.mlp`, layers.norm(`${name}.norm2`, attended)));
  }
  return layers.x.gather(layers.norm("norm", value), into.graph.scalar(0, "int64"), 1);
}

class TransformerLayers {
  readonly x: Expressions;
  readonly #into: WeightedGraph;
  readonly #weights: WeightsReader;

  constructor(into: WeightedGraph, weights: WeightsReader) {
    this.x = new Expressions(into.graph);
    this.#into = into;
    this.#weights = weights;
  }

  /** Patches as vectors behind the one for the whole, with their positions: [N, 1 + patches, width]. */
  places(picture: GraphValue): GraphValue {
    const { x } = this;
    const { graph } = this.#into;
    const filter = this.#weight("patch_embed.proj.weight");
    const [width, , patch] = filter.shape as [number, number, number, number];
    const patches = graph.op("Conv", [picture, filter, this.#weight("patch_embed.proj.bias")], {
      attributes: { kernel_shape: { ints: [patch, patch] }, strides: { ints: [patch, patch] } },
    });
    const count = Number(patches.shape[2]) * Number(patches.shape[3]);
    const vectors = x.transpose(x.reshape(patches, [0, width, count]), [0, 2, 1]);
    const whole = this.#weight("cls_token");
    // Of one row, added to zeros that have as many rows as there are pictures.
    const rows = x.mul(x.sum(vectors, [1], true), 0);
    return x.add(x.concat([x.add(rows, whole), vectors], 1), this.#weight("pos_embed"));
  }

  norm(name: string, value: GraphValue): GraphValue {
    const parts = [this.#weight(`${name}.weight`), this.#weight(`${name}.bias`)];
    return this.#into.graph.op("LayerNormalization", [value, ...parts], {
      attributes: { axis: { int: -1 }, epsilon: { float: NORM_EPSILON } },
    });
  }

  attention(name: string, value: GraphValue): GraphValue {
    const { x } = this;
    const [length, width] = [Number(value.shape[1]), Number(value.shape[2])];
    const heads = headsOf(width);
    const joined = x.reshape(this.#linear(`${name}.qkv`, value), [0, length, 3, heads, width / heads]);
    const [query, key, values] = x
      .split(x.transpose(joined, [2, 0, 3, 1, 4]), [1, 1, 1], 0)
      .map((part) => this.#into.graph.op("Squeeze", [part, x.integers([0])]));
    const products = x.mul(x.matmul(query!, x.transposeMatrices(key!)), 1 / Math.sqrt(width / heads));
    const shares = this.#into.graph.op("Softmax", [products], { attributes: { axis: { int: -1 } } });
    const seen = x.transpose(x.matmul(shares, values!), [0, 2, 1, 3]);
    return this.#linear(`${name}.proj`, x.reshape(seen, [0, length, width]));
  }

  forward(name: string, value: GraphValue): GraphValue {
    const hidden = this.#into.graph.op("Gelu", [this.#linear(`${name}.fc1`, value)]);
    return this.#linear(`${name}.fc2`, hidden);
  }

  /** Their weights are [out, in]. */
  #linear(name: string, value: GraphValue): GraphValue {
    const product = this.x.matmul(value, this.x.transpose(this.#weight(`${name}.weight`), [1, 0]));
    return this.x.add(product, this.#weight(`${name}.bias`));
  }

  #weight(name: string): GraphValue {
    return this.#into.weight(name, this.#weights.read(name));
  }
}
