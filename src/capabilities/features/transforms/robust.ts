import { z } from "zod";
import { quantileOfSorted } from "../../../foundation/base/statistics.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { defineElementwise } from "../shared/elementwise.js";
import { sortedFinite } from "../shared/statistics.js";

const config = z.strictObject({
  lowerQuantile: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.25)
    .register(fields, { title: "Lower quantile", help: "The range is measured from here." }),
  upperQuantile: z
    .number()
    .min(0.5)
    .max(1)
    .default(0.75)
    .register(fields, { title: "Upper quantile", help: "The range is measured up to here." }),
});

/** (x - median) / (upper quantile - lower quantile). */
export const robust = defineElementwise({
  id: "robust",
  version: 1,
  summary: "Subtracts the median and divides by the interquartile range; outliers have little say.",
  config,
  precision: "float64",
  parameters: ["center", "scale"],
  fit(values, { lowerQuantile, upperQuantile }) {
    const sorted = sortedFinite(values);
    if (sorted.length === 0) return { center: 0, scale: 1 };
    const range = quantileOfSorted(sorted, upperQuantile) - quantileOfSorted(sorted, lowerQuantile);
    // Like scikit-learn: a range of rounding noise counts as none.
    return { center: quantileOfSorted(sorted, 0.5), scale: range < 10 * Number.EPSILON ? 1 : range };
  },
  compute: (value, { center, scale }) => (value - center) / scale,
  emit: (graph, values, { center, scale }) => graph.op("Div", [graph.op("Sub", [values, center]), scale]),
});
