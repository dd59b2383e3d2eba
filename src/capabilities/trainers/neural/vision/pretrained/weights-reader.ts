import { tensorOf, type Weights } from "../../../../../engines/onnx/index.js";
import { QuernError } from "../../../../../foundation/base/errors.js";
import type { NetworkTensor } from "../../inference.js";

/** Tensors of a file of weights by the names that follow a common prefix (`resnet.`, `model.`, none). */
export class WeightsReader {
  readonly #weights: Weights;
  readonly #prefix: string;
  readonly #place: string;

  /** @param anchor a name that only the wanted architecture has */
  static find(weights: Weights, anchor: string, place: string): WeightsReader | undefined {
    const found = weights.names.find((name) => name === anchor || name.endsWith(`.${anchor}`));
    if (found === undefined) return undefined;
    return new WeightsReader(weights, found.slice(0, -anchor.length), place);
  }

  private constructor(weights: Weights, prefix: string, place: string) {
    this.#weights = weights;
    this.#prefix = prefix;
    this.#place = place;
  }

  has(name: string): boolean {
    return this.#weights.describe(this.#prefix + name) !== undefined;
  }

  /** How many of `name.0`, `name.1`, … there are; each is told by a tensor inside it. */
  count(name: string, inside: string): number {
    let count = 0;
    while (this.has(`${name}.${count}.${inside}`)) count++;
    return count;
  }

  /** @throws QuernError MODEL_REFUSED */
  read(name: string): NetworkTensor {
    if (!this.has(name)) throw this.refused(`it has no tensor ${name}`);
    const { type, shape, data } = tensorOf(this.#weights.read(this.#prefix + name));
    if (type !== "float32") throw this.refused(`${name} holds ${type}`);
    return { shape, values: data };
  }

  refused(why: string): QuernError {
    return new QuernError("MODEL_REFUSED", `The model in ${this.#place} cannot be used: ${why}.`, {
      details: { place: this.#place },
    });
  }
}
