/** Pictures as the features of a network that does not learn: computed once for each picture. */
import { sha256 } from "../../../../../foundation/base/hash.js";
import type { Tensor } from "../../../../../foundation/contracts/tensor.js";
import { type NetworkAnswers, type NetworkTensors, networkAnswers, takeRange } from "../../inference.js";
import type { VectorCache } from "../../pretrained/vector-cache.js";
import { pictureFeatures } from "./encoder-scores.js";
import type { BackboneArchitecture } from "./read-backbone.js";

/** A multiple of 16: the channels of a picture take much memory. */
export const PICTURES_AT_ONCE = 16;

export class PictureVectors {
  readonly #architecture: BackboneArchitecture;
  readonly #tensors: NetworkTensors;
  readonly #cache: VectorCache;
  readonly #answers = new Map<string, NetworkAnswers>();

  /** @param tensors of the network, by the names of its file */
  constructor(architecture: BackboneArchitecture, tensors: NetworkTensors, cache: VectorCache) {
    this.#architecture = architecture;
    this.#tensors = tensors;
    this.#cache = cache;
  }

  /** Float32 [rows, width] of pictures uint8 [rows, H, W, C]. A row's vector does not depend on the rows beside it. */
  of(pictures: Tensor): Tensor {
    const { width } = this.#architecture;
    const rows = pictures.shape[0]!;
    const data = new Float32Array(rows * width);
    const keys = Array.from({ length: rows }, (_, row) => keyOf(takeRange(pictures, row, row + 1)));
    const open = new Map(keys.map((key, row) => [key, row]));
    for (const key of open.keys()) if (this.#cache.get(key)) open.delete(key);
    const made = this.#compute(pictures, open);
    for (const [row, key] of keys.entries()) data.set((made.get(key) ?? this.#cache.get(key))!, row * width);
    this.#cache.add(made);
    return { type: "float32", shape: [rows, width], data };
  }

  #compute(pictures: Tensor, open: ReadonlyMap<string, number>): Map<string, Float32Array> {
    const { width } = this.#architecture;
    const made = new Map<string, Float32Array>();
    if (open.size === 0) return made;
    const answers = this.#answersFor(pictures.shape)({ pictures: chosenRows(pictures, [...open.values()]) });
    for (const [row, key] of [...open.keys()].entries()) {
      made.set(key, answers.slice(row * width, (row + 1) * width));
    }
    return made;
  }

  #answersFor(shape: readonly number[]): NetworkAnswers {
    const key = shape.slice(1).join();
    const known = this.#answers.get(key);
    if (known) return known;
    const made = networkAnswers(
      (scope, { pictures }) => pictureFeatures(scope, this.#architecture, pictures!),
      this.#tensors,
      PICTURES_AT_ONCE,
    );
    this.#answers.set(key, made);
    return made;
  }
}

const keyOf = ({ shape, data }: Tensor): string =>
  `${shape.slice(1).join("x")} ${sha256(data as Uint8Array)}`;

function chosenRows({ shape, data }: Tensor, rows: readonly number[]): Tensor {
  const length = shape.slice(1).reduce((product, size) => product * size, 1);
  const chosen = new Uint8Array(rows.length * length);
  for (const [at, row] of rows.entries()) {
    chosen.set((data as Uint8Array).subarray(row * length, (row + 1) * length), at * length);
  }
  return { type: "uint8", shape: [rows.length, ...shape.slice(1)], data: chosen };
}
