import { z } from "zod";
import { fields } from "../../foundation/contracts/extension.js";

/** Flags that every verb has. */
export const commonOptions = {
  json: z
    .boolean()
    .default(false)
    .register(fields, { title: "Print exactly one JSON document on standard output" }),
  quiet: z.boolean().default(false).register(fields, { title: "No progress on standard error" }),
  store: z
    .string()
    .optional()
    .register(fields, { title: "Store folder", help: "Default: .quern beside quern.yaml, or QUERN_HOME." }),
};

export const workOptions = {
  threads: z.coerce
    .number()
    .int()
    .min(1)
    .max(256)
    .optional()
    .register(fields, { title: "Threads", help: "Default: all cores." }),
};
