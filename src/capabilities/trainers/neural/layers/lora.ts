import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import { uniformFor, zeros } from "../initializers.js";
import type { Scope } from "../scope.js";
import { type DenseLayer, dense } from "./dense.js";
import { lastSize } from "./sizes.js";

export interface LoraOptions {
  readonly rank: number;
  /** The correction is scaled by alpha / rank. */
  readonly alpha: number;
  /** Of the value that the correction sees; default 0. */
  readonly dropout?: number;
  /** Whether a layer gets one, by its path. */
  readonly adapts: (path: string) => boolean;
}

const PART = "lora";

/**
 * The same for a matrix wherever it is used: [rows, columns] plus a correction of low rank. Dearer than `loraDense`, since the
 * gradient of the whole matrix is computed on the way. Parts of the name: `lora.down`, `lora.up`.
 */
export function loraWeight(
  scope: Scope,
  weight: GraphValue,
  { rank, alpha }: Pick<LoraOptions, "rank" | "alpha">,
): GraphValue {
  const [rows, columns] = weight.shape as readonly [number, number];
  const part = scope.at(PART);
  const down = part.parameter("down", [rows, rank], uniformFor(rows));
  const up = part.parameter("up", [rank, columns], zeros);
  return scope.x.add(weight, scope.x.mul(scope.x.matmul(down, up), alpha / rank));
}

/**
 * Linear layers beside which a correction of low rank is learned (Hu et al., 2022), 0 at first. Parameters beside those of
 * `dense`: `lora.down` [in, rank], `lora.up` [rank, out]. Freeze the others: `({ isFrozen: !isLora(name) })`.
 */
export function loraDense({ rank, alpha, dropout = 0, adapts }: LoraOptions): DenseLayer {
  return (scope, value, outputs, options) => {
    const given = dense(scope, value, outputs, options);
    if (!adapts(scope.path)) return given;
    const { x } = scope;
    const part: Scope = scope.at(PART);
    const down = part.parameter("down", [lastSize(value), rank], uniformFor(lastSize(value)));
    const up = part.parameter("up", [rank, outputs], zeros);
    const seen: GraphValue = part.dropout(value, dropout);
    // Scaled where it is narrow, so that the runtime makes one product with a sum of the rest.
    return x.add(given, x.matmul(x.mul(x.matmul(seen, down), alpha / rank), up));
  };
}

/** Whether the parameter belongs to a correction. */
export function isLora(name: string): boolean {
  return name.split(".").includes(PART);
}
