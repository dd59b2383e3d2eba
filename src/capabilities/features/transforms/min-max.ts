import { z } from "zod";
import { finiteValues } from "../../../foundation/base/gather.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { defineElementwise } from "../shared/elementwise.js";
import { where } from "../shared/emission.js";

const config = z.strictObject({
  low: z.number().default(0).register(fields, { title: "Low", help: "Result for the smallest value." }),
  high: z.number().default(1).register(fields, { title: "High", help: "Result for the largest value." }),
  clip: z.boolean().default(false).register(fields, {
    title: "Clip",
    help: "Keep later values outside the training range within the bounds.",
  }),
});

/** Maps the range of the training rows onto [low, high]. */
export const minMax = defineElementwise({
  id: "min-max",
  version: 1,
  summary: "Maps the range seen in training onto an interval, [0, 1] by default.",
  config,
  precision: "float64",
  parameters: ["scale", "shift", "low", "high"],
  fit(values, { low, high, clip }) {
    const finite = finiteValues(values);
    let least = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    for (const value of finite) {
      if (value < least) least = value;
      if (value > most) most = value;
    }
    if (finite.length === 0) least = most = 0;
    const range = most - least;
    const scale = (high - low) / (range < 10 * Number.EPSILON ? 1 : range);
    return {
      scale,
      shift: low - least * scale,
      low: clip ? Math.min(low, high) : Number.NEGATIVE_INFINITY,
      high: clip ? Math.max(low, high) : Number.POSITIVE_INFINITY,
    };
  },
  compute: (value, { scale, shift, low, high }) => Math.max(low, Math.min(high, value * scale + shift)),
  emit(graph, values, { scale, shift, low, high }) {
    const result = graph.op("Add", [graph.op("Mul", [values, scale]), shift]);
    const raised = where(graph, graph.op("Less", [result, low]), low, result);
    return where(graph, graph.op("Greater", [raised, high]), high, raised);
  },
});
