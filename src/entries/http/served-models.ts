import { QuernError } from "../../foundation/base/errors.js";
import type { ModelPool, ServedModel } from "../../foundation/contracts/serving.js";

/** `name` or `name@version`. @throws QuernError MODEL_NOT_FOUND */
export function findModel(models: ModelPool, reference: string): ServedModel {
  const at = reference.lastIndexOf("@");
  if (at < 0) return models.get(reference);
  return models.get(reference.slice(0, at), parseVersion(reference.slice(at + 1)));
}

/** @throws QuernError MODEL_NOT_FOUND */
export function parseVersion(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new QuernError("MODEL_NOT_FOUND", `${JSON.stringify(text)} is not a version.`, {
    hint: "Versions are 1, 2, 3, …; aliases are resolved when the server starts.",
    details: { version: text },
  });
}
