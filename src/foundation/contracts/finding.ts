import { z } from "zod";

export const SEVERITIES = ["critical", "warning", "info"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Something a person should know about the data, with the evidence and what was or could be done. */
export const findingSchema = z.strictObject({
  /** The finder that found it: `duplicate-rows`, `target-leak`, … */
  id: z.string(),
  /**
   * `critical`: figures measured on this data would mislead. `warning`: look before training.
   * `info`: worth knowing, handled without you.
   */
  severity: z.enum(SEVERITIES),
  column: z.string().optional(),
  /** One or two sentences: what is so, and why it matters. */
  message: z.string(),
  /** Numbers and examples that show it: { rows: 12, share: 0.03, examples: [...] }. */
  evidence: z.record(z.string(), z.unknown()),
  fix: z.strictObject({
    /** `applied` to the training data, `proposed` to the user, `none` where nothing need be done. */
    state: z.enum(["applied", "proposed", "none"]),
    /** Empty where the message says it. */
    action: z.string(),
  }),
});
export type Finding = z.infer<typeof findingSchema>;
