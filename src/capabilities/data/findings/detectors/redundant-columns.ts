import { z } from "zod";
import { defineDetector } from "../../../../foundation/contracts/detector.js";
import { fields } from "../../../../foundation/contracts/extension.js";
import { featureColumns } from "../columns.js";
import { quote } from "../wording.js";

export const redundantColumns = defineDetector({
  id: "redundant-column",
  version: 1,
  summary: "Columns that say the same as another",
  config: z.strictObject({
    correlation: z
      .number()
      .min(0.9)
      .max(1)
      .default(0.9995)
      .register(fields, { title: "Correlation from which two columns say the same" }),
  }),
  detect(input, { correlation: limit }) {
    const names = new Set(featureColumns(input).map(({ profile }) => profile.name));
    return input.profile.correlations
      .filter(
        ({ first, second, measure }) =>
          names.has(first) && names.has(second) && measure !== "correlation-ratio",
      )
      .filter(({ value }) => Math.abs(value) >= limit)
      .map(({ first, second, measure, value }) => ({
        id: "redundant-column",
        severity: "info" as const,
        column: second,
        message: `Column ${quote(second)} says the same as ${quote(first)} (${measure} ${value.toFixed(4)}); importances will be shared between them.`,
        evidence: { other: first, measure, value },
        fix: { state: "proposed" as const, action: "Keep one of the two; predictions stay the same." },
      }));
  },
});
