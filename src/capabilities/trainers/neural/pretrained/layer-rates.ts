import type { Treatment } from "../blueprint.js";
import { headRateFactor } from "../shared-fields.js";
import type { ImportedNetwork } from "./imported-network.js";

export interface LayerRates {
  /** Of all parameters of the network, as the scope knows them: before their own name. */
  readonly prefix: string;
  /** Layers from above that learn; absent: all, and the tables below them. */
  readonly last?: number;
  /** Times the learning rate: of the lowest layer; the top has 1, those between lie on a geometric line. */
  readonly lowestRate: number;
  /** Learning rate of what is new; null: as `headRateFactor` has it. */
  readonly headRate: number | null;
}

/** How the parameters of a network with a new head are treated (Howard and Ruder, 2018: discriminative fine-tuning). */
export function layerRates(
  { parameters, layers }: ImportedNetwork,
  { prefix, last, lowestRate, headRate }: LayerRates,
  learningRate: number,
): (name: string) => Treatment {
  const layerOf = new Map(parameters.map(({ name, layer }) => [`${prefix}${name}`, layer]));
  const head = { rateFactor: headRateFactor(headRate, learningRate) };
  const lowest = last === undefined ? -1 : layers - last;
  return (name) => {
    const layer = layerOf.get(name);
    if (layer === undefined) return head;
    const height = layers > 1 ? Math.max(0, layer) / (layers - 1) : 1;
    return { isFrozen: layer < lowest, rateFactor: lowestRate ** (1 - height) };
  };
}
