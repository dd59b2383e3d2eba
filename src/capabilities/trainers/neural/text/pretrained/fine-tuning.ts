/** Which weights of a pretrained encoder learn, and how fast. */

import type { Treatment } from "../../blueprint.js";
import type { NetworkTensor, NetworkTensors } from "../../inference.js";
import { isLora, loraDense, loraWeight } from "../../layers/lora.js";
import { headRateFactor } from "../../shared-fields.js";
import type { TextEncoderConfig } from "./config.js";
import type { EncoderArchitecture, ImportedArchitecture } from "./encoder-architecture.js";
import { BLOCK, type EncoderOptions } from "./encoder-network.js";
import { ENCODER } from "./encoder-scores.js";

/** The place of a parameter in the encoder: -1 embeddings, 0 and up blocks; undefined: not of the encoder. */
type BlockOf = (name: string) => number | undefined;

function blocksOf(architecture: EncoderArchitecture): BlockOf {
  if (architecture.family === "imported") return importedBlocks(architecture);
  return (name) => {
    if (!name.startsWith(`${ENCODER}.`)) return undefined;
    const block = new RegExp(`^${ENCODER}\\.${BLOCK}-(\\d+)\\.`).exec(name);
    return block ? Number(block[1]) : -1;
  };
}

/** An export does not say where its blocks end: they are of equal numbers of layers. */
function importedBlocks({ network, layers }: ImportedArchitecture): BlockOf {
  const blocks = network.parameters.map(({ name, layer }): [string, number] => [
    `${ENCODER}.${name}`,
    Math.floor((layer * layers) / network.layers),
  ]);
  const known = new Map(blocks);
  return (name) => known.get(name) ?? (isLora(name) && name.startsWith(`${ENCODER}.`) ? layers : undefined);
}

/** Corrections in all blocks that learn (Hu et al., 2022); none but for LoRA. */
export function corrections(
  {
    tuning,
    rank,
    alpha,
    frozenLayers,
  }: Pick<TextEncoderConfig, "tuning" | "rank" | "alpha" | "frozenLayers">,
  architecture: EncoderArchitecture,
): Pick<EncoderOptions, "linear" | "adapt"> {
  if (tuning !== "lora") return {};
  const blockOf = blocksOf(architecture);
  const learns = (name: string) => (blockOf(name) ?? -1) >= frozenLayers;
  return {
    linear: loraDense({ rank, alpha, adapts: (path) => learns(`${path}.`) }),
    adapt: (scope, weight, { name, shape }) =>
      shape.length === 2 && learns(`${ENCODER}.${name}`)
        ? loraWeight(scope.at(matrixName(name)), weight, { rank, alpha })
        : weight,
  };
}

const matrixName = (name: string): string => name.replace(/\.weight$/, "");

export interface Phase {
  /** By the name of a parameter. */
  readonly treatment: ((name: string) => Treatment | undefined) | undefined;
}

/**
 * Trainings one after the other: one, or with gradual unfreezing (Howard and Ruder, 2018) first of the head alone, then
 * with one block more each.
 */
export function phasesOf(
  config: Pick<TextEncoderConfig, "tuning" | "frozenLayers" | "gradual" | "layerDecay" | "headRate">,
  architecture: EncoderArchitecture,
  learningRate: number,
): Phase[] {
  const { layers } = architecture;
  const blockOf = blocksOf(architecture);
  const head = { rateFactor: headRateFactor(config.headRate, learningRate) };
  if (config.tuning === "lora") {
    return [{ treatment: (name) => (blockOf(name) === undefined ? head : { isFrozen: !isLora(name) }) }];
  }
  const lowest = config.frozenLayers === 0 ? -1 : config.frozenLayers;
  const starts = config.gradual
    ? Array.from({ length: layers - Math.max(0, lowest) + 1 }, (_, phase) => layers - phase)
    : [lowest];
  return starts.map((from) => ({
    treatment(name) {
      const block = blockOf(name);
      if (block === undefined) return head;
      return { isFrozen: block < from, rateFactor: config.layerDecay ** (layers - 1 - block) };
    },
  }));
}

/** Corrections of LoRA added to the weights they correct, so that the exported graph has no more layers than before. */
export function correctedTensors(
  tensors: NetworkTensors,
  { rank, alpha }: Pick<TextEncoderConfig, "rank" | "alpha">,
): NetworkTensors {
  const merged: Record<string, NetworkTensor> = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    if (isLora(name)) continue;
    const base = matrixName(name);
    const [down, up] = [tensors[`${base}.lora.down`], tensors[`${base}.lora.up`]];
    merged[name] = down && up ? corrected(tensor, down, up, alpha / rank) : tensor;
  }
  return merged;
}

function corrected(
  { shape, values }: NetworkTensor,
  down: NetworkTensor,
  up: NetworkTensor,
  scale: number,
): NetworkTensor {
  const [inputs, outputs] = shape as [number, number];
  const rank = down.shape[1]!;
  const sum = values.slice();
  for (let row = 0; row < inputs; row++) {
    for (let k = 0; k < rank; k++) {
      const factor = scale * down.values[row * rank + k]!;
      for (let column = 0; column < outputs; column++) {
        sum[row * outputs + column]! += factor * up.values[k * outputs + column]!;
      }
    }
  }
  return { shape, values: sum };
}
