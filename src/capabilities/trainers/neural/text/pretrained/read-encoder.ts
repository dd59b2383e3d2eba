/** A pretrained encoder from a folder as model hubs lay it out: config.json, tokenizer.json, model.safetensors or model.onnx. */
import { findModel, openWeights, tensorOf, type Weights } from "../../../../../engines/onnx/index.js";
import { QuernError } from "../../../../../foundation/base/errors.js";
import { readTextInside } from "../../../../../foundation/base/text-file.js";
import type { NetworkTensor, NetworkTensors } from "../../inference.js";
import {
  type EncoderArchitecture,
  type KnownArchitecture,
  parseArchitecture,
} from "./encoder-architecture.js";
import { BLOCK, SECOND_TEXT } from "./encoder-network.js";
import { importEncoder } from "./import-encoder.js";

export interface PretrainedEncoder {
  readonly architecture: EncoderArchitecture;
  /** By the names of `encoder-network`. */
  readonly tensors: NetworkTensors;
}

const MAX_CONFIG_BYTES = 2 ** 20;
const MAX_TOKENIZER_BYTES = 2 ** 26;

/** The text of the folder's tokenizer.json. @throws QuernError DATA_NOT_FOUND, PATH_REFUSED */
export function readTokenizer(folder: string): string {
  return readTextInside(folder, "tokenizer.json", MAX_TOKENIZER_BYTES);
}

/**
 * From safetensors where there are some, otherwise from an ONNX export.
 * @param path the folder, or the ONNX file in it
 * @throws QuernError DATA_NOT_FOUND, PATH_REFUSED, MODEL_REFUSED, UNSUPPORTED
 */
export function readEncoder(path: string): PretrainedEncoder {
  const { folder, onnx, weights } = findModel(path);
  return onnx && (!weights || !isKnown(folder)) ? importEncoder(onnx, folder) : readKnownEncoder(folder);
}

/** Whether the layers of the model are written here. */
function isKnown(folder: string): boolean {
  try {
    parseArchitecture(readTextInside(folder, "config.json", MAX_CONFIG_BYTES), folder);
    return true;
  } catch (cause) {
    if (QuernError.is(cause)) return false;
    throw cause;
  }
}

function readKnownEncoder(folder: string): PretrainedEncoder {
  const config = readTextInside(folder, "config.json", MAX_CONFIG_BYTES);
  const architecture = parseArchitecture(config, folder);
  const weights = openWeights(folder);
  try {
    const tensors = new Reader(weights, folder).read(architecture);
    const vocabulary = tensors["pieces.weight"]!.shape[0]!;
    return { architecture: { ...architecture, vocabulary }, tensors };
  } finally {
    weights.close();
  }
}

/** Where the parts of a block are, after the block's own name: of BERT and RoBERTa, and of DistilBERT. */
const BERT_PARTS: Readonly<Record<string, string>> = {
  "attention.query": "attention.self.query",
  "attention.key": "attention.self.key",
  "attention.value": "attention.self.value",
  "attention.output": "attention.output.dense",
  "attention-norm": "attention.output.LayerNorm",
  "feed-forward.hidden": "intermediate.dense",
  "feed-forward.output": "output.dense",
  "feed-forward-norm": "output.LayerNorm",
};
const DISTILBERT_PARTS: Readonly<Record<string, string>> = {
  "attention.query": "attention.q_lin",
  "attention.key": "attention.k_lin",
  "attention.value": "attention.v_lin",
  "attention.output": "attention.out_lin",
  "attention-norm": "sa_layer_norm",
  "feed-forward.hidden": "ffn.lin1",
  "feed-forward.output": "ffn.lin2",
  "feed-forward-norm": "output_layer_norm",
};
const WORDS = "embeddings.word_embeddings.weight";
const TYPES = "embeddings.token_type_embeddings.weight";

class Reader {
  readonly #weights: Weights;
  readonly #folder: string;
  readonly #prefix: string;

  constructor(weights: Weights, folder: string) {
    this.#weights = weights;
    this.#folder = folder;
    const words = weights.names.find((name) => name === WORDS || name.endsWith(`.${WORDS}`));
    if (!words) throw this.#refused("it has no embeddings of words");
    this.#prefix = words.slice(0, -WORDS.length);
  }

