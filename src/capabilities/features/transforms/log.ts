import { z } from "zod";
import { defineElementwise } from "../shared/elementwise.js";

/** sign(x) * log(1 + |x|): a logarithm for columns that may hold zero and negative numbers. */
export const log = defineElementwise({
  id: "log",
  version: 1,
  summary: "Signed logarithm, sign(x) * log(1 + |x|).",
  config: z.strictObject({}),
  precision: "float64",
  parameters: [],
  fit: () => ({}),
  compute: (value) => Math.sign(value) * Math.log(1 + Math.abs(value)),
  emit(graph, values) {
    const one = graph.scalar(1, "float64");
    const magnitude = graph.op("Log", [graph.op("Add", [graph.op("Abs", [values]), one])]);
    return graph.op("Mul", [graph.op("Sign", [values]), magnitude]);
  },
});
