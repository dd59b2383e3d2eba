import type { z } from "zod";
import { checked } from "./checked.js";
import { parseJson } from "./json.js";
import type { BodyReader } from "./route.js";

/** Validated by the schema, for bodies that are small and rare. */
export function bodyOf<T extends z.ZodType>(schema: T): BodyReader<z.infer<T>> {
  return {
    schema,
    read(text) {
      return checked(schema, parseJson(text));
    },
  };
}