  read(architecture: KnownArchitecture): NetworkTensors {
    const { family, layers } = architecture;
    const isDistilled = family === "distilbert";
    const tensors: Record<string, NetworkTensor> = {
      "pieces.weight": this.#pieces(architecture),
      "places.weight": this.#places(architecture),
      ...this.#norm("norm", "embeddings.LayerNorm"),
      ...(architecture.tellsTexts ? { [SECOND_TEXT]: this.#secondText(architecture) } : {}),
    };
    const parts = isDistilled ? DISTILBERT_PARTS : BERT_PARTS;
    for (let layer = 0; layer < layers; layer++) {
      const block = isDistilled ? `transformer.layer.${layer}` : `encoder.layer.${layer}`;
      for (const [own, theirs] of Object.entries(parts)) {
        const [name, source] = [`${BLOCK}-${layer}.${own}`, `${block}.${theirs}`];
        Object.assign(tensors, own.endsWith("norm") ? this.#norm(name, source) : this.#dense(name, source));
      }
    }
    return tensors;
  }

  /** The rows of padding and of id 0 change places; ids that the tokenizer has beyond the table get zeros. */
  #pieces({ vocabulary, width, padding }: KnownArchitecture): NetworkTensor {
    const { values, shape } = this.#tensor(WORDS, [vocabulary, width]);
    const rows = Math.max(vocabulary, padding + 1);
    const swapped = new Float32Array(rows * width);
    swapped.set(values);
    const row = (id: number) => swapped.slice(id * width, (id + 1) * width);
    const [first, other] = [row(0), row(padding)];
    swapped.set(other, 0);
    swapped.set(first, padding * width);
    return { shape: [rows, shape[1]!], values: swapped };
  }

  /** Positions of places alone, with the vector that all pieces of a first (and only) text share. */
  #places({ positions, positionOffset, width, family }: KnownArchitecture): NetworkTensor {
    const all = this.#tensor("embeddings.position_embeddings.weight", [positions, width]).values;
    const values = all.slice(positionOffset * width);
    if (family !== "distilbert") {
      const types = this.#tensor(TYPES, undefined).values;
      for (let k = 0; k < values.length; k++) values[k]! += types[k % width]!;
    }
    return { shape: [positions - positionOffset, width], values };
  }

  /** How the vector of a second text differs from that of a first, which the places have. */
  #secondText({ width }: KnownArchitecture): NetworkTensor {
    const types = this.#tensor(TYPES, undefined).values;
    const values = Float32Array.from({ length: width }, (_, k) => types[width + k]! - types[k]!);
    return { shape: [width], values };
  }

  /** Older files name the parts of a norm as their paper does. */
  #norm(name: string, source: string): Record<string, NetworkTensor> {
    const read = (modern: string, older: string) => {
      const wanted = `${source}.${modern}`;
      return this.#tensor(this.#has(wanted) ? wanted : `${source}.${older}`, undefined);
    };
    return { [`${name}.scale`]: read("weight", "gamma"), [`${name}.bias`]: read("bias", "beta") };
  }

  /** Their weights are [out, in], ours [in, out]. */
  #dense(name: string, source: string): Record<string, NetworkTensor> {
    const { shape, values } = this.#tensor(`${source}.weight`, undefined);
    const [outputs, inputs] = [shape[0]!, shape[1]!];
    const turned = new Float32Array(values.length);
    for (let row = 0; row < outputs; row++) {
      for (let column = 0; column < inputs; column++) {
        turned[column * outputs + row] = values[row * inputs + column]!;
      }
    }
    return {
      [`${name}.weight`]: { shape: [inputs, outputs], values: turned },
      [`${name}.bias`]: this.#tensor(`${source}.bias`, undefined),
    };
  }

  #has(name: string): boolean {
    return this.#weights.describe(this.#prefix + name) !== undefined;
  }

  #tensor(name: string, shape: readonly number[] | undefined): NetworkTensor {
    if (!this.#has(name)) throw this.#refused(`it has no tensor ${name}`);
    const tensor = tensorOf(this.#weights.read(this.#prefix + name));
    if (tensor.type !== "float32") throw this.#refused(`${name} holds ${tensor.type}`);
    if (shape && tensor.shape.join() !== shape.join()) {
      throw this.#refused(`${name} is [${tensor.shape}], its config says [${shape}]`);
    }
    return { shape: tensor.shape, values: tensor.data };
  }

  #refused(why: string): QuernError {
    return new QuernError("MODEL_REFUSED", `The encoder in ${this.#folder} cannot be used: ${why}.`, {
      details: { folder: this.#folder },
    });
  }
}
