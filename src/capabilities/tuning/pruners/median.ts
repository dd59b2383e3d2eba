import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import { definePruner } from "../../../foundation/contracts/pruner.js";
import { bestReport, completed, quantile, reportAt, startupField } from "./reports.js";

/**
 * Golovin et al., "Google Vizier", KDD 2017, section 3.2: stops a trial whose best report so far is worse than the
 * median of what completed trials reported at the same step.
 */
export const medianPruner = definePruner({
  id: "median",
  version: 1,
  summary: "Stops a trial that is worse than half of the completed ones were at the same point.",
  config: z.strictObject({
    startup: startupField(5),
    warmup: z
      .number()
      .int()
      .min(0)
      .default(0)
      .register(fields, { title: "Steps every trial may make", unit: "steps" }),
    interval: z
      .number()
      .int()
      .min(1)
      .default(1)
      .register(fields, { title: "Steps between decisions", unit: "steps" }),
  }),
  prune({ trial, peers, config }) {
    const last = trial.steps.at(-1);
    const done = completed(peers);
    if (!last || done.length < config.startup || last.step < Math.max(1, config.warmup)) return false;
    const due = Math.floor((last.step - config.warmup) / config.interval) * config.interval + config.warmup;
    const before = trial.steps.at(-2)?.step ?? 0;
    if (before >= Math.max(1, due)) return false;
    const best = bestReport(trial.steps);
    if (Number.isNaN(best)) return true;
    const values = done.flatMap(({ steps }) => reportAt(steps, last.step) ?? []);
    // NaN, where nobody reported at this step, compares as false.
    return best > quantile(values, 0.5);
  },
});
