import { z } from "zod";
import { finiteValues } from "../../../foundation/base/gather.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { defineElementwise } from "../shared/elementwise.js";
import { isConstant, mean, variance } from "../shared/statistics.js";

const config = z.strictObject({
  center: z.boolean().default(true).register(fields, { title: "Centre", help: "Subtract the mean." }),
  scale: z
    .boolean()
    .default(true)
    .register(fields, { title: "Scale", help: "Divide by the standard deviation; constant columns stay." }),
});

/** (x - mean) / standard deviation (population). */
export const standard = defineElementwise({
  id: "standard",
  version: 1,
  summary: "Subtracts the mean and divides by the standard deviation.",
  config,
  precision: "float64",
  parameters: ["center", "scale"],
  fit(values, { center, scale }) {
    const finite = finiteValues(values);
    if (finite.length === 0) return { center: 0, scale: 1 };
    const middle = mean(finite);
    const spread = variance(finite, middle);
    const divides = scale && !isConstant(spread, middle, finite.length);
    return { center: center ? middle : 0, scale: divides ? Math.sqrt(spread) : 1 };
  },
  compute: (value, { center, scale }) => (value - center) / scale,
  emit: (graph, values, { center, scale }) => graph.op("Div", [graph.op("Sub", [values, center]), scale]),
});
