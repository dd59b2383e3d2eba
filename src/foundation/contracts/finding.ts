import { z } from "zod";

/** Something a person should know about the data, with the evidence and what was or could be done. */
export const findingSchema = z.strictObject({
  /** The rule that found it: `duplicate-rows`, `target-leak`, … */
  id: z.string(),
  severity: z.enum(["info", "warning", "critical"]),
  column: z.string().optional(),
  message: z.string(),
  /** Numbers and examples that show it: { rows: 12, share: 0.03, examples: [...] }. */
  evidence: z.record(z.string(), z.unknown()),
  fix: z.strictObject({
    /** `applied` to the training data, or `proposed` to the user. */
    state: z.enum(["applied", "proposed", "none"]),
    action: z.string(),
  }),
});
export type Finding = z.infer<typeof findingSchema>;
