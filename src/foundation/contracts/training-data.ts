/** What every trainer may rely on, so that none has to check it again. */
import { QuernError } from "../base/errors.js";
import { cellWidth } from "./frame.js";
import { targetRows } from "./target.js";
import type { LabelledFrame, TrainerCapabilities } from "./trainer.js";

/**
 * At least one row; as many targets and weights as rows; weights finite, non-negative and not all 0; at least one
 * feature, unless the trainer looks at none. One class or one value alone in the target is fine.
 * @throws QuernError TRAINING_FAILED, which names the trainer and what is missing
 */
export function checkTrainingData(
  { id, capabilities }: { readonly id: string; readonly capabilities: TrainerCapabilities },
  { features, target, weights }: LabelledFrame,
): void {
  const refuse = (reason: string, hint: string, details: Record<string, unknown> = {}): never => {
    throw new QuernError("TRAINING_FAILED", `The trainer ${id} cannot learn: ${reason}.`, {
      hint,
      details: { trainer: id, ...details },
    });
  };
  const { rows } = features;
  if (rows === 0) refuse("there are no training rows", "Give more rows.");
  if (targetRows(target) !== rows || (weights && weights.length !== rows)) {
    throw new Error(`Features, target and weights must have the same number of rows (${rows} features).`);
  }
  const hasFeatures = [...features.columns.values()].some((column) => cellWidth(column) > 0);
  if (capabilities.features !== "none" && !hasFeatures) {
    refuse(
      "there are no features",
      "Give a column besides the target that is not constant, an id or ignored.",
    );
  }
  if (!weights) return;
  const bad = weights.findIndex((weight) => !(weight >= 0 && Number.isFinite(weight)));
  if (bad >= 0)
    refuse(`row ${bad} has the weight ${weights[bad]}`, "Weights must be finite and not negative.", {
      row: bad,
    });
  if (weights.every((weight) => weight === 0)) {
    refuse("every row has the weight 0", "Give some rows a positive weight, or leave the weight column out.");
  }
}
