import type { z } from "zod";
import { QuernError } from "../../foundation/base/errors.js";

/**
 * What a caller sent, as its schema reads it.
 * @param whole what is at fault where no field is
 * @throws QuernError REQUEST_INVALID naming the first field at fault
 */
export function checked<T extends z.ZodType>(schema: T, value: unknown, whole = "The body"): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const field = issue.path.join(".");
  throw new QuernError("REQUEST_INVALID", `${field || whole}: ${issue.message}.`, { details: { field } });
}
