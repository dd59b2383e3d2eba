import { QuernError } from "../../foundation/base/errors.js";

/** Numbers that JSON cannot write (NaN, infinities) become null. */
export const toJson = (value: unknown): string => JSON.stringify(value);

/** @throws QuernError STORE_DAMAGED naming the record. Lists read no documents, so one bad record hides no other. */
export function fromJson<T>(text: string, record: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new QuernError("STORE_DAMAGED", `The document of ${record} is not JSON.`, {
      details: { record },
      cause,
    });
  }
}
