import type { WorstRowsQuestion } from "../../capabilities/evaluation/saliency/explain-worst.js";
import { openActivationMaps } from "../../capabilities/trainers/neural/vision/class-activation.js";
import type { Manifest } from "../../foundation/contracts/bundle.js";
import { columnOf, type Frame } from "../../foundation/contracts/frame.js";
import { hasImages } from "../../foundation/contracts/image-cells.js";
import { OUTPUT_TENSORS } from "../../foundation/contracts/model-graph.js";
import { encodeFrameColumn } from "../../foundation/contracts/row-encoding.js";

export interface Activations {
  readonly ask: NonNullable<WorstRowsQuestion["activations"]>;
  close(): Promise<void>;
}

/**
 * Grad-CAM of an exported model; undefined for models without pictures, without gradients, and for those whose graph takes
 * what host transforms make.
 */
export async function openActivations(
  model: Uint8Array,
  manifest: Manifest,
  threads: number,
): Promise<Activations | undefined> {
  const { graphInputs, hostTransforms, outputs } = manifest;
  if (!hasImages(manifest) || hostTransforms.length > 0) return undefined;
  const scores = outputs.kind === "classes" ? OUTPUT_TENSORS.probabilities : OUTPUT_TENSORS.prediction;
  const maps = await openActivationMaps(model, { scores, threads });
  if (!maps) return undefined;
  return {
    async ask(row: Frame, chosen: number) {
      const inputs = graphInputs.map(({ tensor, column: name, kind, type }) => {
        const precision = type === "float64" ? type : undefined;
        return [tensor, encodeFrameColumn({ name, kind, precision }, columnOf(row, name))] as const;
      });
      const found = await maps.of(Object.fromEntries(inputs), chosen);
      return new Map(
        graphInputs.flatMap(({ tensor, column }) => {
          const grids = found.get(tensor);
          return grids ? [[column, grids] as const] : [];
        }),
      );
    },
    close: () => maps.close(),
  };
}
