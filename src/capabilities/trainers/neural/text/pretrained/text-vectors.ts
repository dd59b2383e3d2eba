/** Texts as vectors of an encoder that does not learn: computed once for each text, short texts by short graphs. */
import { sha256 } from "../../../../../foundation/base/hash.js";
import type { Tensor } from "../../../../../foundation/contracts/tensor.js";
import { graphLengths } from "../../answers-by-length.js";
import { type NetworkAnswers, type NetworkTensors, networkAnswers } from "../../inference.js";
import { VectorCache } from "../../pretrained/vector-cache.js";
import type { EncoderArchitecture } from "./encoder-architecture.js";
import { encodedTexts } from "./encoder-network.js";

const ROWS_AT_ONCE = 16;

/** What the encoder looks at. */
export interface ReadTexts {
  /** Pieces that are read of a text. */
  readonly longest: number;
  /** As `EncoderOptions` say. */
  readonly separator?: number | undefined;
}

type KeyedText = readonly [key: string, ids: Int32Array];

export class TextVectors {
  readonly #architecture: EncoderArchitecture;
  readonly #tensors: NetworkTensors;
  readonly #longest: number;
  readonly #separator: number | undefined;
  readonly #answers = new Map<number, NetworkAnswers>();
  readonly #kept: VectorCache;

  /** @param tensors of the encoder, by the names of `encoder-network` */
  constructor(
    architecture: EncoderArchitecture,
    tensors: NetworkTensors,
    { longest, separator }: ReadTexts,
    kept = new VectorCache(architecture.width),
  ) {
    this.#architecture = architecture;
    this.#tensors = tensors;
    this.#longest = longest;
    this.#separator = separator;
    this.#kept = kept;
  }

  /** Float32 [rows, width] of ids int32 [rows, L]. A row's vector does not depend on the rows beside it. */
  of(tokens: Tensor): Tensor {
    const { width } = this.#architecture;
    const rows = tokens.shape[0]!;
    const texts = Array.from({ length: rows }, (_, row) => this.#textOf(tokens, row));
    const vectors = this.#compute(new Map(texts.filter(([key]) => !this.#kept.get(key))));
    const data = new Float32Array(rows * width);
    for (const [row, [key]] of texts.entries())
      data.set((vectors.get(key) ?? this.#kept.get(key))!, row * width);
    this.#kept.add(vectors);
    return { type: "float32", shape: [rows, width], data };
  }

  #textOf({ shape, data }: Tensor, row: number): KeyedText {
    const whole = shape[1]!;
    const start = row * whole;
    const read = (data as Int32Array).subarray(start, start + Math.min(whole, this.#longest));
    let end = read.length;
    while (end > 0 && read[end - 1] === 0) end--;
    const ids = read.subarray(0, end);
    const key = sha256(new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength));
    return [this.#separator === undefined ? key : `${key}:${this.#separator}`, ids];
  }

  #compute(open: ReadonlyMap<string, Int32Array>): Map<string, Float32Array> {
    const { width } = this.#architecture;
    const lengths = graphLengths(this.#longest);
    const vectors = new Map<string, Float32Array>();
    for (const [k, length] of lengths.entries()) {
      const shorter = k === 0 ? -1 : lengths[k - 1]!;
      const texts = [...open].filter(([, ids]) => ids.length <= length && ids.length > shorter);
      if (texts.length === 0) continue;
      const made = this.#answersFor(length)({ tokens: padded(texts, length) });
      for (const [row, [key]] of texts.entries())
        vectors.set(key, made.slice(row * width, (row + 1) * width));
    }
    return vectors;
  }

  #answersFor(length: number): NetworkAnswers {
    const known = this.#answers.get(length);
    if (known) return known;
    const made = networkAnswers(
      (scope, { tokens }) => encodedTexts(scope, tokens!, this.#architecture, { separator: this.#separator }),
      this.#tensors,
      ROWS_AT_ONCE,
    );
    this.#answers.set(length, made);
    return made;
  }
}

function padded(texts: readonly KeyedText[], length: number): Tensor {
  const data = new Int32Array(texts.length * length);
  for (const [row, [, ids]] of texts.entries()) data.set(ids, row * length);
  return { type: "int32", shape: [texts.length, length], data };
}
