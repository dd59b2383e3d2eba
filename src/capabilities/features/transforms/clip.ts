import { z } from "zod";
import { quantileOfSorted } from "../../../foundation/base/statistics.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { defineElementwise } from "../shared/elementwise.js";
import { where } from "../shared/emission.js";
import { sortedFinite } from "../shared/statistics.js";

const config = z.strictObject({
  lowerQuantile: z.number().min(0).max(1).default(0).register(fields, {
    title: "Lower quantile",
    help: "Values below this quantile of training are raised.",
  }),
  upperQuantile: z.number().min(0).max(1).default(1).register(fields, {
    title: "Upper quantile",
    help: "Values above this quantile of training are lowered.",
  }),
  low: z.number().nullable().default(null).register(fields, {
    title: "Lowest value",
    help: "A fixed bound instead of the lower quantile.",
  }),
  high: z.number().nullable().default(null).register(fields, {
    title: "Highest value",
    help: "A fixed bound instead of the upper quantile.",
  }),
});

/** Keeps values within bounds; infinities become the bounds, NaN stays. */
export const clip = defineElementwise({
  id: "clip",
  version: 1,
  summary: "Keeps values within bounds, by default the range seen in training.",
  config,
  precision: "float32",
  parameters: ["low", "high"],
  fit(values, { lowerQuantile, upperQuantile, low, high }) {
    const sorted = low === null || high === null ? sortedFinite(values) : new Float64Array();
    const least = low ?? quantileOfSorted(sorted, lowerQuantile);
    const most = high ?? quantileOfSorted(sorted, upperQuantile);
    if (Number.isNaN(least) || Number.isNaN(most)) {
      return { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
    }
    return { low: Math.min(least, most), high: Math.max(least, most) };
  },
  compute: (value, { low, high }) => Math.max(low, Math.min(high, value)),
  emit(graph, values, { low, high }) {
    const raised = where(graph, graph.op("Less", [values, low]), low, values);
    return where(graph, graph.op("Greater", [raised, high]), high, raised);
  },
});
