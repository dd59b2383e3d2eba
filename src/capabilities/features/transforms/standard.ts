import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import { defineElementwise } from "../shared/elementwise.js";
import { finiteValues, isConstant, mean, variance } from "../shared/statistics.js";

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
  precision: "float32",
  parameters: ["center", "scale"],
  fit(values, { center, scale }) {
    const finite = finiteValues(values);
    if (finite.length === 0) return { center: 0, scale: 1 };
    const middle = mean(finite);
    const spread = variance(finite, middle);
    const divides = scale && !isConstant(spread, middle, finite.length);
    return { center: center ? middle : 0, scale: divides ? divisor(Math.sqrt(spread)) : 1 };
  },
  compute: (value, { center, scale }) => Math.fround(Math.fround(value - center) / scale),
  emit: (graph, values, { center, scale }) => graph.op("Div", [graph.op("Sub", [values, center]), scale]),
});

/** A scale that float32 can divide by; 1 where it would vanish. */
export function divisor(scale: number): number {
  return Math.fround(scale) > 0 && Number.isFinite(scale) ? scale : 1;
}
