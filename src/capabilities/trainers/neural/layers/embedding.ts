import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import { type Initializer, normal } from "../initializers.js";
import type { Scope } from "../scope.js";
import { lastSize, sizeAt } from "./sizes.js";

export interface EmbeddingOptions {
  /** Different ids: 0 to this - 1. */
  readonly vocabulary: number;
  readonly width: number;
  /** Default: normal with deviation 1, as PyTorch. */
  readonly initial?: Initializer;
}

/** A vector for each id: int32 or int64 [...] to [..., width]. Parameter: `weight` [vocabulary, width]. */
export function embedding(
  scope: Scope,
  ids: GraphValue,
  { vocabulary, width, initial = normal(1) }: EmbeddingOptions,
): GraphValue {
  const weight = scope.parameter("weight", [vocabulary, width], initial, { decayFactor: 0 });
  return scope.x.gather(weight, ids);
}

/**
 * Scores of all ids by the weights of the embedding (Press and Wolf, 2017): [..., width] to [..., vocabulary].
 * @param scope that of the embedding
 */
export function tiedScores(
  scope: Scope,
  value: GraphValue,
  { vocabulary, width, initial = normal(1) }: EmbeddingOptions,
): GraphValue {
  const weight = scope.parameter("weight", [vocabulary, width], initial, { decayFactor: 0 });
  return scope.x.matmul(value, scope.x.transpose(weight, [1, 0]));
}

/**
 * Adds a learned vector for each place: [N, T, width] (Devlin et al., 2019). Parameter: `weight` [places, width], of which
 * the first T are used.
 */
export function learnedPositions(scope: Scope, value: GraphValue, places = sizeAt(value, 1)): GraphValue {
  const { x } = scope;
  const [length, width] = [sizeAt(value, 1), lastSize(value)];
  const weight = scope.parameter("weight", [places, width], normal(0.02), { decayFactor: 0 });
  return x.add(value, length === places ? weight : x.split(weight, [length, places - length], 0)[0]!);
}

/** Adds sines and cosines of each place: [N, T, width], even width (Vaswani et al., 2017). */
export function sinusoidalPositions(scope: Scope, value: GraphValue): GraphValue {
  const [length, width] = [sizeAt(value, 1), lastSize(value)];
  const values = Float32Array.from({ length: length * width }, (_, index) => {
    const [place, k] = [Math.floor(index / width), index % width];
    const angle = place / 10_000 ** ((k - (k % 2)) / width);
    return k % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  });
  return scope.x.add(value, scope.x.graph.constant("float32", [length, width], values));
}

/**
 * Turns pairs of features by angles that grow with the place, so that products of two places depend on their distance
 * (Su et al., 2021): [..., T, d], even d; features k and k + d/2 are a pair, as in Llama.
 */
export function rotatePositions(scope: Scope, value: GraphValue, base = 10_000): GraphValue {
  const { x } = scope;
  const [length, width] = [sizeAt(value, -2), lastSize(value)];
  const half = width / 2;
  const table = (wave: (angle: number) => number) =>
    x.graph.constant(
      "float32",
      [length, half],
      Float32Array.from({ length: length * half }, (_, index) =>
        wave(Math.floor(index / half) / base ** ((2 * (index % half)) / width)),
      ),
    );
  const [cosine, sine] = [table(Math.cos), table(Math.sin)];
  const [first, second] = x.split(value, [half, half], value.shape.length - 1);
  return x.concat(
    [x.sub(x.mul(first!, cosine), x.mul(second!, sine)), x.add(x.mul(second!, cosine), x.mul(first!, sine))],
    -1,
  );
}
