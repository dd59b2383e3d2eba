/** What parameters hold at the beginning of a training. */
import type { Random } from "../../../foundation/base/random.js";
import { elementCount } from "../../../foundation/contracts/tensor.js";

/** Row-major values of a tensor of the given shape, drawn from a stream of its own. */
export type Initializer = (shape: readonly number[], random: Random) => Float32Array;

const drawn =
  (draw: (random: Random) => number): Initializer =>
  (shape, random) =>
    Float32Array.from({ length: elementCount(shape) }, () => draw(random));

export const constantly = (value: number): Initializer => drawn(() => value);
export const zeros = constantly(0);
export const ones = constantly(1);
export const normal = (deviation: number): Initializer => drawn((random) => deviation * random.normal());
export const uniform = (bound: number): Initializer => drawn((random) => bound * (2 * random.uniform() - 1));
/** -1 or 1, equally likely. */
export const signs: Initializer = drawn((random) => (random.uniform() < 0.5 ? -1 : 1));

/** Within 1 / sqrt(inputs), as linear and convolutional layers of PyTorch: weights, and biases of the same layer. */
export const uniformFor = (inputs: number): Initializer => uniform(1 / Math.sqrt(inputs));

/** Keeps the variance of what passes a ReLU (He et al., 2015); `fan` counts the values that enter, or leave, an output. */
export const kaimingNormal = (fan: number): Initializer => normal(Math.sqrt(2 / fan));
