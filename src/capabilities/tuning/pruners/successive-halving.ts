import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import { definePruner, type PrunerRequest } from "../../../foundation/contracts/pruner.js";
import { firstReportFrom } from "./reports.js";

export const minStepsField = () =>
  z
    .number()
    .int()
    .min(1)
    .default(1)
    .register(fields, { title: "Steps before the first decision", unit: "steps" });
export const reductionField = () =>
  z.number().int().min(2).max(100).default(3).register(fields, {
    title: "One in how many goes on",
    help: "Also how many times further the next decision is.",
  });

/**
 * Whether a trial that has just reached a rung (`minSteps * reduction^k` steps) is not among the best 1 in `reduction`
 * of all that reached it; the best of the first few goes on in any case.
 */
export function stopsAtRung(
  { trial, peers }: Pick<PrunerRequest, "trial" | "peers">,
  minSteps: number,
  reduction: number,
): boolean {
  const last = trial.steps.at(-1);
  if (!last) return false;
  for (let rung = minSteps; rung <= last.step; rung *= reduction) {
    // A rung passed at an earlier report was decided then.
    if (firstReportFrom(trial.steps, rung) !== last) continue;
    if (Number.isNaN(last.value)) return true;
    const values = peers.flatMap(({ steps }) => firstReportFrom(steps, rung)?.value ?? []);
    const better = values.filter((value) => value < last.value).length;
    const places = Math.max(1, Math.floor((values.length + 1) / reduction));
    if (better >= places) return true;
  }
  return false;
}

/** ASHA: Li et al., "A system for massively parallel hyperparameter tuning", MLSys 2020; stopping variant. */
export const successiveHalvingPruner = definePruner({
  id: "successive-halving",
  version: 1,
  summary: "At 1, 3, 9, ... steps only the best third goes on (ASHA).",
  config: z.strictObject({ minSteps: minStepsField(), reduction: reductionField() }),
  prune: (request) => stopsAtRung(request, request.config.minSteps, request.config.reduction),
});
