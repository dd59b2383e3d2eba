import type { z } from "zod";
import { QuernError } from "../../foundation/base/errors.js";
import { parseJson } from "./json.js";
import type { BodyReader } from "./route.js";

/** Validated by the schema, for bodies that are small and rare. */
export function bodyOf<T extends z.ZodType>(schema: T): BodyReader<z.infer<T>> {
  return {
    schema,
    read(text) {
      const parsed = schema.safeParse(parseJson(text));
      if (parsed.success) return parsed.data;
      const issue = parsed.error.issues[0]!;
      const field = issue.path.join(".");
      throw new QuernError("REQUEST_INVALID", `${field || "The body"}: ${issue.message}.`, {
        details: { field },
      });
    },
  };
}
